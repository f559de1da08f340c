//! Whether an order is obeyed: pure checks, in an order that reads nothing before the signature holds.

use std::borrow::Cow;

use jiff::Timestamp;
use serde::{Deserialize, de::DeserializeOwned};

use crate::{
    core::{
        command::{
            DOCKER_INSPECT, DOCKER_LOGS, DOCKER_PRUNE, DOCKER_PULL, DOCKER_RESTART, DOCKER_RM, DOCKER_START,
            DOCKER_STATS, DOCKER_STOP,
        },
        container::is_name,
        envelope::{Unopened, open},
        image::is_reference,
        signing::PublicKey,
    },
    id::AgentId,
    proto::envelope::{COMMAND_TYPE, CommandOrder, Envelope},
};

/// The verbs of a node with a container engine.
pub(super) const DOCKER_VERBS: [&str; 9] = [
    DOCKER_START,
    DOCKER_STOP,
    DOCKER_RESTART,
    DOCKER_RM,
    DOCKER_PULL,
    DOCKER_PRUNE,
    DOCKER_LOGS,
    DOCKER_STATS,
    DOCKER_INSPECT,
];

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

/// What an order asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Work {
    /// To change something: journalled, and its end is told whatever becomes of the link.
    Act(Act),
    /// To tell something: not journalled, and over when the link is.
    Question(Question),
}

/// What is asked of the container engine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Question {
    /// A container's log.
    Logs(Excerpt),
    /// What a container uses.
    Stats(Target),
    /// What the engine knows of a container.
    Inspect(Target),
}

/// Names a part of a container's log.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Excerpt {
    /// Its id, a prefix of it, or its name.
    pub(super) container: String,
    /// The last so many lines.
    #[serde(default)]
    pub(super) tail: Option<u32>,
    /// From this moment on.
    #[serde(default)]
    pub(super) since: Option<Timestamp>,
    /// Up to this moment.
    #[serde(default)]
    pub(super) until: Option<Timestamp>,
    /// Whether to go on with what comes.
    #[serde(default)]
    pub(super) follow: bool,
}

/// What to do to which container or image.
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
    /// Bring an image.
    Pull(Image),
    /// Remove what nothing uses.
    Prune(Extent),
}

/// Names an image.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Image {
    /// Its reference.
    pub(super) image: String,
}

/// Says how much goes.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Extent {
    /// Whether images with a name go too.
    #[serde(default)]
    pub(super) all: bool,
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
    /// What it is about, for the log: a container, an image, or nothing in particular.
    pub(super) fn subject(&self) -> &str {
        match self {
            Self::Start(target) => &target.container,
            Self::Stop(halt) | Self::Restart(halt) => &halt.container,
            Self::Remove(removal) => &removal.container,
            Self::Pull(image) => &image.image,
            Self::Prune(_) => "",
        }
    }

    /// Whether doing it twice is the same as doing it once.
    pub(super) const fn is_idempotent(&self) -> bool {
        matches!(self, Self::Start(_) | Self::Stop(_) | Self::Pull(_))
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
pub(super) fn check(envelope: &Envelope, standing: Standing<'_>) -> Result<(CommandOrder, Work), Refused> {
    let order: CommandOrder = open(standing.trusted, COMMAND_TYPE, envelope)
        .map_err(|why| Refused { order: None, why: Refusal::NotOpened(why) })?;
    if order.agent != standing.agent {
        return Err(Refused { order: None, why: Refusal::OtherAgent });
    }
    match judge(&order, standing) {
        Ok(work) => Ok((order, work)),
        Err(why) => Err(Refused { order: Some(Box::new(order)), why }),
    }
}

fn judge(order: &CommandOrder, standing: Standing<'_>) -> Result<Work, Refusal> {
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

/// Whether a verb asks instead of acting.
pub(super) fn is_question(verb: &str) -> bool {
    matches!(verb, DOCKER_LOGS | DOCKER_STATS | DOCKER_INSPECT)
}

/// Reads what an order asks. An argument that the verb does not have is refused, not passed over.
fn read(order: &CommandOrder) -> Result<Work, Refusal> {
    let work = match order.verb.as_str() {
        DOCKER_START => Work::Act(Act::Start(arguments(order)?)),
        DOCKER_STOP => Work::Act(Act::Stop(arguments(order)?)),
        DOCKER_RESTART => Work::Act(Act::Restart(arguments(order)?)),
        DOCKER_RM => Work::Act(Act::Remove(arguments(order)?)),
        DOCKER_PULL => Work::Act(Act::Pull(arguments(order)?)),
        DOCKER_PRUNE => Work::Act(Act::Prune(arguments(order)?)),
        DOCKER_LOGS => Work::Question(Question::Logs(arguments(order)?)),
        DOCKER_STATS => Work::Question(Question::Stats(arguments(order)?)),
        DOCKER_INSPECT => Work::Question(Question::Inspect(arguments(order)?)),
        other => return Err(Refusal::UnknownVerb(other.to_owned())),
    };
    let container = match &work {
        Work::Act(Act::Pull(Image { image })) if is_reference(image) => return Ok(work),
        Work::Act(Act::Pull(_)) => return Err(bad(order, "'image' is not a reference of an image".into())),
        Work::Act(Act::Prune(_)) => return Ok(work),
        Work::Act(act) => act.subject(),
        Work::Question(Question::Logs(excerpt)) => &excerpt.container,
        Work::Question(Question::Stats(target) | Question::Inspect(target)) => &target.container,
    };
    if !is_name(container) {
        return Err(bad(order, "'container' is neither an id nor a name".into()));
    }
    Ok(work)
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

#[cfg(test)]
mod tests;
