//! [`ExitStatus`]: how a run ends; the numbers are a contract with scripts.

use std::process::ExitCode;

use crate::proto::command::CommandStatus;

/// How a run of the program ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum ExitStatus {
    /// What was asked for is done.
    Done = 0,
    /// It failed.
    Failed = 1,
    /// The command line is wrong.
    Usage = 2,
    /// There is no such thing.
    NotFound = 3,
    /// Not allowed, or not signed in.
    NotAllowed = 4,
    /// The state forbids it.
    Conflict = 5,
    /// Of several targets some failed.
    PartlyFailed = 6,
    /// It took longer than it might.
    TimedOut = 7,
    /// The server cannot be reached.
    Unreachable = 8,
    /// The node refused.
    Refused = 9,
    /// Somebody pressed Ctrl-C.
    Interrupted = 130,
}

impl ExitStatus {
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
        Self::from(status as u8)
    }
}
