//! `worpen status`: the server and its fleet on one screen.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{error::CliError, exit::ExitStatus, measure, printer::Tone, session::Session, table::Cell};
use crate::proto::{
    dashboard::{DashboardStats, GetDashboardStats, LoadRange},
    endpoint::Empty,
    health::{GetSystemHealth, Health, SystemHealth},
    statistics::{GetStatistics, Statistics},
    status::{GetStatus, ServerStatus},
};

/// What the server tells of itself and of its fleet.
#[derive(Debug, Serialize)]
struct Whole {
    address: String,
    server: ServerStatus,
    health: SystemHealth,
    fleet: DashboardStats,
    statistics: Statistics,
}

pub(crate) async fn run(session: &Session) -> Result<ExitStatus, CliError> {
    let client = session.client()?;
    let (server, health, fleet, statistics) = tokio::try_join!(
        client.call::<GetStatus>(&Empty {}),
        client.call::<GetSystemHealth>(&Empty {}),
        client.call::<GetDashboardStats>(&Empty {}),
        client.call::<GetStatistics>(&Empty {}),
    )?;
    let whole = Whole {
        address: client.server().to_owned(),
        server: server.body,
        health: health.body,
        fleet: fleet.body,
        statistics: statistics.body,
    };
    let (status, counts) = (&whole.server, &whole.statistics);
    let here = env!("CARGO_PKG_VERSION");
    session.one(
        &whole,
        &whole.address,
        [
            ("Server", whole.address.as_str().into()),
            ("Version", version(&status.version, here)),
            ("Up for", measure::age(status.started_at, session.now).into()),
            ("Health", health_cell(whole.health)),
            ("Store", store(status).into()),
            ("Agents", agents(&whole)),
            ("Containers", counted(&counts.containers).into()),
            ("Images", number(counts.images).into()),
            ("Load", load(&whole.fleet).into()),
            ("Commands, 24 h", counted(&counts.commands_24h).into()),
            ("Events", events(status, counts).into()),
            ("Connections", connections(status).into()),
            ("Limits", limits(status).into()),
        ],
    )?;
    Ok(ExitStatus::Done)
}

fn version(there: &str, here: &str) -> Cell {
    if there == here {
        return there.into();
    }
    Cell::toned(format!("{there}; this program is {here}"), Tone::Warning)
}

fn health_cell(health: SystemHealth) -> Cell {
    let word = |health: Health| health.as_str().replace('_', " ");
    let tone = match health.status {
        Health::Healthy => Tone::Good,
        Health::Degraded | Health::Unknown => Tone::Warning,
        Health::Down => Tone::Bad,
        Health::NotConfigured => Tone::Dim,
    };
    if health.status == Health::Healthy {
        return Cell::toned(word(health.status), tone);
    }
    Cell::toned(format!("{}: the database is {}", word(health.status), word(health.database)), tone)
}

fn store(status: &ServerStatus) -> String {
    let store = &status.store;
    let waiting = match store.changes_waiting {
        0 => String::new(),
        waiting => format!(", {} changes wait", number(waiting)),
    };
    format!(
        "{}, {} control, {} telemetry{waiting}",
        store.kind,
        measure::bytes(store.control_bytes),
        measure::bytes(store.telemetry_bytes),
    )
}

fn agents(whole: &Whole) -> Cell {
    let nodes = &whole.fleet.nodes;
    let is_down = |status: &str| ["OFFLINE", "UNKNOWN", "DEGRADED", "QUARANTINED"].contains(&status);
    let troubled = nodes.by_status.iter().any(|(status, count)| is_down(status) && *count > 0);
    Cell::toned(counted(&nodes.by_status), if troubled { Tone::Warning } else { Tone::Plain })
}

/// `12: 11 online, 1 offline`, the most first.
fn counted(counts: &BTreeMap<String, u64>) -> String {
    let total: u64 = counts.values().sum();
    let mut parts: Vec<(&String, u64)> = counts.iter().map(|(name, count)| (name, *count)).collect();
    parts.retain(|(_, count)| *count > 0);
    parts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    let parts: Vec<String> = parts
        .iter()
        .map(|(name, count)| format!("{} {}", number(*count), name.to_lowercase().replace('_', " ")))
        .collect();
    if parts.is_empty() { "none".to_owned() } else { format!("{}: {}", number(total), parts.join(", ")) }
}

fn load(fleet: &DashboardStats) -> String {
    let load = &fleet.load;
    if load.nodes == 0 {
        return measure::dash();
    }
    let part = |what: &str, range: &LoadRange| {
        let (Some(average), Some(highest)) = (range.average, range.highest) else {
            return format!("{what} -");
        };
        let node = range.highest_node.as_deref().map_or_else(String::new, |node| format!(" on {node}"));
        format!("{what} {average:.0} % (at most {highest:.0} %{node})")
    };
    format!("{}, {}", part("cpu", &load.cpu_percent), part("memory", &load.memory_percent))
}

fn events(status: &ServerStatus, counts: &Statistics) -> String {
    let kept = match (status.events.first_sequence, status.events.last_sequence) {
        (Some(first), Some(last)) => format!("#{first} to #{last}"),
        _ => "none yet".to_owned(),
    };
    let behind = match status.events.watcher_lag {
        Some(lag) if lag > 0 => format!(", the slowest {} behind", number(lag)),
        _ => String::new(),
    };
    let watchers = status.connections.watchers;
    format!("{kept}, {} in 24 h, {} watching{behind}", number(counts.events_24h), number(watchers))
}

fn connections(status: &ServerStatus) -> String {
    let (now, most) = (&status.connections, &status.limits);
    format!(
        "{} of {} callers, {} of {} agents, {} requests in flight",
        number(now.callers),
        number(most.max_connections),
        number(now.agents_linked),
        number(most.max_agent_connections),
        number(now.requests_in_flight),
    )
}

fn limits(status: &ServerStatus) -> String {
    let limits = &status.limits;
    format!(
        "{} requests in {} s ({} from strangers), {} s each; events kept for {} d, {} at most",
        number(limits.rate_limit_requests.into()),
        limits.rate_limit_window_s,
        number(limits.rate_limit_anonymous.into()),
        limits.request_timeout_s,
        limits.event_retention_days,
        number(limits.event_retention_count),
    )
}

/// A count with its thousands apart.
fn number(count: u64) -> String {
    let digits = count.to_string();
    let mut grouped = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}
