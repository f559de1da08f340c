//! Totals and rates of the fleet and its server.

pub(super) mod command;

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use tokio::sync::Mutex;

use super::{
    app::App,
    call::{Answer, Call},
    clock,
};
use crate::{
    core::{error::Error, port::records::Counts},
    proto::statistics::{GetStatistics, PerMinute, SinceStart, Statistics},
};

/// How far back counts of the store reach.
const DAY: SignedDuration = SignedDuration::from_hours(24);
/// The store is counted again when somebody asks and the latest count is older: it reads a day of audit entries.
const HOLDS_FOR: Duration = Duration::from_secs(10);
/// Rates are means over this time.
const MINUTES: Duration = Duration::from_secs(300);

/// What the store holds, counted a moment ago.
#[derive(Default)]
pub struct Cached(Mutex<Option<(Instant, Timestamp, Counts)>>);

impl Cached {
    /// Counts the store, once for all who ask within ten seconds; when it was counted, and what.
    pub(super) async fn counts(&self, app: &App) -> Result<(Timestamp, Counts), Error> {
        let mut latest = self.0.lock().await;
        if let Some((at, when, counts)) = &*latest
            && at.elapsed() < HOLDS_FOR
        {
            return Ok((*when, counts.clone()));
        }
        let now = clock::now();
        let since = now.saturating_sub(DAY).unwrap_or(Timestamp::MIN);
        let counts = app.records.counts(since, now).await?;
        *latest = Some((Instant::now(), now, counts.clone()));
        Ok((now, counts))
    }
}

pub(super) async fn get(call: Call<GetStatistics>) -> Result<Answer<GetStatistics>, Error> {
    let app = &call.app;
    let (counted_at, counts) = app.counted.counts(app).await?;
    let (agents, containers, images) = {
        let fleet = app.fleet.read();
        (
            tally(fleet.agents().map(|agent| agent.status)),
            tally(fleet.containers().map(|container| container.facts.state)),
            fleet.images().count() as u64,
        )
    };
    Ok(Answer::ok(&Statistics {
        agents: in_words(agents),
        containers: in_words(containers),
        images,
        users: counts.users,
        active_keys: counts.active_keys,
        commands_24h: in_words(counts.commands),
        events_kept: counts.events,
        events_24h: counts.recent_events,
        denied_24h: counts.denied,
        counted_at,
        started_at: app.meters.started_at,
        since_start: since_start(app),
        per_minute: per_minute(app, MINUTES),
    }))
}

fn since_start(app: &App) -> SinceStart {
    let (meters, connections) = (&app.meters, &app.connections);
    let mut requests = BTreeMap::new();
    for (status, count) in meters.all_routes().flat_map(|route| route.statuses()) {
        *requests.entry(format!("{}xx", status / 100)).or_default() += count;
    }
    SinceStart {
        requests,
        requests_rate_limited: app.limits.refused.get(),
        sign_ins_refused: meters.sign_ins_refused.get(),
        telemetry_stored: meters.telemetry.get(),
        agent_frames: meters.frames().map(|(_, count)| count).sum(),
        connections: connections.accepted.get(),
        connections_refused: connections.refused.get(),
        received_bytes: connections.received.get(),
        sent_bytes: connections.sent.get(),
    }
}

/// How often things happened each minute over a time.
pub(super) fn per_minute(app: &App, span: Duration) -> PerMinute {
    let (meters, now) = (&app.meters, Instant::now());
    let minutely = |rate: Option<f64>| rate.map(|rate| rate * 60.0);
    PerMinute {
        requests: minutely(meters.recent_requests.per_second(now, span)),
        events: minutely(meters.recent_events.per_second(now, span)),
        commands: minutely(meters.recent_commands.per_second(now, span)),
        telemetry: minutely(meters.recent_telemetry.per_second(now, span)),
    }
}

/// How often each value occurs.
pub(super) fn tally<T: Ord>(values: impl Iterator<Item = T>) -> BTreeMap<T, u64> {
    let mut counted = BTreeMap::new();
    for value in values {
        *counted.entry(value).or_default() += 1;
    }
    counted
}

/// The same with the words on the wire in place of an enumeration's values.
pub(super) fn in_words<T: Serialize>(counted: BTreeMap<T, u64>) -> BTreeMap<String, u64> {
    counted.into_iter().map(|(value, count)| (word(&value), count)).collect()
}

/// An enumeration's word on the wire.
fn word(value: &impl Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => word,
        _ => String::new(),
    }
}
