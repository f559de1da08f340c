//! `worpen agents describe`: everything that is known of a node now, on one screen.

use jiff::Timestamp;
use serde::Serialize;

use super::{
    super::{
        error::CliError,
        events::Lines,
        exit::ExitStatus,
        measure,
        printer::Tone,
        session::Session,
        table::{self, Cell, labels, several},
    },
    engine, status,
};
use crate::{
    client::Client,
    proto::{
        agent::{AgentDetail, AgentHealth, AgentRef, AgentStatus, GetAgent, GetAgentHealth},
        event::{Event, EventHistory, EventHistoryRequest, SubscribeRequest},
        page::MAX_LIMIT,
        telemetry::Telemetry,
    },
};

/// Events that are shown.
const SHOWN: usize = 8;
/// The newest so many events are looked through for those of the node.
const LOOKED_THROUGH: u64 = 20_000;
/// Characters of a bar.
const BAR: u16 = 24;

/// Arguments of `worpen agents describe`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Name or id of the node.
    node: String,
}

/// A node with what is known of it now.
#[derive(Debug, Serialize)]
struct Description {
    #[serde(flatten)]
    detail: AgentDetail,
    /// How it is.
    health: AgentHealth,
    /// Why it stands as it does, where somebody said so.
    reason: Option<String>,
    /// What happened there lately, the oldest first.
    events: Vec<Event>,
}

pub(crate) async fn run(args: Args, session: &Session) -> Result<ExitStatus, CliError> {
    let client = session.client()?;
    let node = AgentRef { id: args.node };
    let (detail, health) =
        tokio::try_join!(client.call::<GetAgent>(&node), client.call::<GetAgentHealth>(&node))?;
    let (detail, health) = (detail.body, health.body);
    let events = lately(&client, &detail.agent.agent_id).await?;
    let reason = reason(&detail, &events);
    let description = Description { detail, health, reason, events };
    if session.form.format.is_for_people() {
        session.printer.page(&drawn(&description, session))?;
        return Ok(ExitStatus::Done);
    }
    let name = description.detail.agent.agent_id.clone();
    session.record(&description, &name, String::new)?;
    Ok(ExitStatus::Done)
}

/// The latest events of a node. The log is read forwards, so that the beginning is some way before its end.
async fn lately(client: &Client, node: &str) -> Result<Vec<Event>, CliError> {
    let mut stream = client.stream(SubscribeRequest::default());
    stream.begin().await?;
    let end = stream.position().unwrap_or_default();
    let mut request = EventHistoryRequest {
        from: Some(end.saturating_sub(LOOKED_THROUGH)),
        node: Some(node.to_owned()),
        limit: Some(MAX_LIMIT),
        ..EventHistoryRequest::default()
    };
    let mut events = Vec::new();
    loop {
        let page = client.call::<EventHistory>(&request).await?.body;
        events.extend(page.items);
        events.drain(..events.len().saturating_sub(SHOWN));
        match page.next_cursor {
            Some(cursor) if request.cursor.as_ref() != Some(&cursor) => request.cursor = Some(cursor),
            _ => return Ok(events),
        }
    }
}

/// Why a node stands as it does: the last that was said about its status.
fn reason(detail: &AgentDetail, events: &[Event]) -> Option<String> {
    if detail.agent.status == AgentStatus::Online {
        return None;
    }
    let about_status = |event: &&Event| event.kind.as_str().starts_with("agent.");
    let said = events.iter().rev().filter(about_status).find_map(|event| event.data.get("reason")?.as_str());
    said.map(str::to_owned)
}

