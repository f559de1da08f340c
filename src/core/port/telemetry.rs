//! The telemetry store: its own files, so that it can stall nothing else.

use async_trait::async_trait;
use jiff::Timestamp;

use super::StoreError;
use crate::{
    core::telemetry::{Grid, Summary},
    id::AgentId,
    proto::telemetry::{Across, Aggregate, Metric, SeriesOf, Telemetry},
};

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
    /// How a metric went. Memory is bounded by the points and by a few hundred nodes at a time. Dropped before it is
    /// done, it and [`Self::summary`] stop reading.
    async fn range(&self, query: RangeQuery) -> Result<RangeAnswer, StoreError>;
    /// A metric's figures over all measurements of a range.
    async fn summary(&self, query: SummaryQuery) -> Result<SummaryAnswer, StoreError>;
    /// Turns what arrived into columns: what was measured before `before`, or all. Says how many measurements were.
    /// Measurements can be stored and read meanwhile, and nothing is lost or counted twice wherever it is broken off.
    async fn seal(&self, before: Option<Timestamp>) -> Result<u64, StoreError>;
    /// Waits until so much arrived since the last sealing that the next should not wait for the hour.
    async fn crowded(&self);
    /// Forgets measurements of whole hours that ended before `before`, and gives their space back to the disk.
    async fn forget(&self, before: Timestamp) -> Result<(), StoreError>;
}

/// Asks how a metric went.
#[derive(Clone, Debug)]
pub struct RangeQuery {
    /// Which number.
    pub metric: Metric,
    /// Only the disk, interface or processor of this name; else all of a node, without virtual interfaces.
    pub label: Option<String>,
    /// Only these agents; else all.
    pub agents: Option<Vec<AgentId>>,
    /// The steps.
    pub grid: Grid,
    /// What is made of a step.
    pub aggregate: Aggregate,
    /// What is made of several nodes.
    pub across: Across,
    /// One series for all, or one per agent.
    pub by: SeriesOf,
}

/// How a metric went.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RangeAnswer {
    /// One series of all agents (`None`), or one of each that measured anything; a value per step.
    pub series: Vec<(Option<AgentId>, Vec<Option<f64>>)>,
    /// How many stored parts are damaged and are not counted in.
    pub damaged: u32,
}

/// Asks for a metric's figures.
#[derive(Clone, Debug)]
pub struct SummaryQuery {
    /// Which number.
    pub metric: Metric,
    /// Only these agents; else all.
    pub agents: Option<Vec<AgentId>>,
    /// The first moment.
    pub from: Timestamp,
    /// The end, not included.
    pub to: Timestamp,
    /// The longest silence that a counter's increase is spread over, in microseconds.
    pub longest: i64,
    /// The most values to look at.
    pub most: usize,
}

/// A metric's figures.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct SummaryAnswer {
    /// The figures; `None` when there are more values than were to be looked at.
    pub summary: Option<Summary>,
    /// How many stored parts are damaged and are not counted in.
    pub damaged: u32,
}
