//! The server's parts and the nodes' services, and how each stands.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, HashSet},
    sync::Arc,
    time::{Duration, Instant},
};

use super::{
    app::App,
    call::{Answer, Call},
    clock, probe,
    statistics::{in_words, tally},
};
use crate::{
    core::{error::Error, fleet::SharedFleet, meter::Spread, port::links::Links},
    id::AgentId,
    proto::{
        agent::{Agent, AgentStatus},
        health::Health,
        service::{GetDashboardServices, NodeService, ServiceMatrix, ServicePart},
        telemetry::Telemetry,
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
    let (app, fleet) = (&call.app, call.sight.fleet());
    let links = links(app, &fleet);
    // How the server's own parts do tells of more than a scope holds.
    let parts = if call.sight.is_whole() {
        vec![api(app), store(app).await, telemetry_store(app).await, links, stream(app), redis()]
    } else {
        vec![links]
    };
    let (nodes, mut by_status) = reported(&measured(&fleet));
    for part in &parts {
        *by_status.entry(part.status).or_default() += 1;
    }
    let by_status = in_words(by_status);
    Ok(Answer::ok(&ServiceMatrix { time: clock::now(), by_status, parts, nodes }))
}

/// How much it needs somebody.
const fn urgency(status: Health) -> u8 {
    match status {
        Health::Down => 3,
        Health::Degraded => 2,
        Health::Unknown => 1,
        Health::Healthy | Health::NotConfigured => 0,
    }
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
        per_second: app.meters.recent_requests.per_second(now, MINUTES),
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

/// All agents that should be linked are.
fn links(app: &App, fleet: &SharedFleet) -> ServicePart {
    let unlinked: HashSet<AgentId> =
        app.pulses.unlinked_since().into_iter().map(|(agent, _)| agent).collect();
    let (mut linked, mut missing) = (0_u64, 0_u64);
    for agent in fleet.read().agents() {
        if app.hub.is_linked(agent.id) {
            linked += 1;
        } else if should_be_linked(agent) && !unlinked.contains(&agent.id) {
            missing += 1;
        }
    }
    let status = match (linked, missing) {
        (0, 0) => Health::Unknown,
        (0, _) => Health::Down,
        (_, missing) => well_unless(missing > 0),
    };
    ServicePart { load: Some(linked), capacity: Some(linked + missing), ..part("agent_links", status) }
}

/// Whether an agent that is not linked is missed: it was linked before, and nobody took it away.
const fn should_be_linked(agent: &Agent) -> bool {
    let taken_away =
        matches!(agent.status, AgentStatus::Maintenance | AgentStatus::Quarantined | AgentStatus::Revoked);
    agent.address.is_some() && !taken_away
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

/// The latest measurement of each agent that has any, and whether it is of now.
fn measured(fleet: &SharedFleet) -> Vec<(Arc<Telemetry>, bool)> {
    let fleet = fleet.read();
    let latest = fleet
        .agents()
        .filter_map(|agent| Some((fleet.telemetry(agent.id)?, fleet.stale_since(agent.id).is_none())));
    latest.collect()
}

/// The services that nodes report, those that need somebody first, and how many of all stand how.
fn reported(measured: &[(Arc<Telemetry>, bool)]) -> (Vec<NodeService>, BTreeMap<Health, u64>) {
    let mut services = Vec::new();
    for (telemetry, is_of_now) in measured {
        for (name, word) in &telemetry.service_status {
            let status = if *is_of_now { health_of(word) } else { Health::Unknown };
            services.push((
                Reverse(urgency(status)),
                &*telemetry.agent_id,
                name,
                status,
                word,
                telemetry.timestamp,
            ));
        }
    }
    let by_status = tally(services.iter().map(|(.., status, _, _)| *status));
    services.sort_unstable();
    let listed = services.into_iter().take(MOST_LISTED).map(|(_, node, name, status, word, time)| {
        NodeService { node: node.to_owned(), name: name.clone(), status, reported: word.clone(), time }
    });
    (listed.collect(), by_status)
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
