//! Whether a simulated agent obeys an order: as a real one decides it, the signature before anything else.

use jiff::Timestamp;
use serde::{Deserialize, de::DeserializeOwned};

use super::log::Span;
use crate::{
    core::{
        command::{
            DOCKER_INSPECT, DOCKER_LOGS, DOCKER_RESTART, DOCKER_RM, DOCKER_START, DOCKER_STATS, DOCKER_STOP,
            EXEC,
        },
        envelope::open,
        signing::PublicKey,
    },
    id::AgentId,
    proto::{
        envelope::{COMMAND_TYPE, CommandOrder, Envelope},
        verb::ExecArgs,
    },
};

/// The verbs that a simulated agent announces.
pub(super) const VERBS: [&str; 8] =
    [EXEC, DOCKER_START, DOCKER_STOP, DOCKER_RESTART, DOCKER_RM, DOCKER_LOGS, DOCKER_STATS, DOCKER_INSPECT];

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

/// What an order asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Work {
    /// To change something.
    Act(Act),
    /// To tell something.
    Question(Question),
}

/// What is asked of a container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Question {
    /// The container's id, a prefix of it, or its name.
    pub(super) container: String,
    /// What to tell of it.
    pub(super) about: About,
}

/// What to tell of a container.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum About {
    Log(Span),
    Stats,
    Everything,
}

/// What to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verb {
    Start,
    Stop,
    Restart,
    Remove,
}

/// What is to change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Act {
    /// A program is to run; whichever it is, it does what the plan says.
    Program,
    /// A container is to be another.
    Container(Deed),
}

/// What to do to which container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Deed {
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

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Excerpt {
    container: String,
    #[serde(default)]
    tail: Option<u32>,
    #[serde(default)]
    since: Option<Timestamp>,
    #[serde(default)]
    until: Option<Timestamp>,
    #[serde(default)]
    follow: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Target {
    container: String,
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
pub(super) fn check(envelope: &Envelope, standing: &Standing<'_>) -> Result<(CommandOrder, Work), Refused> {
    let unbelieved = |why| Refused { order: None, why: Refusal::Ignored(why) };
    let order: CommandOrder = open(standing.trusted, COMMAND_TYPE, envelope)
        .map_err(|_| unbelieved("the order's signature does not hold"))?;
    if order.agent != standing.agent {
        return Err(unbelieved("the order is for another agent"));
    }
    match judge(&order, standing) {
        Ok(work) => Ok((order, work)),
        Err(why) => Err(Refused { order: Some(Box::new(order)), why }),
    }
}

fn judge(order: &CommandOrder, standing: &Standing<'_>) -> Result<Work, Refusal> {
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
    read(order)
}

/// Reads what an order asks for.
fn read(order: &CommandOrder) -> Result<Work, Refusal> {
    if order.is_question {
        return question(order).map(Work::Question);
    }
    let verb = match order.verb.as_str() {
        EXEC => {
            arguments::<ExecArgs>(order)?;
            return Ok(Work::Act(Act::Program));
        }
        DOCKER_START => Verb::Start,
        DOCKER_STOP => Verb::Stop,
        DOCKER_RESTART => Verb::Restart,
        DOCKER_RM => Verb::Remove,
        DOCKER_LOGS | DOCKER_STATS | DOCKER_INSPECT => {
            return Err(Refusal::Refused("a simulated agent tells this to who asks, and runs it for nobody"));
        }
        _ => return Err(Refusal::Refused("a simulated agent does not know the verb")),
    };
    let Arguments { container, force, .. } = arguments(order)?;
    Ok(Work::Act(Act::Container(Deed { verb, container, force })))
}

/// Reads what a question is about.
fn question(order: &CommandOrder) -> Result<Question, Refusal> {
    match order.verb.as_str() {
        DOCKER_LOGS => {
            let Excerpt { container, tail, since, until, follow } = arguments(order)?;
            Ok(Question { container, about: About::Log(Span { tail, since, until, follow }) })
        }
        DOCKER_STATS | DOCKER_INSPECT => {
            let Target { container } = arguments(order)?;
            let about = if order.verb == DOCKER_STATS { About::Stats } else { About::Everything };
            Ok(Question { container, about })
        }
        _ => Err(Refusal::Refused("a simulated agent does not know the question")),
    }
}

fn arguments<T: DeserializeOwned>(order: &CommandOrder) -> Result<T, Refusal> {
    T::deserialize(&order.args).map_err(|_| Refusal::Refused("the arguments are not the verb's"))
}

#[cfg(test)]
mod tests;
