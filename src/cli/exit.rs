//! [`ExitStatus`]: how a run ends; the numbers are a contract with scripts.

use std::process::ExitCode;

use crate::proto::command::CommandStatus;

/// How a run of the program ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExitStatus {
    /// What was asked for is done.
    Done,
    /// It failed.
    Failed,
    /// The command line is wrong.
    Usage,
    /// There is no such thing.
    NotFound,
    /// Not allowed, or not signed in.
    NotAllowed,
    /// The state forbids it.
    Conflict,
    /// Of several targets some failed.
    PartlyFailed,
    /// It took longer than it might.
    TimedOut,
    /// The server cannot be reached.
    Unreachable,
    /// The node refused.
    Refused,
    /// Somebody pressed Ctrl-C.
    Interrupted,
    /// A program ran on a node, and this run ends as it did.
    Program(u8),
}

impl ExitStatus {
    /// The number that a shell is told.
    #[must_use]
    pub const fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Failed => 1,
            Self::Usage => 2,
            Self::NotFound => 3,
            Self::NotAllowed => 4,
            Self::Conflict => 5,
            Self::PartlyFailed => 6,
            Self::TimedOut => 7,
            Self::Unreachable => 8,
            Self::Refused => 9,
            Self::Interrupted => 130,
            Self::Program(code) => code,
        }
    }

    /// The status for what became of a command.
    #[must_use]
    pub const fn of_command(status: CommandStatus) -> Self {
        match status {
            CommandStatus::Succeeded => Self::Done,
            CommandStatus::Failed | CommandStatus::Cancelled | CommandStatus::Unknown => Self::Failed,
            CommandStatus::Partial => Self::PartlyFailed,
            CommandStatus::TimedOut
            | CommandStatus::Expired
            | CommandStatus::Queued
            | CommandStatus::Started => Self::TimedOut,
            CommandStatus::Refused => Self::Refused,
        }
    }

    /// The status for an HTTP status that is not a success.
    #[must_use]
    pub const fn of_http(status: u16) -> Self {
        match status {
            400 | 413 => Self::Usage,
            401 | 403 => Self::NotAllowed,
            404 | 410 => Self::NotFound,
            409 | 412 | 422 => Self::Conflict,
            408 | 504 => Self::TimedOut,
            502 | 503 => Self::Unreachable,
            _ => Self::Failed,
        }
    }

    /// The status of several acts together: their common one, `PartlyFailed` when only some are done.
    #[must_use]
    pub fn of_all(statuses: &[Self]) -> Self {
        match statuses {
            [] => Self::Done,
            [first, rest @ ..] if rest.iter().all(|status| status == first) => *first,
            _ if statuses.contains(&Self::Done) => Self::PartlyFailed,
            _ => Self::Failed,
        }
    }
}

impl From<ExitStatus> for ExitCode {
    fn from(status: ExitStatus) -> Self {
        Self::from(status.code())
    }
}
