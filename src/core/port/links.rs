//! The agents that are linked now.

use super::records::ExecutionRecord;
use crate::{id::AgentId, proto::link::LinkErrorCode};

/// The links of this server.
pub trait Links: Send + Sync {
    /// Hands an execution to the agent's link, which signs it and sends it; `false` when there is no link. A link
    /// that opens later finds the execution in the store.
    fn order(&self, execution: ExecutionRecord) -> bool;
    /// Ends an agent's link, telling it why; `false` when there is none.
    fn end(&self, agent: AgentId, code: LinkErrorCode, detail: &str) -> bool;
    /// Whether an agent is linked.
    fn is_linked(&self, agent: AgentId) -> bool;
    /// How many agents are linked.
    fn count(&self) -> usize;
}
