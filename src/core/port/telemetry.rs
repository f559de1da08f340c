//! The telemetry store: its own files, so that it can stall nothing else.

use async_trait::async_trait;
use jiff::Timestamp;

use super::StoreError;
use crate::{id::AgentId, proto::telemetry::Telemetry};

/// Where measurements go.
#[async_trait]
pub trait TelemetryStore: Send + Sync {
    /// Stores a measurement; once this returns it survives the loss of power. The same agent and timestamp a second
    /// time changes nothing.
    async fn append(&self, agent: AgentId, telemetry: Telemetry) -> Result<(), StoreError>;
    /// The latest measurement of every agent.
    async fn latest(&self) -> Result<Vec<(AgentId, Telemetry)>, StoreError>;
    /// An agent's measurements from `from` (included) to `to` (not included), oldest first.
    async fn history(
        &self,
        agent: AgentId,
        from: Timestamp,
        to: Timestamp,
        limit: usize,
    ) -> Result<Vec<Telemetry>, StoreError>;
}
