//! Whether an order is obeyed: pure checks, in an order that reads nothing before the signature holds.

use std::borrow::Cow;

use jiff::Timestamp;

pub(super) use self::work::{Act, Question, Work, input};
use super::verbs::Verbs;
use crate::{
    core::{
        envelope::{Unopened, open},
        signing::PublicKey,
    },
    id::AgentId,
    proto::envelope::{COMMAND_TYPE, CommandOrder, Envelope},
};

mod work;

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
    /// The verbs that this site defined.
    pub(super) verbs: &'a Verbs,
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
    /// The verb acts, or gives more than an answer over a link.
    #[error("'{0}' is not a question; give it as a command")]
    NotAQuestion(String),
    /// The node's own policy says no.
    #[error("{0}")]
    Policy(String),
    /// What must hold before it does not.
    #[error("{0}")]
    Precondition(String),
    /// The arguments are not the verb's.
    #[error("the arguments of '{verb}' are wrong: {detail}")]
    BadArguments {
        /// The verb.
        verb: String,
        /// What is wrong.
        detail: Cow<'static, str>,
    },
}

impl Refusal {
    /// Whether the order came before, or is of another link: then nothing is told of its execution, which has an order of its
    /// own, but that somebody said it again.
    pub(super) const fn is_replay(&self) -> bool {
        matches!(self, Self::OtherEpoch(_) | Self::Replayed(_))
    }
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
    work::read(order, standing.verbs)
}

#[cfg(test)]
mod tests;
