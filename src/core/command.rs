//! Commands: the verbs, their limits, and how executions make up a whole.

use std::{collections::BTreeMap, time::Duration};

use jiff::{SignedDuration, Timestamp};

use super::error::Error;
use crate::{
    id::{AgentId, ExecutionId},
    proto::command::{CommandStatus, Execution},
};

/// Starts a container: `{container}`.
pub const DOCKER_START: &str = "docker.start";
/// Stops a container: `{container, timeout_s?}`.
pub const DOCKER_STOP: &str = "docker.stop";
/// Restarts a container: `{container, timeout_s?}`.
pub const DOCKER_RESTART: &str = "docker.restart";
/// Removes a container: `{container, force?}`.
pub const DOCKER_RM: &str = "docker.rm";
/// Pulls an image: `{image}`.
pub const DOCKER_PULL: &str = "docker.pull";
/// Removes what nothing uses: `{all?}`.
pub const DOCKER_PRUNE: &str = "docker.prune";
/// Asks for a container's log: `{container, tail?, since?, until?, follow?}`.
pub const DOCKER_LOGS: &str = "docker.logs";
/// Asks what a container uses: `{container}`.
pub const DOCKER_STATS: &str = "docker.stats";
/// Asks for everything that the engine knows of a container: `{container}`.
pub const DOCKER_INSPECT: &str = "docker.inspect";
/// Lists containers as the engine knows them: `{all?}`.
pub const DOCKER_PS: &str = "docker.ps";
/// Runs a program in a container.
pub const DOCKER_EXEC: &str = "docker.exec";
/// Makes a container of an image and starts it.
pub const DOCKER_RUN: &str = "docker.run";
/// Runs a program on the node.
pub const EXEC: &str = "exec";

/// Bytes of output that are kept of an execution unless its caller says otherwise.
pub const DEFAULT_OUTPUT_BYTES: u32 = 1024 * 1024;
/// The most bytes of output that can be kept of an execution.
pub const MAX_OUTPUT_BYTES: u32 = 256 * 1024 * 1024;
/// Bytes that are kept of the end of an output beyond what may be kept of its beginning.
pub const OUTPUT_TAIL_BYTES: usize = 64 * 1024;
/// The most attempts after the first that a caller may allow.
pub const MAX_RETRIES: u32 = 10;

/// Seconds an execution may take unless its caller says otherwise (`COMMAND_TIMEOUT`).
pub const DEFAULT_TIMEOUT_S: u32 = 60;
/// Seconds a caller waits for the end unless it says otherwise.
pub const DEFAULT_WAIT_S: u32 = 30;
/// The longest a caller may wait, seconds.
pub const MAX_WAIT_S: u32 = 300;

/// The most bytes that a command's arguments may have as JSON.
pub const MAX_ARGS_BYTES: usize = 64 * 1024;

/// Whether a verb is one of ours, which only agents with a key may announce and be given: a bearer token proves too little
/// for what acts on a whole node. One that only looks like ours, in capitals, is taken for it.
#[must_use]
pub fn is_built_in(verb: &str) -> bool {
    let verb = verb.to_ascii_lowercase();
    verb == "exec" || ["docker.", "agent.", "exec."].iter().any(|ours| verb.starts_with(ours))
}

/// Whether a text can be a verb: 1 to 64 of `a-z`, digits and `. _ : -`. Two that differ in capitals alone would pass for each
/// other.
#[must_use]
pub fn is_verb(text: &str) -> bool {
    let inside = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '.' | '_' | ':' | '-');
    (1..=64).contains(&text.len()) && text.chars().all(inside)
}

/// A first attempt on this target that nothing is known of yet.
#[must_use]
pub fn queued_execution(agent: AgentId, node: impl Into<String>) -> Execution {
    Execution {
        id: ExecutionId::generate(),
        agent,
        node: node.into(),
        attempt: 1,
        status: CommandStatus::Queued,
        waits_for: None,
        batch: 0,
        not_before: None,
        expires_at: None,
        cancelled_at: None,
        started_at: None,
        ended_at: None,
        result: None,
        error_message: None,
        output: None,
    }
}

/// How long a caller waits.
///
/// # Errors
/// Names the field when it is out of bounds.
pub fn wait_of(wait: Option<u32>, default: u32) -> Result<Duration, Error> {
    let seconds = wait.unwrap_or(default);
    if seconds > MAX_WAIT_S {
        return Err(Error::field("wait", format!("expected 0 to {MAX_WAIT_S} seconds")));
    }
    Ok(Duration::from_secs(seconds.into()))
}

