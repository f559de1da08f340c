//! The fleet in a few numbers.

use std::time::Duration;

use super::{
    app::App,
    call::{Answer, Call},
    clock,
    statistics::{in_words, per_minute, tally},
};
use crate::{
    core::error::Error,
    proto::{
        dashboard::{
            DashboardStats, GetDashboardStats, LoadRange, LoadStats, NodeStats, SecurityStats,
            ThroughputStats,
        },
        telemetry::Telemetry,
    },
};

/// Throughput is a mean over this time.
const MINUTE: Duration = Duration::from_secs(60);

pub(super) async fn stats(call: Call<GetDashboardStats>) -> Result<Answer<GetDashboardStats>, Error> {
    let app = &call.app;
    let (_, counts) = app.counted.counts(app).await?;
    let nodes = nodes(app);
    let security = SecurityStats {
        denied_24h: counts.denied,
        quarantined_agents: nodes.by_status.get("QUARANTINED").copied().unwrap_or_default(),
        active_keys: counts.active_keys,
        sign_ins_refused: app.meters.sign_ins_refused.get(),
        requests_rate_limited: app.limits.refused.get(),
        since: app.meters.started_at,
    };
    let (throughput, load) = (throughput(app), load(app));
    Ok(Answer::ok(&DashboardStats { time: clock::now(), nodes, throughput, load, security }))
}

fn nodes(app: &App) -> NodeStats {
    let by_status = tally(app.fleet.read().agents().map(|agent| agent.status));
    let by_status = in_words(by_status);
    NodeStats { total: by_status.values().sum(), by_status, linked: app.hub.count() as u64 }
}

fn throughput(app: &App) -> ThroughputStats {
    let rates = per_minute(app, MINUTE);
    let (network, network_nodes) = {
        let fleet = app.fleet.read();
        app.meters.traffic.total(|id| fleet.agent_by_id(id).is_some() && fleet.stale_since(id).is_none())
    };
    ThroughputStats {
        commands_per_minute: rates.commands,
        events_per_minute: rates.events,
        telemetry_per_minute: rates.telemetry,
        network_received_bytes_per_second: network.map(|rate| rate.received),
        network_transmitted_bytes_per_second: network.map(|rate| rate.transmitted),
        network_nodes,
    }
}

fn load(app: &App) -> LoadStats {
    let fleet = app.fleet.read();
    let heard_of = fleet.agents().filter(|agent| fleet.stale_since(agent.id).is_none());
    let latest: Vec<_> = heard_of.filter_map(|agent| fleet.telemetry(agent.id)).collect();
    drop(fleet);
    let range = |value: fn(&Telemetry) -> f64| {
        range(latest.iter().map(|telemetry| (value(telemetry), telemetry.agent_id.as_str())))
    };
    LoadStats {
        cpu_percent: range(|telemetry| telemetry.cpu_usage.into()),
        memory_percent: range(|telemetry| telemetry.memory_usage.percent.into()),
        load_average: range(|telemetry| telemetry.load_average[0]),
        nodes: latest.len() as u64,
    }
}

#[expect(clippy::cast_precision_loss, reason = "a mean over as many as there are nodes")]
fn range<'a>(values: impl Iterator<Item = (f64, &'a str)>) -> LoadRange {
    let (mut sum, mut count, mut highest): (f64, u64, Option<(f64, &str)>) = (0.0, 0, None);
    for (value, node) in values {
        (sum, count) = (sum + value, count + 1);
        if highest.is_none_or(|(most, _)| value > most) {
            highest = Some((value, node));
        }
    }
    LoadRange {
        average: (count > 0).then(|| sum / count as f64),
        highest: highest.map(|(value, _)| value),
        highest_node: highest.map(|(_, node)| node.to_owned()),
    }
}
