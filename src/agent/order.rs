//! Whether an order is obeyed: pure checks, in an order that reads nothing before the signature holds.

use std::borrow::Cow;

use jiff::Timestamp;
use serde::{Deserialize, de::DeserializeOwned};

use crate::{
    core::{
        envelope::{Unopened, open},
        signing::PublicKey,
    },
    id::AgentId,
    proto::envelope::{COMMAND_TYPE, CommandOrder, Envelope},
};

/// The verbs of a node with a container engine.
pub(super) const DOCKER_VERBS: [&str; 4] = ["docker.start", "docker.stop", "docker.restart", "docker.rm"];

/// What an order is measured against.
#[derive(Clone, Copy, Debug)]
pub(super) struct Standing<'a> {
    /// This agent.
    pub(super) agent: AgentId,
    /// The keys that may order it.
    pub(super) trusted: &'a [PublicKey],
    /// The epoch of this link.
    pub(super) epoch: u64,
    /// The last order of this epoch that was taken.
    pub(super) last: u64,
    /// The server's time.
    pub(super) now: Timestamp,
}

/// What to do to which container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Act {
    /// Start it.
    Start(Target),
    /// Stop it.
    Stop(Halt),
    /// Stop and start it.
    Restart(Halt),
    /// Remove it.
    Remove(Removal),
}

/// Names a container.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Target {
    /// Its id, a prefix of it, or its name.
    pub(super) container: String,
}

/// Names a container to stop.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Halt {
    /// Its id, a prefix of it, or its name.
    pub(super) container: String,
    /// Seconds between the stop signal and the kill.
    #[serde(default)]
    pub(super) timeout_s: Option<u32>,
}

/// Names a container to remove.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Removal {
    /// Its id, a prefix of it, or its name.
    pub(super) container: String,
    /// Whether a running one may be killed first.
    #[serde(default)]
    pub(super) force: bool,
}

impl Act {
    /// The container.
    pub(super) fn container(&self) -> &str {
        match self {
            Self::Start(target) => &target.container,
            Self::Stop(halt) | Self::Restart(halt) => &halt.container,
            Self::Remove(removal) => &removal.container,
        }
    }

    /// Whether doing it twice is the same as doing it once.
    pub(super) const fn is_idempotent(&self) -> bool {
        matches!(self, Self::Start(_) | Self::Stop(_))
    }
}

/// Why an order is not obeyed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Refusal {
    /// The envelope is not to be trusted.
    #[error("{0}")]
    NotOpened(Unopened),
    /// It is for another agent.
    #[error("the order is for another agent")]
    OtherAgent,
    /// It is of another link.
    #[error("the order is of epoch {0}, which is not this link's")]
    OtherEpoch(u64),
    /// It, or one after it, was taken already.
    #[error("the order's sequence {0} was taken already")]
    Replayed(u64),
    /// Its time has not come.
    #[error("the order is not valid yet")]
    NotYet,
    /// Its time is over.
    #[error("the order expired")]
    Expired,
    /// Nobody here knows the verb.
    #[error("this agent does not know the verb '{0}'")]
    UnknownVerb(String),
    /// The arguments are not the verb's.
    #[error("the arguments of '{verb}' are wrong: {detail}")]
    BadArguments {
        /// The verb.
        verb: String,
        /// What is wrong.
        detail: Cow<'static, str>,
    },
}

/// An order that is not obeyed.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Refused {
    /// The order, when a trusted key signed it for this agent.
    pub(super) order: Option<Box<CommandOrder>>,
    /// Why.
    pub(super) why: Refusal,
}

/// Judges an order: the signature first, then whom it is for, its link, its place, its time, and what it asks.
pub(super) fn check(envelope: &Envelope, standing: Standing<'_>) -> Result<(CommandOrder, Act), Refused> {
    let order: CommandOrder = open(standing.trusted, COMMAND_TYPE, envelope)
        .map_err(|why| Refused { order: None, why: Refusal::NotOpened(why) })?;
    if order.agent != standing.agent {
        return Err(Refused { order: None, why: Refusal::OtherAgent });
    }
    match judge(&order, standing) {
        Ok(act) => Ok((order, act)),
        Err(why) => Err(Refused { order: Some(Box::new(order)), why }),
    }
}

fn judge(order: &CommandOrder, standing: Standing<'_>) -> Result<Act, Refusal> {
    if order.epoch != standing.epoch {
        return Err(Refusal::OtherEpoch(order.epoch));
    }
    if order.sequence <= standing.last {
        return Err(Refusal::Replayed(order.sequence));
    }
    if standing.now < order.not_before {
        return Err(Refusal::NotYet);
    }
    if standing.now >= order.expires_at {
        return Err(Refusal::Expired);
    }
    read(order)
}

/// Reads what an order asks. An argument that the verb does not have is refused, not passed over.
fn read(order: &CommandOrder) -> Result<Act, Refusal> {
    let act = match order.verb.as_str() {
        "docker.start" => Act::Start(arguments(order)?),
        "docker.stop" => Act::Stop(arguments(order)?),
        "docker.restart" => Act::Restart(arguments(order)?),
        "docker.rm" => Act::Remove(arguments(order)?),
        other => return Err(Refusal::UnknownVerb(other.to_owned())),
    };
    if !is_container_name(act.container()) {
        return Err(bad(order, "'container' is neither an id nor a name".into()));
    }
    Ok(act)
}

fn arguments<T: DeserializeOwned>(order: &CommandOrder) -> Result<T, Refusal> {
    if !order.args.is_object() {
        return Err(bad(order, "they are not an object".into()));
    }
    T::deserialize(&order.args).map_err(|error| bad(order, error.to_string().into()))
}

fn bad(order: &CommandOrder, detail: Cow<'static, str>) -> Refusal {
    Refusal::BadArguments { verb: order.verb.clone(), detail }
}

/// Docker's own rule for names. The name becomes part of a path, so nothing else may pass.
fn is_container_name(name: &str) -> bool {
    name.len() <= 255
        && name.starts_with(|first: char| first.is_ascii_alphanumeric())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-'))
}

#[cfg(test)]
mod tests;
