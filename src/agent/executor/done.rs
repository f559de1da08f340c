//! How acts end, and what ends them before that.

use std::time::Duration;

use serde_json::Value;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::proto::command::CommandStatus;

/// How an act ended.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Done {
    pub(super) status: CommandStatus,
    pub(super) result: Option<Value>,
    pub(super) error: Option<String>,
    /// Nothing had begun.
    pub(super) not_begun: bool,
}

impl Done {
    /// It did what it should.
    pub(super) const fn succeeded(result: Value) -> Self {
        Self { status: CommandStatus::Succeeded, result: Some(result), error: None, not_begun: false }
    }

    /// It did not.
    pub(super) fn failed(why: impl Into<String>) -> Self {
        Self { status: CommandStatus::Failed, result: None, error: Some(why.into()), not_begun: false }
    }

    /// It could not even begin.
    pub(super) fn not_begun(why: impl Into<String>) -> Self {
        Self { not_begun: true, ..Self::failed(why) }
    }

    /// It was cut off; `after` says what became of it.
    pub(super) fn cut(cut: Cut, limits: &Limits, after: &str) -> Self {
        let (status, why) = match cut {
            Cut::TimedOut => (
                CommandStatus::TimedOut,
                format!("it took longer than {} s; {after}", limits.limit.as_secs()),
            ),
            Cut::Cancelled => (CommandStatus::Cancelled, format!("somebody stopped it; {after}")),
        };
        Self { status, result: None, error: Some(why), not_begun: false }
    }

    /// The same with what is known besides.
    pub(super) fn with(self, result: Value) -> Self {
        Self { result: Some(result), ..self }
    }
}

/// What ends an act before it ends by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cut {
    /// It took too long.
    TimedOut,
    /// Somebody stopped it.
    Cancelled,
}

/// How long an act may take, and whether it still may.
pub(super) struct Limits {
    limit: Duration,
    until: Instant,
    cancel: CancellationToken,
}

impl Limits {
    /// From now on.
    pub(super) fn new(limit: Duration, cancel: CancellationToken) -> Self {
        Self { limit, until: Instant::now() + limit, cancel }
    }

    /// Waits until the act is to be cut off.
    pub(super) async fn cut(&self) -> Cut {
        tokio::select! {
            biased;
            () = self.cancel.cancelled() => Cut::Cancelled,
            () = tokio::time::sleep_until(self.until) => Cut::TimedOut,
        }
    }
}