/// Whether an execution in this state will change no more by itself.
#[must_use]
pub const fn has_ended(status: CommandStatus) -> bool {
    !matches!(status, CommandStatus::Queued | CommandStatus::Started)
}

/// The last attempt on each target.
#[must_use]
pub fn last_attempts(executions: &[Execution]) -> Vec<&Execution> {
    let mut last: BTreeMap<AgentId, &Execution> = BTreeMap::new();
    for execution in executions {
        let known = last.entry(execution.agent).or_insert(execution);
        if execution.attempt >= known.attempt {
            *known = execution;
        }
    }
    last.into_values().collect()
}

/// How a command stands by its executions, of which the last attempt on each target counts: running while one runs, their
/// common end, or `partial`.
#[must_use]
pub fn aggregate_of(executions: &[Execution]) -> CommandStatus {
    aggregate(&last_attempts(executions).into_iter().map(|last| last.status).collect::<Vec<_>>())
}

/// How a command stands when the last attempts on its targets stand so.
#[must_use]
pub fn aggregate(executions: &[CommandStatus]) -> CommandStatus {
    let Some(first) = executions.first() else { return CommandStatus::Queued };
    if executions.iter().all(|status| status == first) {
        return *first;
    }
    if executions.iter().all(|status| has_ended(*status)) {
        let succeeded = executions.contains(&CommandStatus::Succeeded);
        return if succeeded { CommandStatus::Partial } else { CommandStatus::Failed };
    }
    CommandStatus::Started
}

/// How much longer than it may take an execution is waited for, once it began: for the way of its end, and for a node that is
/// away for a moment.
const GRACE: SignedDuration = SignedDuration::from_secs(60);

/// When the time of an execution is over that began then.
#[must_use]
pub fn over_at(started_at: Timestamp, timeout_s: u32) -> Timestamp {
    started_at.checked_add(SignedDuration::from_secs(timeout_s.into())).unwrap_or(Timestamp::MAX)
}

/// When an execution that began is given up if nothing more is heard of it.
#[must_use]
pub fn given_up_at(started_at: Timestamp, timeout_s: u32) -> Timestamp {
    over_at(started_at, timeout_s).checked_add(GRACE).unwrap_or(Timestamp::MAX)
}

/// How often an execution is begun again that its node left in the middle, where that is harmless.
const MOST_CRASHES: u32 = 3;
/// The pause before the second attempt, before jitter; it doubles with each.
const FIRST_PAUSE_MS: i64 = 1000;
/// The longest pause between attempts, before jitter.
const LONGEST_PAUSE_MS: i64 = 300_000;

/// What became of an attempt, as far as another one depends on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// Which it was, from 1.
    pub number: u32,
    /// How it ended.
    pub status: CommandStatus,
    /// Nothing had begun.
    pub not_begun: bool,
}

/// How long to wait before another attempt; `None` when there is to be none. An attempt follows only where doing it twice is
/// the same as doing it once, or nothing had begun: after the pause, doubled each time, of which half is left to chance (a
/// number from 0 to 1), so that many nodes that failed together do not come back together.
#[must_use]
pub fn pause_before_retry(
    attempt: Attempt,
    is_idempotent: bool,
    max_retries: u32,
    chance: f64,
) -> Option<SignedDuration> {
    let harmless = is_idempotent || attempt.not_begun;
    let allowed = match attempt.status {
        CommandStatus::Failed | CommandStatus::TimedOut => max_retries,
        CommandStatus::Unknown => max_retries.max(MOST_CRASHES),
        _ => 0,
    };
    if !harmless || attempt.number > allowed {
        return None;
    }
    let doubled = FIRST_PAUSE_MS.saturating_mul(1 << (attempt.number - 1).min(20));
    let pause = doubled.min(LONGEST_PAUSE_MS);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_precision_loss,
        reason = "milliseconds of minutes"
    )]
    let jittered = (pause as f64 * (0.5 + chance.clamp(0.0, 1.0) / 2.0)) as i64;
    Some(SignedDuration::from_millis(jittered))
}

/// A number from 0 to 1 that an id brings along: its last bytes are random (RFC 9562, section 5.7).
#[must_use]
pub fn chance_of(id: ExecutionId) -> f64 {
    let [.., a, b, c, d] = *id.as_bytes();
    f64::from(u32::from_be_bytes([a, b, c, d])) / f64::from(u32::MAX)
}

#[cfg(test)]
mod tests;
