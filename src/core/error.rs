//! What can go wrong in the rules, by kind; the edges turn it into a problem body or an exit code.

use std::fmt;

use super::change::CommitError;
use super::port::StoreError;
use crate::proto::problem::FieldError;

/// A failure with the words for whoever asked.
#[derive(Debug)]
pub enum Error {
    /// The request itself is wrong, field by field.
    Invalid(Vec<FieldError>),
    /// Nobody is signed in, or the proof does not hold.
    Unauthenticated(String),
    /// The caller may not do this.
    Forbidden(String),
    /// There is no such thing.
    NotFound {
        /// `agent`, `container` ...
        noun: &'static str,
        /// What was asked for.
        name: String,
    },
    /// The state forbids it; `code` is stable.
    Conflict {
        /// A stable, machine-readable name.
        code: &'static str,
        /// What is in the way, and the cure.
        detail: String,
    },
    /// A well-formed request that contradicts an earlier one.
    Unprocessable {
        /// A stable, machine-readable name.
        code: &'static str,
        /// The contradiction.
        detail: String,
    },
    /// A node cannot be asked just now; `code` is stable, the words are for the caller.
    Absent {
        /// A stable, machine-readable name.
        code: &'static str,
        /// Who is not there, and what to do.
        detail: String,
    },
    /// A node did not answer in time; `code` is stable, the words are for the caller.
    Late {
        /// A stable, machine-readable name.
        code: &'static str,
        /// Who was silent, and for how long.
        detail: String,
    },
    /// A node answered what cannot be passed on; `code` is stable, the words are for the caller.
    Garbled {
        /// A stable, machine-readable name.
        code: &'static str,
        /// Whose answer, and what to do.
        detail: String,
    },
    /// Too much was asked in too short a time.
    TooMany {
        /// What there is too much of, and the cure.
        detail: String,
        /// Whole seconds after which the same is let through.
        retry_after_s: u64,
    },
    /// The disk is full; the words are for the caller.
    Full {
        /// Which disk, what is missing, and what to do.
        detail: String,
    },
    /// The store or another part cannot serve just now.
    Unavailable(String),
    /// A defect or a broken store; the detail is for the log only.
    Internal(String),
}

impl Error {
    /// One wrong field: a JSON pointer without the slash, and what was expected.
    #[must_use]
    pub fn field(name: &str, detail: impl Into<String>) -> Self {
        Self::Invalid(vec![FieldError { pointer: format!("/{name}"), detail: detail.into() }])
    }

    /// There is no `noun` called `name`.
    #[must_use]
    pub fn not_found(noun: &'static str, name: impl fmt::Display) -> Self {
        Self::NotFound { noun, name: name.to_string() }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Invalid(fields) => {
                let words: Vec<String> =
                    fields.iter().map(|field| format!("{}: {}", field.pointer, field.detail)).collect();
                f.write_str(&words.join("; "))
            }
            Self::NotFound { noun, name } => write!(f, "there is no {noun} '{name}'"),
            Self::Conflict { detail, .. }
            | Self::Unprocessable { detail, .. }
            | Self::Absent { detail, .. }
            | Self::Late { detail, .. }
            | Self::Garbled { detail, .. }
            | Self::TooMany { detail, .. }
            | Self::Full { detail } => f.write_str(detail),
            Self::Unauthenticated(detail)
            | Self::Forbidden(detail)
            | Self::Unavailable(detail)
            | Self::Internal(detail) => f.write_str(detail),
        }
    }
}

impl std::error::Error for Error {}

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Unavailable(detail) => Self::Unavailable(detail),
            StoreError::Corrupt(detail) => Self::Internal(detail),
        }
    }
}

impl From<CommitError> for Error {
    /// A caller that expects a conflict matches it before; one that arrives here is a lost race.
    fn from(error: CommitError) -> Self {
        match error {
            CommitError::Conflict(conflict) => Self::Conflict {
                code: "changed_meanwhile",
                detail: format!("the state changed meanwhile ({}); look again and retry", conflict.statement),
            },
            CommitError::Dismissed => Self::Unauthenticated(
                "what you showed was revoked, or allows less, since you asked; sign in again (worpen login)"
                    .into(),
            ),
            CommitError::Full(detail) => Self::Full { detail },
            CommitError::Unavailable(detail) => Self::Unavailable(detail),
        }
    }
}