fn drawn(description: &Description, session: &Session) -> String {
    let Description { detail, health, events, .. } = description;
    let (agent, host, now) = (&detail.agent, &detail.agent.host, session.now);
    let containers: Vec<String> =
        detail.containers.iter().map(|(state, count)| format!("{count} {state}")).collect();
    let system = [host.os.as_deref(), host.kernel.as_deref(), host.arch.as_deref()];
    let system: Vec<&str> = system.into_iter().flatten().collect();
    let processor = host.cpu_model.as_deref().map(str::to_owned);
    let processor = match (processor, host.cpu_count) {
        (Some(model), Some(count)) => Some(format!("{model}, {count} processors")),
        (None, Some(count)) => Some(format!("{count} processors")),
        (model, None) => model,
    };
    let facts = [
        ("Name", agent.agent_id.as_str().into()),
        ("Site", agent.site.as_str().into()),
        ("Status", status(agent.status)),
        ("Why", why(description, now).into()),
        ("Agent", Cell::of(agent.version.as_ref().map(|version| version_and_place(version, agent)))),
        ("Joined", ago(Some(agent.created_at), now)),
        ("Started", ago(host.booted_at, now)),
        ("System", several(&system, ", ")),
        ("Processor", Cell::of(processor)),
        ("Engine", engine(agent)),
        ("Labels", labels(&agent.labels)),
        ("Verbs", several(&agent.capabilities, ", ")),
        ("Containers", several(&containers, ", ")),
    ];
    let canvas = session.canvas();
    let mut text = table::facts(facts.iter().map(|(name, cell)| (*name, cell)), canvas);
    if let Some(telemetry) = &detail.telemetry {
        let usage = usage(telemetry);
        text.push_str(&format!("\n\nMeasured {} ago\n", measure::age(telemetry.timestamp, now)));
        text.push_str(&table::facts(usage.iter().map(|(name, cell)| (name.as_str(), cell)), canvas));
    } else if health.linked {
        text.push_str("\n\nIt has measured nothing yet.");
    }
    if !events.is_empty() {
        text.push_str("\n\nLately\n");
        let mut lines = Lines::default();
        let events: Vec<String> = events.iter().map(|event| lines.event(event)).collect();
        text.push_str(&events.join("\n"));
    }
    text + "\n"
}

fn version_and_place(version: &str, agent: &crate::proto::agent::Agent) -> String {
    match &agent.address {
        Some(address) => format!("{version} at {address}"),
        None => version.to_owned(),
    }
}

fn ago(time: Option<Timestamp>, now: Timestamp) -> Cell {
    Cell::of(time.map(|time| format!("{} ago", measure::age(time, now))))
}

/// Why it stands as it does, in words.
fn why(description: &Description, now: Timestamp) -> String {
    let AgentHealth { status, status_since, last_seen_at, linked, heartbeat_interval_s, .. } =
        &description.health;
    let since = measure::age(*status_since, now);
    let heard = match last_seen_at {
        Some(seen) => format!("last heard of {} ago", measure::age(*seen, now)),
        None => "never heard of".to_owned(),
    };
    let link = if *linked { "linked" } else { "not linked" };
    let said = description.reason.as_ref().map_or_else(String::new, |reason| format!(": {reason}"));
    match status {
        AgentStatus::Unknown => format!("its link ended {since} ago{said}; {heard}"),
        AgentStatus::Offline => {
            format!("silent for three intervals of {heartbeat_interval_s} s since {since}{said}; {heard}")
        }
        AgentStatus::Maintenance => format!("somebody works on it since {since}{said}; {link}, {heard}"),
        AgentStatus::Quarantined => {
            format!("two processes hold its identity since {since}{said}; {link}, {heard}")
        }
        AgentStatus::Degraded => format!("it says so itself since {since}{said}; {link}, {heard}"),
        AgentStatus::Online | AgentStatus::Revoked => format!("for {since}{said}; {link}, {heard}"),
    }
}

/// What is in use, with bars.
fn usage(telemetry: &Telemetry) -> Vec<(String, Cell)> {
    let of = |used: u64, total: u64| format!("{} of {}", measure::bytes(used), measure::bytes(total));
    let memory = &telemetry.memory_usage;
    let mut usage = vec![
        ("CPU".to_owned(), bar(telemetry.cpu_usage, "")),
        ("Memory".to_owned(), bar(memory.percent, &of(memory.used_bytes, memory.total_bytes))),
    ];
    for (mount, disk) in &telemetry.disk_usage {
        usage.push((format!("Disk {mount}"), bar(disk.percent, &of(disk.used_bytes, disk.total_bytes))));
    }
    let [one, five, fifteen] = telemetry.load_average;
    usage.push(("Load".to_owned(), format!("{one:.2}, {five:.2}, {fifteen:.2}").into()));
    usage
}

/// A share as a bar, with its number so that nobody needs the colour.
fn bar(percent: f32, beside: &str) -> Cell {
    let tone = match percent {
        percent if percent >= 90.0 => Tone::Bad,
        percent if percent >= 75.0 => Tone::Warning,
        _ => Tone::Good,
    };
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "at least 0 and at most BAR")]
    let filled = (percent.clamp(0.0, 100.0) / 100.0 * f32::from(BAR)).round() as usize;
    let (full, empty) = ("█".repeat(filled), "░".repeat(usize::from(BAR) - filled));
    Cell::toned(format!("{full}{empty} {:>7}  {beside}", measure::percent(percent)).trim_end(), tone)
}
