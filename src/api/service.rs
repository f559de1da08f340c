//! The server's parts and the nodes' services, and how each stands.

use std::{
    cmp::Reverse,
    time::{Duration, Instant},
};

use super::{
    app::App,
    call::{Answer, Call},
    clock,
    dashboard::is_heard_of,
    probe,
    statistics::tally,
};
use crate::{
    core::{error::Error, meter::Spread},
    proto::{
        health::Health,
        service::{GetDashboardServices, NodeService, ServiceMatrix, ServicePart},
    },
};

/// Latencies and rates are over this time.
const MINUTES: Duration = Duration::from_secs(300);
/// A part that takes longer for one in a hundred does its work badly, in milliseconds.
const SLOW_MS: f64 = 1000.0;
/// A watcher that is farther behind no longer shows what happens, in events.
const MUCH_LAG: u64 = 10_000;
/// The most services of nodes that are listed.
const MOST_LISTED: usize = 1000;

pub(super) async fn matrix(call: Call<GetDashboardServices>) -> Result<Answer<GetDashboardServices>, Error> {
    let app = &call.app;
    let parts =
        vec![api(app), store(app).await, telemetry_store(app).await, links(app), stream(app), redis()];
    let mut nodes = reported(app);
    let statuses = parts.iter().map(|part| part.status).chain(nodes.iter().map(|service| service.status));
    let by_status = tally(statuses.map(|status| status.as_str().to_owned()));
    nodes.sort_by(|one, other| rank(one).cmp(&rank(other)));
    nodes.truncate(MOST_LISTED);
    Ok(Answer::ok(&ServiceMatrix { time: clock::now(), by_status, parts, nodes }))
}

/// Those that need somebody first.
fn rank(service: &NodeService) -> (Reverse<u8>, &str, &str) {
    let urgency = match service.status {
        Health::Down => 3,
        Health::Degraded => 2,
        Health::Unknown => 1,
        Health::Healthy | Health::NotConfigured => 0,
    };
    (Reverse(urgency), &service.node, &service.name)
}

/// A part of which nothing is known yet.
fn part(name: &str, status: Health) -> ServicePart {
    ServicePart {
        name: name.to_owned(),
        status,
        latency_ms: None,
        latency_p99_ms: None,
        per_second: None,
        load: None,
        capacity: None,
        lag: None,
    }
}

/// It answers, or nobody would read this; it does so badly when one in a hundred takes long.
fn api(app: &App) -> ServicePart {
    let now = Instant::now();
    let spread = app.meters.recent.spread(now, MINUTES);
    let p99 = millis(&spread, 0.99);
    ServicePart {
        latency_ms: millis(&spread, 0.5),
        latency_p99_ms: p99,
        per_second: app.meters.recent.per_second(now, MINUTES),
        load: Some(app.meters.in_flight.get()),
        ..part("api", well_unless(p99.is_some_and(|p99| p99 > SLOW_MS)))
    }
}

async fn store(app: &App) -> ServicePart {
    let now = Instant::now();
    let (probed, spread) = (app.probe.database(app).await, app.store_meter.recent.spread(now, MINUTES));
    let p99 = millis(&spread, 0.99);
    let status = match &probed {
        Err(_) => Health::Down,
        Ok(_) => well_unless(p99.is_some_and(|p99| p99 > SLOW_MS)),
    };
    ServicePart {
        latency_ms: probed.ok().map(|took| took.write.as_secs_f64() * 1e3),
        latency_p99_ms: p99,
        per_second: app.store_meter.recent.per_second(now, MINUTES),
        load: Some(app.store_meter.waiting.get()),
        ..part("store", status)
    }
}

async fn telemetry_store(app: &App) -> ServicePart {
    let probed = probe::telemetry(app).await;
    ServicePart {
        latency_ms: probed.map(|took| took.as_secs_f64() * 1e3),
        per_second: app.meters.recent_telemetry.per_second(Instant::now(), MINUTES),
        ..part("telemetry_store", if probed.is_some() { Health::Healthy } else { Health::Down })
    }
}

/// All agents that are known should be linked.
fn links(app: &App) -> ServicePart {
    let (linked, known) = (app.hub.count() as u64, app.fleet.read().agents().count() as u64);
    let status = match (linked, known) {
        (_, 0) => Health::Unknown,
        (0, _) => Health::Down,
        (linked, known) => well_unless(linked < known),
    };
    ServicePart { load: Some(linked), capacity: Some(known), ..part("agent_links", status) }
}

fn stream(app: &App) -> ServicePart {
    let (watchers, lag) = app.feed.watchers();
    ServicePart {
        per_second: app.meters.recent_events.per_second(Instant::now(), MINUTES),
        load: Some(watchers as u64),
        lag,
        ..part("event_stream", well_unless(lag.is_some_and(|lag| lag > MUCH_LAG)))
    }
}

fn redis() -> ServicePart {
    part("redis", Health::NotConfigured)
}

const fn well_unless(badly: bool) -> Health {
    if badly { Health::Degraded } else { Health::Healthy }
}

/// The time in milliseconds below which a part of all lies; `None` without any.
fn millis(spread: &Spread, part: f64) -> Option<f64> {
    spread.quantile(part).map(|micros| micros / 1e3)
}

/// Every service that a node reports with its latest measurement.
fn reported(app: &App) -> Vec<NodeService> {
    let fleet = app.fleet.read();
    let mut services = Vec::new();
    for agent in fleet.agents() {
        let Some(telemetry) = fleet.telemetry(agent.id) else { continue };
        for (name, reported) in &telemetry.service_status {
            let status = if is_heard_of(agent.status) { health_of(reported) } else { Health::Unknown };
            services.push(NodeService {
                node: agent.agent_id.clone(),
                name: name.clone(),
                status,
                reported: reported.clone(),
                time: telemetry.timestamp,
            });
        }
    }
    services
}

/// What a node's word for a service means; systemd's, Docker's and plain ones.
fn health_of(word: &str) -> Health {
    match word.to_ascii_lowercase().as_str() {
        "running" | "active" | "healthy" | "ok" | "up" | "online" => Health::Healthy,
        "degraded" | "warning" | "starting" | "restarting" | "activating" | "reloading" | "unhealthy"
        | "paused" => Health::Degraded,
        "down" | "failed" | "stopped" | "inactive" | "dead" | "exited" | "error" | "offline" => Health::Down,
        _ => Health::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_that_nobody_knows_is_no_health() {
        assert_eq!(health_of("Running"), Health::Healthy);
        assert_eq!(health_of("failed"), Health::Down);
        assert_eq!(health_of("blue"), Health::Unknown);
    }
}
