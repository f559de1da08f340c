//! What nodes measure, over the fleet and over time.

use std::{collections::BTreeMap, future::Future, time::Duration};

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde::de::value::{Error as WordError, StrDeserializer};
use tokio::time::timeout;

use super::{
    app::App,
    call::{Answer, Call},
    page::{cursor_of, limit_of},
    sight::Sight,
};
use crate::{
    core::{
        error::Error,
        fleet::{Fleet, SharedFleet},
        port::telemetry::{RangeAnswer, RangeQuery, SummaryQuery},
        telemetry::{Grid, HOUR, Label, MAX_POINTS, SECOND, longest_interval, span},
    },
    id::AgentId,
    proto::{
        agent::Agent,
        endpoint::Endpoint,
        page::Page,
        telemetry::{
            Across, Aggregate, DashboardNetwork, GetTelemetryAnalytics, LatestTelemetry, ListMetrics, Metric,
            MetricHistory, MetricKind, MetricList, MetricPoint, MetricSeries, MetricSummary, NetworkHistory,
            NetworkPoint, SeriesOf, TelemetryAnalytics, TelemetryHistory, TelemetryHistoryRequest,
        },
    },
};

/// The most points that all series of an answer have together.
const MAX_VALUES: usize = 250_000;

/// The most measurements that figures are made of in one call.
const MAX_SAMPLES: usize = 4_000_000;

/// How long a range waits for others to be read.
const TURN: Duration = Duration::from_secs(3);

/// What is summed up when nobody asked for metrics.
const USUAL: [Metric; 6] = [
    Metric::CpuUsage,
    Metric::MemoryUsage,
    Metric::DiskUsage,
    Metric::Load1,
    Metric::NetworkReceivedBytes,
    Metric::NetworkTransmittedBytes,
];

pub(super) async fn latest(call: Call<LatestTelemetry>) -> Result<Answer<LatestTelemetry>, Error> {
    let request = &call.request;
    let limit = limit_of(request.limit)?;
    let after: Option<AgentId> = request.cursor.as_deref().map(cursor_of).transpose()?;
    let mut found: Vec<_> = {
        let fleet = call.sight.fleet();
        let fleet = fleet.read();
        let only = request.agent.as_deref().map(|agent| fleet.agent(agent)).transpose()?;
        let only = only.map(|agent| agent.id);
        let wanted = fleet.agents_after(after).filter(|agent| {
            only.is_none_or(|only| agent.id == only)
                && request.site.as_ref().is_none_or(|site| agent.site == *site)
        });
        wanted
            .filter_map(|agent| fleet.telemetry(agent.id).map(|latest| (agent.id, latest)))
            .take(limit + 1)
            .collect()
    };
    let more = found.len() > limit;
    found.truncate(limit);
    let next_cursor = found.last().filter(|_| more).map(|(id, _)| id.to_string());
    written(move || Page { items: found.iter().map(|(_, latest)| (**latest).clone()).collect(), next_cursor })
        .await
}

pub(super) async fn metrics(_: Call<ListMetrics>) -> Result<Answer<ListMetrics>, Error> {
    Ok(Answer::ok(&MetricList { items: Metric::ALL.iter().map(|metric| metric.info()).collect() }))
}

