//! The agents that are linked now.

use jiff::Timestamp;

use crate::{id::AgentId, proto::link::LinkErrorCode};

/// The links of this server.
pub trait Links: Send + Sync {
    /// Tells an agent's link that the store holds an execution for it; the link signs and sends it. Without a link
    /// nothing happens: one that opens later looks by itself.
    fn nudge(&self, agent: AgentId);
    /// Ends an agent's link, telling it why; `false` when there is none.
    fn end(&self, agent: AgentId, code: LinkErrorCode, detail: &str) -> bool;
    /// Asks an agent to report everything now; `false` when it has no link that could be asked.
    fn sync(&self, agent: AgentId) -> bool;
    /// Whether an agent is linked.
    fn is_linked(&self, agent: AgentId) -> bool;
    /// Since when the link stands that an agent has now.
    fn linked_since(&self, agent: AgentId) -> Option<Timestamp>;
}
