//! `worpen agents telemetry`: shows what a node measured.

use std::num::NonZeroU32;

use jiff::Timestamp;

use super::super::{
    error::CliError,
    exit::ExitStatus,
    measure::{self, Moment},
    session::Session,
    table::{Cell, Column, Row},
};
use crate::proto::{
    agent::GetAgentTelemetry,
    page::{DEFAULT_LIMIT, MAX_LIMIT},
    telemetry::{Telemetry, TelemetryRange},
};

/// Arguments of `worpen agents telemetry`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Name or id of the node.
    node: String,
    /// The first moment, as 2026-03-01T12:00:00Z, or 2h for two hours ago; an hour ago unless told.
    #[arg(long, value_parser = Moment::parse)]
    from: Option<Moment>,
    /// The end; now unless told.
    #[arg(long, value_parser = Moment::parse)]
    to: Option<Moment>,
    /// The most lines to show.
    #[arg(long, default_value_t = NonZeroU32::MIN.saturating_add(DEFAULT_LIMIT - 1))]
    limit: NonZeroU32,
}

pub(crate) async fn run(args: Args, session: &Session) -> Result<ExitStatus, CliError> {
    let Args { node, from, to, limit } = args;
    let request = TelemetryRange {
        id: node,
        from: from.map(|from| from.before(session.now)),
        to: to.map(|to| to.before(session.now)),
        limit: Some(limit.get().min(MAX_LIMIT)),
        cursor: None,
    };
    let pages = session.client()?.pages::<GetAgentTelemetry, _>(&request)?;
    let samples = pages.first(limit.get() as usize).await?;
    session.list(&samples)?;
    Ok(ExitStatus::Done)
}

impl Row for Telemetry {
    const COLUMNS: &'static [Column] = &[
        Column::Words("TIME"),
        Column::Number("CPU"),
        Column::Number("MEMORY"),
        Column::Number("DISK"),
        Column::Number("LOAD"),
        Column::Number("CONTAINERS"),
    ];

    fn name(&self) -> String {
        measure::moment(self.timestamp)
    }

    fn cells(&self, _now: Timestamp) -> Vec<Cell> {
        let fullest = self.disk_usage.values().map(|disk| disk.percent).reduce(f32::max);
        let [load, ..] = self.load_average;
        vec![
            measure::moment(self.timestamp).into(),
            measure::percent(self.cpu_usage).into(),
            measure::percent(self.memory_usage.percent).into(),
            fullest.map_or_else(measure::dash, measure::percent).into(),
            format!("{load:.2}").into(),
            self.container_count.map_or_else(measure::dash, |count| count.to_string()).into(),
        ]
    }
}