pub(super) async fn history(call: Call<TelemetryHistory>) -> Result<Answer<TelemetryHistory>, Error> {
    let (app, request) = (&call.app, &call.request);
    let metric = request.metric.unwrap_or(Metric::CpuUsage);
    let aggregate = aggregate_of(metric, request.aggregate)?;
    label_of(metric, request)?;
    let (from, to) = ends(call.origin.now, request.from, request.to, request.range.as_deref())?;
    let grid = grid(app, from, to, request.step.as_deref())?;
    let agents = agents_of(&call.sight, request.agent.as_deref(), request.site.as_deref())?;
    bound(&call.sight.fleet(), request.by, agents.as_deref(), &grid)?;
    let across = request.across.unwrap_or_else(|| metric.across());
    let query =
        RangeQuery { metric, label: request.label.clone(), agents, grid, aggregate, across, by: request.by };
    let RangeAnswer { series, damaged } =
        in_turn(app, async { Ok(app.telemetry.range(query).await?) }).await?;
    let names: Vec<Option<String>> = {
        let fleet = call.sight.fleet();
        let fleet = fleet.read();
        series.iter().map(|(agent, _)| agent.map(|agent| name_of(&fleet, agent))).collect()
    };
    written(move || {
        let times: Vec<Timestamp> = (0..grid.points).map(|point| moment(grid.start(point))).collect();
        let series = names.into_iter().zip(series).map(|(agent_id, (_, values))| MetricSeries {
            agent_id,
            points: times
                .iter()
                .zip(values)
                .map(|(time, value)| MetricPoint { time: *time, value })
                .collect(),
        });
        MetricHistory {
            metric,
            unit: unit_of(metric, aggregate),
            aggregate,
            across,
            from: moment(grid.from),
            to: moment(grid.to()),
            step_s: step_s(&grid),
            series: series.collect(),
            damaged_parts: damaged,
        }
    })
    .await
}

