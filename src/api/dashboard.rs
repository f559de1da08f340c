//! The fleet in a few numbers.

use std::time::Duration;

use super::{
    app::App,
    call::{Answer, Call},
    clock,
    sight::Sight,
    statistics::{in_words, per_minute, tally},
};
use crate::{
    core::{error::Error, fleet::SharedFleet},
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
    Ok(Answer::ok(&of(&call.app, &call.sight).await?))
}

/// The fleet in a few numbers, as it is now and as it is shown: what is counted over the whole server is shown with the whole
/// fleet alone.
pub(super) async fn of(app: &App, sight: &Sight) -> Result<DashboardStats, Error> {
    let fleet = sight.fleet();
    let nodes = nodes(app, sight, &fleet);
    let security = if sight.is_whole() {
        let (_, counts) = app.counted.counts(app).await?;
        Some(SecurityStats {
            denied_24h: counts.denied,
            quarantined_agents: nodes.by_status.get("QUARANTINED").copied().unwrap_or_default(),
            active_keys: counts.active_keys,
            sign_ins_refused: app.meters.sign_ins_refused.get(),
            requests_rate_limited: app.limits.refused.get(),
            since: app.meters.started_at,
        })
    } else {
        None
    };
    let (throughput, load) = (throughput(app, sight, &fleet), load(&fleet));
    Ok(DashboardStats { time: clock::now(), nodes, throughput, load, security })
}

fn nodes(app: &App, sight: &Sight, fleet: &SharedFleet) -> NodeStats {
    let fleet = fleet.read();
    let by_status = in_words(tally(fleet.agents().map(|agent| agent.status)));
    let linked = if sight.is_whole() {
        app.hub.count()
    } else {
        fleet.agents().filter(|agent| fleet.is_linked(agent.id)).count()
    };
    NodeStats { total: by_status.values().sum(), by_status, linked: linked as u64 }
}

fn throughput(app: &App, sight: &Sight, fleet: &SharedFleet) -> ThroughputStats {
    let rates = sight.is_whole().then(|| per_minute(app, MINUTE));
    let (network, network_nodes) = {
        let fleet = fleet.read();
        app.meters.traffic.total(|id| fleet.agent_by_id(id).is_some() && fleet.stale_since(id).is_none())
    };
    ThroughputStats {
        commands_per_minute: rates.as_ref().and_then(|rates| rates.commands),
        events_per_minute: rates.as_ref().and_then(|rates| rates.events),
        telemetry_per_minute: rates.as_ref().and_then(|rates| rates.telemetry),
        network_received_bytes_per_second: network.map(|rate| rate.received),
        network_transmitted_bytes_per_second: network.map(|rate| rate.transmitted),
        network_nodes,
    }
}

fn load(fleet: &SharedFleet) -> LoadStats {
    let fleet = fleet.read();
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
