//! Commands: the verbs, their limits, and how executions make up a whole.

use std::time::Duration;

use super::error::Error;
use crate::proto::command::CommandStatus;

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

/// How a command stands when its executions stand so: running while one runs, their common end, or `partial`.
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

#[cfg(test)]
mod tests;