/// Makes and serializes a large answer beside the executor's threads.
async fn written<E: Endpoint>(make: impl FnOnce() -> E::Response + Send + 'static) -> Result<Answer<E>, Error>
where
    Answer<E>: Send + 'static,
{
    let made = tokio::task::spawn_blocking(move || Answer::ok(&make())).await;
    made.map_err(|error| Error::Internal(error.to_string()))
}

/// Reads a range when it is this caller's turn, and for no longer than callers wait: once it is dropped, the store
/// stops reading.
async fn in_turn<T>(app: &App, read: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    let busy = |_| Error::TooMany {
        detail: "other ranges of telemetry are being read; ask again shortly".into(),
        retry_after_s: 1,
    };
    let turn = timeout(TURN, app.ranges.acquire()).await.map_err(busy)?;
    let _turn = turn.map_err(|_| Error::Unavailable("the server ends".into()))?;
    let patience = app.settings.request_timeout;
    timeout(patience, read).await.unwrap_or_else(|_| {
        let cure = "ask for a shorter range, fewer agents, or a longer step";
        let detail = format!("this range could not be read in {} s; {cure}", patience.as_secs());
        Err(Error::TooMany { detail, retry_after_s: 1 })
    })
}

pub(super) async fn analytics(
    call: Call<GetTelemetryAnalytics>,
) -> Result<Answer<GetTelemetryAnalytics>, Error> {
    let (app, request) = (&call.app, &call.request);
    let (from, to) = ends(call.origin.now, request.from, request.to, request.range.as_deref())?;
    let metrics = request.metrics.as_deref().map_or_else(|| Ok(USUAL.to_vec()), metrics_of)?;
    let agents = agents_of(&call.sight, request.agent.as_deref(), request.site.as_deref())?;
    let longest = longest_interval(interval_of(app), 0);
    let found = in_turn(app, summaries(app, &metrics, agents.as_deref(), (from, to), longest)).await?;
    Ok(Answer::ok(&TelemetryAnalytics { from, to, metrics: found }))
}

async fn summaries(
    app: &App,
    metrics: &[Metric],
    agents: Option<&[AgentId]>,
    (from, to): (Timestamp, Timestamp),
    longest: i64,
) -> Result<Vec<MetricSummary>, Error> {
    let mut found = Vec::with_capacity(metrics.len());
    for &metric in metrics {
        let agents = agents.map(<[_]>::to_vec);
        let query = SummaryQuery { metric, agents, from, to, longest, most: MAX_SAMPLES };
        let answer = app.telemetry.summary(query).await?;
        let Some(summary) = answer.summary else {
            let cure = "ask for a shorter range, fewer agents, or one site";
            let detail =
                format!("there are more than {MAX_SAMPLES} measurements of one metric in it; {cure}");
            return Err(Error::field("range", detail));
        };
        let figures = summary.figures;
        found.push(MetricSummary {
            metric,
            unit: unit_of(metric, metric.aggregate()),
            samples: summary.samples,
            min: figures.map(|figures| figures.min),
            avg: figures.map(|figures| figures.avg),
            max: figures.map(|figures| figures.max),
            p95: figures.map(|figures| figures.p95),
            trend_per_hour: summary.trend_per_hour,
            damaged_parts: answer.damaged,
        });
    }
    Ok(found)
}

pub(super) async fn network(call: Call<DashboardNetwork>) -> Result<Answer<DashboardNetwork>, Error> {
    let (app, request) = (&call.app, &call.request);
    let (from, to) = ends(call.origin.now, None, None, request.range.as_deref())?;
    let grid = grid(app, from, to, None)?;
    let agents = agents_of(&call.sight, None, request.site.as_deref())?;
    let rates = async |metric| -> Result<Vec<Option<f64>>, Error> {
        let query = RangeQuery {
            metric,
            label: None,
            agents: agents.clone(),
            grid,
            aggregate: Aggregate::Rate,
            across: Across::Sum,
            by: SeriesOf::Fleet,
        };
        let mut answer = app.telemetry.range(query).await?;
        Ok(answer.series.pop().map(|(_, values)| values).unwrap_or_default())
    };
    let both = async {
        let inbound = rates(Metric::NetworkReceivedBytes).await?;
        Ok((inbound, rates(Metric::NetworkTransmittedBytes).await?))
    };
    let (inbound, outbound) = in_turn(app, both).await?;
    let points =
        inbound.into_iter().zip(outbound).enumerate().map(|(point, (inbound, outbound))| NetworkPoint {
            time: moment(grid.start(point)),
            inbound_bytes_per_s: inbound,
            outbound_bytes_per_s: outbound,
        });
    Ok(Answer::ok(&NetworkHistory {
        from: moment(grid.from),
        to: moment(grid.to()),
        step_s: step_s(&grid),
        points: points.collect(),
    }))
}

/// The first moment and the end of a range.
fn ends(
    now: Timestamp,
    from: Option<Timestamp>,
    to: Option<Timestamp>,
    range: Option<&str>,
) -> Result<(Timestamp, Timestamp), Error> {
    let to = to.unwrap_or(now);
    let back = range.map(|range| span_of("range", range)).transpose()?;
    let from = match (from, back) {
        (Some(_), Some(_)) => return Err(Error::field("range", "give 'from' or 'range', not both")),
        (Some(from), None) => from,
        (None, back) => to
            .checked_sub(SignedDuration::from_micros(back.unwrap_or(HOUR)))
            .map_err(|_| Error::field("range", "this reaches back before all times; give a shorter one"))?,
    };
    if from >= to {
        return Err(Error::field("from", "expected a moment before 'to'"));
    }
    Ok((from, to))
}

fn span_of(field: &str, text: &str) -> Result<i64, Error> {
    let expected = "expected a whole number and s, m, h, d or w, as 30s, 15m, 24h, 7d";
    span::parse(text).ok_or_else(|| Error::field(field, expected))
}

/// The time between an agent's measurements, in microseconds.
fn interval_of(app: &App) -> i64 {
    i64::try_from(app.settings.telemetry_interval.as_micros()).unwrap_or(i64::MAX)
}

fn grid(app: &App, from: Timestamp, to: Timestamp, step: Option<&str>) -> Result<Grid, Error> {
    let (from, to) = (from.as_microsecond(), to.as_microsecond());
    let interval = interval_of(app);
    let step = match step {
        Some(step) => span_of("step", step)?,
        None => span::step_for(to.saturating_sub(from), interval),
    };
    Grid::covering(from, to, step).map(|grid| grid.measured_every(interval)).ok_or_else(|| {
        let detail =
            format!("this gives more than {MAX_POINTS} points; take a longer step or a shorter range");
        Error::field("step", detail)
    })
}

/// The agents of a list, of a site, or `None` for all.
fn agents_of(sight: &Sight, agents: Option<&str>, site: Option<&str>) -> Result<Option<Vec<AgentId>>, Error> {
    let fleet = sight.fleet();
    let fleet = fleet.read();
    let at_site = |agent: &&Agent| site.is_none_or(|site| agent.site == site);
    match (agents, site) {
        (None, None) if sight.is_whole() => Ok(None),
        (None, _) => Ok(Some(fleet.agents().filter(at_site).map(|agent| agent.id).collect())),
        (Some(agents), _) => {
            let named = agents.split(',').map(|agent| fleet.agent(agent.trim()));
            let named = named.collect::<Result<Vec<_>, _>>()?;
            Ok(Some(named.into_iter().filter(at_site).map(|agent| agent.id).collect()))
        }
    }
}

fn bound(fleet: &SharedFleet, by: SeriesOf, agents: Option<&[AgentId]>, grid: &Grid) -> Result<(), Error> {
    let series = match by {
        SeriesOf::Fleet => 1,
        SeriesOf::Agent => agents.map_or_else(|| fleet.read().agents().count(), <[_]>::len),
    };
    if series.saturating_mul(grid.points) > MAX_VALUES {
        let detail = format!(
            "{series} series of {} points are more than {MAX_VALUES}; take a longer step, a shorter range, or \
             fewer agents",
            grid.points
        );
        return Err(Error::field("by", detail));
    }
    Ok(())
}

fn aggregate_of(metric: Metric, aggregate: Option<Aggregate>) -> Result<Aggregate, Error> {
    match (aggregate.unwrap_or_else(|| metric.aggregate()), metric.kind()) {
        (Aggregate::Rate, MetricKind::Gauge) => Err(Error::field(
            "aggregate",
            "a rate is made of counters; this goes up and down: take avg, min, max or last",
        )),
        (aggregate, _) => Ok(aggregate),
    }
}

fn label_of(metric: Metric, request: &TelemetryHistoryRequest) -> Result<(), Error> {
    let labelled = !matches!(metric.label(), Label::None | Label::Engine);
    if request.label.is_some() && !labelled {
        return Err(Error::field("label", "a node has one value of this metric; leave the label out"));
    }
    Ok(())
}

/// Reads metrics with commas between.
fn metrics_of(text: &str) -> Result<Vec<Metric>, Error> {
    let read = |word: &str| {
        let word = word.trim();
        Metric::deserialize(StrDeserializer::<WordError>::new(word)).map_err(|_| {
            let detail = format!("there is no metric '{word}'; GET /api/v1/telemetry/metrics lists them");
            Error::field("metrics", detail)
        })
    };
    let read = text.split(',').map(read).collect::<Result<Vec<_>, _>>()?;
    // Each once: a repetition would only be reckoned again.
    let mut known = BTreeMap::new();
    Ok(read.into_iter().filter(|metric| known.insert(*metric, ()).is_none()).collect())
}

/// Counters are told as rates and their extremes; only their sum is in the unit itself.
fn unit_of(metric: Metric, aggregate: Aggregate) -> String {
    match (metric.kind(), aggregate) {
        (MetricKind::Counter, Aggregate::Sum) | (MetricKind::Gauge, _) => metric.unit().to_owned(),
        (MetricKind::Counter, _) => format!("{} per second", metric.unit()),
    }
}

fn name_of(fleet: &Fleet, agent: AgentId) -> String {
    fleet.agent_by_id(agent).map_or_else(|| agent.to_string(), |agent| agent.agent_id.clone())
}

fn step_s(grid: &Grid) -> u64 {
    (grid.step / SECOND).unsigned_abs()
}

fn moment(micros: i64) -> Timestamp {
    Timestamp::from_microsecond(micros).unwrap_or(Timestamp::MAX)
}
