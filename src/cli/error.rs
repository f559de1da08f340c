//! [`CliError`]: what a person sees when a command cannot be done.

use std::{error::Error, io};

use super::exit::ExitStatus;
use crate::{
    client::{Cause, ClientError},
    config::context::ContextError,
    proto::problem::FieldError,
};

/// Why a command ended early.
#[derive(Debug)]
pub enum CliError {
    /// Whoever read the output closed it, as `head` does: an end, not a failure.
    ReaderGone,
    /// A failure to be told.
    Failure(Box<Failure>),
}

/// A failure: what was tried and why it failed, what can be done, and the exit status.
#[derive(Debug)]
pub struct Failure {
    /// How the program ends.
    pub status: ExitStatus,
    /// What failed; its sources are the reasons.
    pub error: Cause,
    /// Fields that the server did not like.
    pub fields: Vec<FieldError>,
    /// The server's name for the request; quoted when asking for help.
    pub request_id: Option<String>,
    /// What to do about it, in words that can be typed.
    pub hint: Option<String>,
}

impl CliError {
    /// A failure in one sentence.
    pub fn new(status: ExitStatus, error: impl Into<Cause>) -> Self {
        Self::Failure(Box::new(Failure {
            status,
            error: error.into(),
            fields: Vec::new(),
            request_id: None,
            hint: None,
        }))
    }

    /// A command line that cannot be meant.
    pub fn usage(message: impl Into<String>) -> Self {
        Self::new(ExitStatus::Usage, message.into())
    }

    /// Adds what can be done about it.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        if let Self::Failure(failure) = &mut self {
            failure.hint = Some(hint.into());
        }
        self
    }

    /// Takes the hint away, where the person is just doing what it says.
    #[must_use]
    pub fn without_hint(mut self) -> Self {
        if let Self::Failure(failure) = &mut self {
            failure.hint = None;
        }
        self
    }

    /// How the program ends.
    #[must_use]
    pub fn status(&self) -> ExitStatus {
        match self {
            Self::ReaderGone => ExitStatus::Done,
            Self::Failure(failure) => failure.status,
        }
    }

    /// What went wrong in writing the output.
    pub(crate) fn output(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Self::ReaderGone,
            _ => Self::new(ExitStatus::Failed, Told { what: "cannot write the output", cause: error.into() }),
        }
    }

    /// What went wrong in reading from a person or a pipe.
    pub(crate) fn input(error: io::Error) -> Self {
        Self::new(ExitStatus::Failed, Told { what: "cannot read the input", cause: error.into() })
    }
}

impl From<ClientError> for CliError {
    fn from(error: ClientError) -> Self {
        let status = match &error {
            ClientError::Address | ClientError::Token | ClientError::Name { .. } => ExitStatus::Usage,
            ClientError::Unreachable { .. } | ClientError::Broken { .. } => ExitStatus::Unreachable,
            ClientError::TimedOut { .. } => ExitStatus::TimedOut,
            ClientError::Problem(problem) => ExitStatus::of_http(problem.status),
            ClientError::Setup { .. } | ClientError::Protocol { .. } => ExitStatus::Failed,
        };
        let hint = match &error {
            ClientError::Unreachable { .. } => {
                Some("name another with --server URL, or sign in to another with: worpen login URL")
            }
            ClientError::Problem(problem) if problem.status == 401 => Some("sign in with: worpen login"),
            ClientError::Protocol { .. } => {
                Some("check the address, and compare `worpen --version` here and there")
            }
            _ => None,
        };
        let (fields, request_id) = match &error {
            ClientError::Problem(problem) => {
                // A server that says it all in one sentence need not be heard twice.
                let unsaid = problem.errors.iter().filter(|field| !problem.detail.contains(&field.detail));
                (unsaid.cloned().collect(), Some(problem.request_id.clone()).filter(|id| !id.is_empty()))
            }
            _ => (Vec::new(), None),
        };
        let hint = hint.map(str::to_owned);
        Self::Failure(Box::new(Failure { status, error: error.into(), fields, request_id, hint }))
    }
}

impl From<ContextError> for CliError {
    fn from(error: ContextError) -> Self {
        let hint = match &error {
            ContextError::NoServer => Some("sign in with: worpen login https://SERVER"),
            _ => None,
        };
        let status = match &error {
            ContextError::Read { .. } | ContextError::Write { .. } => ExitStatus::Failed,
            ContextError::Taken { .. } => ExitStatus::Conflict,
            _ => ExitStatus::Usage,
        };
        let failure = Self::new(status, error);
        match hint {
            Some(hint) => failure.hint(hint),
            None => failure,
        }
    }
}

/// A sentence with its reason beneath.
#[derive(Debug, thiserror::Error)]
#[error("{what}")]
struct Told {
    what: &'static str,
    #[source]
    cause: Cause,
}

impl Failure {
    /// The error and each of its reasons, outermost first.
    pub(crate) fn chain(&self) -> impl Iterator<Item = String> {
        let outermost: &(dyn Error + 'static) = self.error.as_ref();
        std::iter::successors(Some(outermost), |&error| error.source()).map(ToString::to_string)
    }
}
