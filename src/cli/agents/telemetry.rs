//! `worpen agents telemetry`: shows what a node measured, sample by sample or metrics in steps.

use std::{collections::BTreeMap, num::NonZeroU32};

use clap::builder::{PossibleValuesParser, TypedValueParser};
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use super::super::{
    error::CliError,
    exit::ExitStatus,
    listing::Listing,
    measure::{self, Moment},
    session::Session,
    table::{Cell, Column, Row},
    words,
};
use crate::{
    client::Client,
    proto::{
        agent::{AgentRef, GetAgent, GetAgentTelemetry},
        page::{DEFAULT_LIMIT, MAX_LIMIT},
        telemetry::{
            Aggregate, Metric, MetricHistory, Telemetry, TelemetryHistory, TelemetryHistoryRequest,
            TelemetryRange,
        },
    },
};

const EXAMPLES: &str = "\
Examples:
  worpen agents telemetry web-1 --range 15m
  worpen agents telemetry web-1 --range 7d --step 1h --metric cpu,memory,disk
  worpen agents telemetry web-1 --metric network_received_bytes --label eth0 -o csv";

/// Arguments of `worpen agents telemetry`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// Name or id of the node.
    node: String,
    /// How far back, such as 15m, 1h or 7d; an hour unless told.
    #[arg(long, value_name = "LENGTH", value_parser = measure::seconds, conflicts_with = "from")]
    range: Option<u32>,
    /// The first moment, as 2026-03-01T12:00:00Z, or 2h for two hours ago; an hour ago unless told.
    #[arg(long, value_parser = Moment::parse)]
    from: Option<Moment>,
    /// The end; now unless told.
    #[arg(long, value_parser = Moment::parse)]
    to: Option<Moment>,
    /// Metrics instead of samples, by name, separated by commas: cpu, memory, disk, load, or as the API calls them.
    #[arg(long, value_name = "NAMES", value_delimiter = ',', value_parser = metric(), hide_possible_values = true)]
    metric: Vec<Metric>,
    /// The time between the points of metrics, such as 1m; what gives about 120 points unless told.
    #[arg(long, value_name = "LENGTH", value_parser = measure::seconds, requires = "metric")]
    step: Option<u32>,
    /// What is made of a step: a rate of counters, else the mean, unless told.
    #[arg(long, value_parser = words::<Aggregate>(&AGGREGATES), requires = "metric")]
    aggregate: Option<Aggregate>,
    /// Only this disk, interface or processor of the metrics.
    #[arg(long, value_name = "NAME", requires = "metric")]
    label: Option<String>,
    /// The most samples to show; 100 unless told.
    #[arg(long, conflicts_with = "metric")]
    limit: Option<NonZeroU32>,
}

const AGGREGATES: [&str; 6] = ["avg", "min", "max", "sum", "last", "rate"];

/// Every metric, as the wire and a title spell it.
const METRICS: [(Metric, &str, &str); 23] = [
    (Metric::CpuUsage, "cpu_usage", "CPU USAGE"),
    (Metric::MemoryUsage, "memory_usage", "MEMORY USAGE"),
    (Metric::DiskUsage, "disk_usage", "DISK USAGE"),
    (Metric::Load1, "load1", "LOAD1"),
    (Metric::Load5, "load5", "LOAD5"),
    (Metric::Load15, "load15", "LOAD15"),
    (Metric::MemoryTotalBytes, "memory_total_bytes", "MEMORY TOTAL BYTES"),
    (Metric::MemoryUsedBytes, "memory_used_bytes", "MEMORY USED BYTES"),
    (Metric::MemoryAvailableBytes, "memory_available_bytes", "MEMORY AVAILABLE BYTES"),
    (Metric::SwapTotalBytes, "swap_total_bytes", "SWAP TOTAL BYTES"),
    (Metric::SwapUsedBytes, "swap_used_bytes", "SWAP USED BYTES"),
    (Metric::UptimeSeconds, "uptime_seconds", "UPTIME SECONDS"),
    (Metric::ContainerCount, "container_count", "CONTAINER COUNT"),
    (Metric::CpuCore, "cpu_core", "CPU CORE"),
    (Metric::DiskTotalBytes, "disk_total_bytes", "DISK TOTAL BYTES"),
    (Metric::DiskUsedBytes, "disk_used_bytes", "DISK USED BYTES"),
    (Metric::DiskAvailableBytes, "disk_available_bytes", "DISK AVAILABLE BYTES"),
    (Metric::NetworkReceivedBytes, "network_received_bytes", "NETWORK RECEIVED BYTES"),
    (Metric::NetworkTransmittedBytes, "network_transmitted_bytes", "NETWORK TRANSMITTED BYTES"),
    (Metric::NetworkReceivedPackets, "network_received_packets", "NETWORK RECEIVED PACKETS"),
    (Metric::NetworkTransmittedPackets, "network_transmitted_packets", "NETWORK TRANSMITTED PACKETS"),
    (Metric::NetworkReceiveErrors, "network_receive_errors", "NETWORK RECEIVE ERRORS"),
    (Metric::NetworkTransmitErrors, "network_transmit_errors", "NETWORK TRANSMIT ERRORS"),
];

/// Takes a metric's name, or one of the short ones.
fn metric() -> impl TypedValueParser<Value = Metric> {
    let short = ["cpu", "memory", "disk", "load"];
    let known = METRICS.iter().map(|(_, name, _)| *name).chain(short);
    PossibleValuesParser::new(known).map(|word| {
        let name = match word.as_str() {
            "cpu" => "cpu_usage",
            "memory" => "memory_usage",
            "disk" => "disk_usage",
            "load" => "load1",
            other => other,
        };
        let found = METRICS.iter().find(|(_, known, _)| *known == name);
        found.map_or(Metric::CpuUsage, |(metric, ..)| *metric)
    })
}

