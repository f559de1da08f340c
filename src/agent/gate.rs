//! [`Gate`]: what this node lets be done, asked right before it is done. A signature says who orders; the gate says whether
//! the node's own operator lets it happen, and whether it may happen now.

use std::time::Instant;

use jiff::Timestamp;

use super::{order::Refusal, policy::PolicyFile, precondition::Facts};
use crate::proto::envelope::CommandOrder;

/// The node's policy, and its facts.
pub(super) struct Gate {
    policy: PolicyFile,
    facts: Facts,
}

impl Gate {
    /// A gate with this policy on a node of these facts.
    pub(super) const fn new(policy: PolicyFile, facts: Facts) -> Self {
        Self { policy, facts }
    }

    /// Lets an order that was checked through: the policy first, so that who may not order learns nothing of the node.
    ///
    /// # Errors
    /// Says what stands against it.
    pub(super) fn admit(&self, order: &CommandOrder) -> Result<(), Refusal> {
        self.policy.judge(order, Instant::now()).map_err(Refusal::Policy)?;
        let Some(expression) = &order.precondition else { return Ok(()) };
        self.facts.hold(expression, Timestamp::now()).map_err(Refusal::Precondition)
    }
}
