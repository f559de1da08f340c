//! How what a node is given becomes the order that is signed for it.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::Job;
use crate::{
    id::{AgentId, ExecutionId},
    proto::envelope::CommandOrder,
};

/// How long an order holds that is said again because its execution began before this link.
const REPEATED: SignedDuration = SignedDuration::from_secs(60);
/// How far an agent's clock may lie behind the server's before it takes an order for one from the future.
pub const CLOCK_TOLERANCE: SignedDuration = SignedDuration::from_secs(30);

/// What a node is to do.
#[derive(Clone, Debug, PartialEq)]
pub struct Assignment {
    /// The execution.
    pub execution: ExecutionId,
    /// What it shares with the others of its command.
    pub job: Arc<Job>,
    /// The node said before that it began.
    pub has_begun: bool,
    /// Its node may have had it before.
    pub was_sent: bool,
    /// It is void from then on.
    pub expires_at: Option<Timestamp>,
}

/// The place of an order: whose link, and where on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The agent of the link.
    pub agent: AgentId,
    /// The link's epoch.
    pub epoch: u64,
    /// Its place among the orders of that epoch, from 1.
    pub sequence: u64,
}

impl Assignment {
    /// The order for one link, with these arguments.
    #[must_use]
    pub fn order(&self, args: Value, place: Place, now: Timestamp) -> CommandOrder {
        let job = &self.job;
        CommandOrder {
            agent: place.agent,
            execution: self.execution,
            command: job.id,
            verb: job.verb.clone(),
            args,
            not_before: job.created_at - CLOCK_TOLERANCE,
            expires_at: self.expires_at.unwrap_or_else(|| now + REPEATED),
            timeout_s: job.timeout_s,
            epoch: place.epoch,
            sequence: place.sequence,
            actor: job.actor.clone(),
            is_question: false,
            has_begun: self.has_begun,
            precondition: job.precondition.clone(),
            output_bytes: job.output_bytes,
        }
    }
}