pub(crate) async fn run(args: Args, session: &Session) -> Result<ExitStatus, CliError> {
    if !args.metric.is_empty() {
        return metrics(&args, session).await;
    }
    let Args { node, range, from, to, limit, .. } = args;
    let limit = limit.map_or(DEFAULT_LIMIT, NonZeroU32::get);
    let to = to.map(|to| to.before(session.now));
    let from = match range {
        Some(seconds) => {
            to.unwrap_or(session.now).checked_sub(SignedDuration::from_secs(seconds.into())).ok()
        }
        None => from.map(|from| from.before(session.now)),
    };
    let request = TelemetryRange { id: node, from, to, limit: Some(limit.min(MAX_LIMIT)), cursor: None };
    let listing = Listing::new(session, None)?;
    let pages = session.client()?.pages::<GetAgentTelemetry, _>(&request)?;
    listing.pages(pages, limit as usize).await?;
    Ok(ExitStatus::Done)
}

/// Shows metrics side by side, a line for each step.
async fn metrics(args: &Args, session: &Session) -> Result<ExitStatus, CliError> {
    let client = session.client()?;
    let mut points: BTreeMap<Timestamp, Point> = BTreeMap::new();
    // A node that does not exist has measured nothing, which would read as if it had been silent.
    client.call::<GetAgent>(&AgentRef { id: args.node.clone() }).await?;
    for metric in &args.metric {
        let history = history(&client, args, *metric, session.now).await?;
        if history.damaged_parts > 0 {
            session.printer.warning(&format!("{} stored parts are damaged", history.damaged_parts));
        }
        for point in history.series.iter().flat_map(|series| &series.points) {
            let entry = points
                .entry(point.time)
                .or_insert_with(|| Point { time: point.time, values: BTreeMap::new() });
            entry.values.insert(name(*metric), point.value);
        }
    }
    let columns: Vec<String> = std::iter::once("time")
        .chain(args.metric.iter().map(|metric| name(*metric)))
        .map(str::to_owned)
        .collect();
    let mut listing = Listing::new(session, Some(&columns))?;
    listing.add(&points.into_values().collect::<Vec<_>>())?;
    listing.end()?;
    Ok(ExitStatus::Done)
}

async fn history(
    client: &Client,
    args: &Args,
    metric: Metric,
    now: Timestamp,
) -> Result<MetricHistory, CliError> {
    let request = TelemetryHistoryRequest {
        metric: Some(metric),
        label: args.label.clone(),
        agent: Some(args.node.clone()),
        // One end for all metrics, so that their steps are the same.
        to: Some(args.to.map_or(now, |to| to.before(now))),
        from: args.from.map(|from| from.before(now)),
        range: args.range.map(|seconds| format!("{seconds}s")),
        step: args.step.map(|seconds| format!("{seconds}s")),
        aggregate: args.aggregate,
        ..TelemetryHistoryRequest::default()
    };
    Ok(client.call::<TelemetryHistory>(&request).await?.body)
}

fn name(metric: Metric) -> &'static str {
    METRICS.iter().find(|(known, ..)| *known == metric).map_or("", |(_, name, _)| name)
}

/// What was measured in a step.
#[derive(Serialize)]
struct Point {
    time: Timestamp,
    #[serde(flatten)]
    values: BTreeMap<&'static str, Option<f64>>,
}

impl Row for Point {
    const COLUMNS: &'static [Column] = &{
        let mut columns = [Column::words("TIME"); METRICS.len() + 1];
        let mut at = 0;
        while at < METRICS.len() {
            columns[at + 1] = Column::number(METRICS[at].2);
            at += 1;
        }
        columns
    };

    fn name(&self) -> String {
        measure::moment(self.time)
    }

    fn cells(&self, _now: Timestamp) -> Vec<Cell> {
        let values = METRICS.iter().map(|(_, name, _)| match self.values.get(name).copied().flatten() {
            None => Cell::nothing(),
            Some(value) => Cell::told(figure(name, value), value),
        });
        std::iter::once(Cell::moment(self.time)).chain(values).collect()
    }
}

/// A value in the unit of its metric.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "sizes are far below 2^53 and not negative"
)]
fn figure(name: &str, value: f64) -> String {
    match name {
        name if name.ends_with("_bytes") => measure::bytes(value as u64),
        name if name.ends_with("_usage") || name == "cpu_core" => format!("{value:.1} %"),
        _ => format!("{value:.2}"),
    }
}

impl Row for Telemetry {
    const COLUMNS: &'static [Column] = &[
        Column::words("TIME"),
        Column::number("CPU"),
        Column::number("MEMORY"),
        Column::number("DISK"),
        Column::number("LOAD"),
        Column::number("CONTAINERS"),
    ];

    fn name(&self) -> String {
        measure::moment(self.timestamp)
    }

    fn cells(&self, _now: Timestamp) -> Vec<Cell> {
        let fullest = self.disk_usage.values().map(|disk| disk.percent).reduce(f32::max);
        let [load, ..] = self.load_average;
        vec![
            Cell::moment(self.timestamp),
            Cell::percent(Some(self.cpu_usage)),
            Cell::percent(Some(self.memory_usage.percent)),
            Cell::percent(fullest),
            Cell::told(format!("{load:.2}"), load),
            Cell::of(self.container_count),
        ]
    }
}
