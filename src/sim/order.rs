//! Whether a simulated agent obeys an order: as a real one decides it, the signature before anything else.

use jiff::Timestamp;
use serde::Deserialize;

use crate::{
    core::{envelope::open, signing::PublicKey},
    id::AgentId,
    proto::envelope::{COMMAND_TYPE, CommandOrder, Envelope},
};

/// The verbs that a simulated agent announces.
pub(super) const VERBS: [&str; 4] = ["docker.start", "docker.stop", "docker.restart", "docker.rm"];

/// What an order is measured against.
pub(super) struct Standing<'a> {
    /// This agent.
    pub(super) agent: AgentId,
    /// The keys that may order it.
    pub(super) trusted: &'a [PublicKey],
    /// The epoch of this link.
    pub(super) epoch: u64,
    /// The last order of this epoch.
    pub(super) last: u64,
    /// The server's time.
    pub(super) now: Timestamp,
}

/// What to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verb {
    Start,
    Stop,
    Restart,
    Remove,
}

/// What to do to which container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Act {
    /// What to do.
    pub(super) verb: Verb,
    /// The container's id, a prefix of it, or its name.
    pub(super) container: String,
    /// Whether a running one may be removed.
    pub(super) force: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Arguments {
    container: String,
    #[serde(default, rename = "timeout_s")]
    _timeout_s: Option<u32>,
    #[serde(default)]
    force: bool,
}

/// Why an order is not obeyed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// Nothing in it is to be believed, or it was taken already.
    Ignored(&'static str),
    /// Its time is over.
    Expired,
    /// The server must be told that it will not be done.
    Refused(&'static str),
}

/// An order that is not obeyed.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Refused {
    /// The order, when a trusted key signed it for this agent.
    pub(super) order: Option<Box<CommandOrder>>,
    /// Why.
    pub(super) why: Refusal,
}

/// Judges an order.
pub(super) fn check(envelope: &Envelope, standing: &Standing<'_>) -> Result<(CommandOrder, Act), Refused> {
    let unbelieved = |why| Refused { order: None, why: Refusal::Ignored(why) };
    let order: CommandOrder = open(standing.trusted, COMMAND_TYPE, envelope)
        .map_err(|_| unbelieved("the order's signature does not hold"))?;
    if order.agent != standing.agent {
        return Err(unbelieved("the order is for another agent"));
    }
    match judge(&order, standing) {
        Ok(act) => Ok((order, act)),
        Err(why) => Err(Refused { order: Some(Box::new(order)), why }),
    }
}

fn judge(order: &CommandOrder, standing: &Standing<'_>) -> Result<Act, Refusal> {
    if order.epoch != standing.epoch {
        return Err(Refusal::Ignored("the order is of another link"));
    }
    if order.sequence <= standing.last {
        return Err(Refusal::Ignored("the order was taken already"));
    }
    if standing.now < order.not_before {
        return Err(Refusal::Refused("the order is not valid yet"));
    }
    if standing.now >= order.expires_at {
        return Err(Refusal::Expired);
    }
    let verb = match order.verb.as_str() {
        "docker.start" => Verb::Start,
        "docker.stop" => Verb::Stop,
        "docker.restart" => Verb::Restart,
        "docker.rm" => Verb::Remove,
        _ => return Err(Refusal::Refused("a simulated agent does not know the verb")),
    };
    let arguments = Arguments::deserialize(&order.args)
        .map_err(|_| Refusal::Refused("the arguments are not the verb's"))?;
    Ok(Act { verb, container: arguments.container, force: arguments.force })
}

#[cfg(test)]
mod tests;
