//! One agent: facts, figures and graphs.

use jiff::Timestamp;
use ratatui::layout::Rect;
use serde_json::Value;

use super::{
    Inset,
    facts::{self, Fact, GAP},
    list::standing,
    pen::Canvas,
};
use crate::{
    proto::{
        agent::{Agent, AgentDetail, AgentHealth},
        event::Event,
        telemetry::{Metric, MetricHistory, Telemetry},
    },
    tui::{
        figure::{age, bytes, several},
        state::{
            Link, State,
            detail::{Detail, GRAPHS, LIVE, SPANS, Subject},
        },
        theme::{Theme, Tone},
        widget::{
            Line,
            chart::{Chart, Unit},
        },
    },
};

/// From this width on graphs stand beside the facts.
const WIDE: u16 = 100;
/// From this width on facts stand in two columns above the graphs.
const TWO_COLUMNS: u16 = 54;
/// From this height on there is room for blank lines.
const ROOMY: u16 = 18;
/// The lines that what happened takes, with its title, where there are so many.
const LATELY: u16 = 6;
/// What is said of usage that makes an agent unwell, in percent.
const HIGH: f32 = 90.0;

/// Where things are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Layout {
    pub(super) facts: Rect,
    /// The columns of the facts.
    pub(super) columns: u16,
    pub(super) graphs: Rect,
    pub(super) lately: Rect,
}

impl Layout {
    /// Divides what is below the line of the place.
    pub(super) fn of(area: Rect, facts: usize) -> Self {
        let used = area.height.min(if area.height >= ROOMY { 2 } else { 1 });
        let room = Rect { y: area.y + used, height: area.height - used, ..area };
        if area.width >= WIDE {
            let left = Rect { width: (room.width * 2 / 5).clamp(40, 60), ..room };
            let x = left.right() + GAP;
            let right = Rect { x, width: room.right() - x, ..room };
            let (graphs, lately) = above(right, 24);
            return Self { facts: left, columns: 1, graphs, lately };
        }
        let columns = if area.width >= TWO_COLUMNS { 2 } else { 1 };
        let needed = facts::lines_of(facts, columns).max(1);
        let height = needed.min(room.height.div_ceil(2));
        let rest = room.height - height;
        // A graph of fewer lines would say less than facts do.
        let height = if rest < 6 { needed.min(room.height) } else { height };
        let y = room.y + height + 1;
        let below = Rect { y, height: room.bottom().saturating_sub(y), ..room };
        let (graphs, lately) = above(below, 16);
        Self { facts: Rect { height, ..room }, columns, graphs, lately }
    }
}

/// Divides an area between graphs and, from a height on, what happened.
fn above(area: Rect, least: u16) -> (Rect, Rect) {
    let lately = if area.height >= least { LATELY } else { 0 };
    let graphs = Rect { height: area.height.saturating_sub(lately + u16::from(lately > 0)), ..area };
    (graphs, Rect { y: area.bottom() - lately, height: lately, ..area })
}

/// The part of the screen between its first line, with the banner, and its last.
pub(super) fn body(state: &State) -> Rect {
    let y = 1 + u16::from(state.banner().is_some());
    Rect { x: 0, y, width: state.size.0, height: state.size.1.saturating_sub(y + 1) }
}

/// The first line of the last page of facts.
pub(in crate::tui) fn last_top(state: &State, detail: &Detail) -> u16 {
    let facts = facts_of(state, detail).len();
    let layout = Layout::of(body(state).inset(1), facts);
    facts::lines_of(facts, layout.columns).saturating_sub(layout.facts.height)
}

/// Draws an agent.
pub(super) fn draw(state: &State, detail: &Detail, canvas: &mut Canvas<'_>, area: Rect) {
    let inner = area.inset(1);
    let facts = facts_of(state, detail);
    let layout = Layout::of(inner, facts.len());
    let range = facts::range(facts::lines_of(facts.len(), layout.columns), detail.top, layout.facts.height);
    let right = range.map_or_else(String::new, |range| format!("{range}   ")) + "last " + SPANS[detail.span];
    place("agents", &detail.name, &right, canvas, inner);
    if facts.is_empty() {
        let (text, tone) = match &detail.failed {
            Some(cause) => (cause.as_str(), Tone::Bad),
            None => ("...", Tone::Dim),
        };
        canvas.text(Rect { height: layout.facts.height.min(1), ..layout.facts }, text, tone);
    }
    facts::draw(&facts, layout.columns, detail.top, canvas, layout.facts);
    let most = u16::try_from(GRAPHS.len()).unwrap_or(4);
    for (metric, area) in GRAPHS.into_iter().zip(facts::graphs(layout.graphs, most)) {
        draw_graph(detail, metric, canvas, area);
    }
    let about = |event: &&Event| event.subject.as_deref() == Some(detail.name.as_str());
    facts::lately(state.events.iter().filter(about), false, canvas, layout.lately);
    if matches!(state.link, Link::Lost { .. }) {
        canvas.fill(area, Tone::Dim);
    }
}

/// Writes where one is, and something at the right.
pub(super) fn place(noun: &str, name: &str, right: &str, canvas: &mut Canvas<'_>, area: Rect) {
    let arrow = canvas.theme.glyph(" › ", " > ");
    let line = Rect { height: area.height.min(1), ..area };
    let taken = canvas.right(line, right, Tone::Dim);
    let left = Rect { width: line.width.saturating_sub(taken + 2), ..line };
    canvas.pieces(left, [(noun, Tone::Strong), (arrow, Tone::Dim), (name, Tone::Plain)]);
}

fn draw_graph(detail: &Detail, metric: Metric, canvas: &mut Canvas<'_>, area: Rect) {
    let (title, unit) = match metric {
        Metric::CpuUsage => ("cpu", Unit::Percent),
        Metric::MemoryUsage => ("memory", Unit::Percent),
        Metric::NetworkReceivedBytes => ("network in", Unit::BytesPerSecond),
        _ => ("load", Unit::Number),
    };
    match detail.histories.get(&detail.history_of(metric)) {
        Some(Ok(history)) => facts::graph(&chart(title, unit, history), canvas, area),
        Some(Err(cause)) => {
            canvas.pieces(
                Rect { height: 1, ..area },
                [(title, Tone::Dim), ("  ", Tone::Dim), (cause.as_str(), Tone::Bad)],
            );
        }
        None => {
            canvas.pieces(Rect { height: 1, ..area }, [(title, Tone::Dim), ("  ...", Tone::Dim)]);
        }
    }
}

fn chart<'a>(title: &'a str, unit: Unit, history: &'a MetricHistory) -> Chart<'a> {
    let points = history.series.first().map_or(&[][..], |series| series.points.as_slice());
    Chart { title, unit, from: history.from, to: history.to, step_s: history.step_s, points }
}

/// A figure of now.
fn figure<'a>(live: &'a [Value], field: &str) -> Option<&'a Value> {
    let at = LIVE.iter().position(|known| *known == field)?;
    live.get(at).filter(|value| !value.is_null())
}

fn facts_of(state: &State, detail: &Detail) -> Vec<Fact> {
    let Subject::Agent { live, known, .. } = &detail.subject else { return Vec::new() };
    let known = known.as_deref();
    let theme = &state.theme;
    let status = figure(live, "status").and_then(Value::as_str);
    let Some(status) = status.or(known.map(|(found, _)| found.agent.status.as_str())) else {
        return Vec::new();
    };
    let status = status.to_lowercase();
    let stale = matches!(status.as_str(), "offline" | "unknown");
    let ago = |moment: Timestamp| age(state.now.duration_since(moment).as_secs().max(0));
    let since = figure(live, "status_age").and_then(Value::as_i64);
    let since = since.map(|since| age((state.now.as_second() - since).max(0)));
    let since = since.or(known.map(|(found, _)| ago(found.agent.status_since)));
    let (glyph, tone) = standing(&status, theme);
    let mut pieces = vec![(format!("{glyph} {status}"), tone)];
    pieces.extend(since.map(|since| (format!("  for {since}"), Tone::Dim)));
    let mut facts = vec![Fact::of("status", pieces)];
    if let Some(cause) = &detail.failed {
        facts.push(Fact::of("trouble", vec![(cause.clone(), Tone::Bad)]));
    }
    facts.extend(known.and_then(|(_, health)| why(&status, health)).map(|why| Fact::new("why", why)));
    let last_seen = known.and_then(|(found, _)| found.agent.last_seen_at).filter(|_| stale);
    facts.extend(last_seen.map(|seen| Fact::new("last seen", format!("{} ago", ago(seen)))));
    facts.extend(usage(live, known.map(|(found, _)| found), stale, theme));
    if let Some((found, _)) = known {
        facts.extend(identity(&found.agent, found.telemetry.as_ref(), ago));
    }
    facts
}

/// Why an agent stands as it does, when that says more than its status.
fn why(status: &str, health: &AgentHealth) -> Option<String> {
    match status {
        "offline" => Some("not heard of for three heartbeats".to_owned()),
        "unknown" => Some("its link broke".to_owned()),
        "maintenance" => Some("an operator works on it".to_owned()),
        "quarantined" => Some("two processes have its identity".to_owned()),
        "revoked" => Some("its identity was withdrawn".to_owned()),
        "degraded" => {
            let figures =
                [("cpu", health.cpu_usage), ("memory", health.memory_usage), ("disk", health.disk_usage)];
            let high: Vec<String> = figures
                .into_iter()
                .filter_map(|(name, percent)| Some((name, percent.filter(|percent| *percent >= HIGH)?)))
                .map(|(name, percent)| format!("{name} {percent:.0}%"))
                .collect();
            Some(if high.is_empty() { "its node says so".to_owned() } else { high.join(", ") })
        }
        _ => None,
    }
}

fn usage(live: &[Value], found: Option<&AgentDetail>, stale: bool, theme: &Theme) -> Vec<Fact> {
    let number = |field: &str| figure(live, field).and_then(Value::as_f64);
    let telemetry = found.and_then(|found| found.telemetry.as_ref());
    let mut facts = Vec::new();
    if let Some(cpu) = number("cpu").or(telemetry.map(|telemetry| f64::from(telemetry.cpu_usage))) {
        let cores = found.and_then(|found| found.agent.host.cpu_count);
        let of = cores.map_or_else(String::new, |cores| format!("of {}", several(cores as usize, "CPU")));
        facts.push(Fact::percent("cpu", cpu, &of, stale, theme));
    }
    let memory = telemetry.map(|telemetry| telemetry.memory_usage);
    if let Some(percent) = number("memory").or(memory.map(|memory| f64::from(memory.percent))) {
        let total = memory.map(|memory| memory.total_bytes as f64);
        let of = total.map_or_else(String::new, |total| {
            format!("{} of {}", bytes(total * percent / 100.0), bytes(total))
        });
        facts.push(Fact::percent("memory", percent, &of, stale, theme));
    }
    if let Some((total, used)) = memory.and_then(|memory| memory.swap_total_bytes.zip(memory.swap_used_bytes))
        && total > 0
    {
        let of = format!("{} of {}", bytes(used as f64), bytes(total as f64));
        facts.push(Fact::percent("swap", used as f64 * 100.0 / total as f64, &of, stale, theme));
    }
    for (mount, disk) in telemetry.iter().flat_map(|telemetry| &telemetry.disk_usage) {
        let of = format!("{} of {}", bytes(disk.used_bytes as f64), bytes(disk.total_bytes as f64));
        facts.push(Fact::percent(mount, f64::from(disk.percent), &of, stale, theme));
    }
    let loads = telemetry.map(|telemetry| telemetry.load_average);
    if let Some(load) = number("load1").or(loads.map(|loads| loads[0])) {
        let mut pieces = vec![(format!("{load:.2}"), if stale { Tone::Dim } else { Tone::Plain })];
        pieces.extend(
            loads.map(|loads| (format!("  {:.2}  {:.2}  over 1, 5, 15 m", loads[1], loads[2]), Tone::Dim)),
        );
        facts.push(Fact::of("load", pieces));
    }
    facts.extend(containers(live, found, stale));
    facts
}

fn containers(live: &[Value], found: Option<&AgentDetail>, stale: bool) -> Option<Fact> {
    let count = |field: &str| figure(live, field).and_then(Value::as_u64);
    let states = found.map(|found| &found.containers);
    let known = |state: &str| states.and_then(|states| states.get(state)).map(|many| u64::from(*many));
    let all = states.map(|states| states.values().map(|many| u64::from(*many)).sum::<u64>());
    let running = count("running").or(known("running"));
    let all = count("containers").or(all)?;
    let text = format!("{} of {all} running", running.unwrap_or(0));
    let mut pieces: Line = vec![(text, if stale { Tone::Dim } else { Tone::Plain })];
    let others = states.into_iter().flatten().filter(|(state, many)| *state != "running" && **many > 0);
    let others: Vec<String> = others.map(|(state, many)| format!("{many} {state}")).collect();
    if !others.is_empty() {
        pieces.push((format!("  {}", others.join(", ")), Tone::Dim));
    }
    Some(Fact::of("containers", pieces))
}

fn identity(agent: &Agent, telemetry: Option<&Telemetry>, ago: impl Fn(Timestamp) -> String) -> Vec<Fact> {
    let host = &agent.host;
    let up = host.booted_at.map(&ago).or(telemetry.and_then(|telemetry| telemetry.uptime_s).map(seconds));
    let kernel = host.kernel.as_deref().map(|kernel| match host.arch.as_deref() {
        Some(arch) => format!("{kernel}  {arch}"),
        None => kernel.to_owned(),
    });
    let processor = host.cpu_model.as_deref().map(|model| match host.cpu_count {
        Some(count) => format!("{count} x {model}"),
        None => model.to_owned(),
    });
    let engine = agent.container_engine.as_ref();
    let engine =
        engine.map(|engine| format!("{} {}  API {}", engine.name, engine.version, engine.api_version));
    let labels: Vec<String> = agent.labels.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let joined = format!("{} ago, {}", ago(agent.created_at), agent.created_at.strftime("%Y-%m-%d"));
    let facts = [
        ("site", Some(agent.site.clone())),
        ("up for", up),
        ("host", host.hostname.clone()),
        ("address", agent.address.clone()),
        ("os", host.os.as_deref().map(str::to_owned)),
        ("kernel", kernel),
        ("processor", processor),
        ("memory", host.memory_total_bytes.filter(|_| telemetry.is_none()).map(|total| bytes(total as f64))),
        ("engine", engine),
        ("version", agent.version.clone()),
        ("joined", Some(joined)),
        ("labels", (!labels.is_empty()).then(|| labels.join(", "))),
    ];
    facts.into_iter().filter_map(|(title, fact)| Some(Fact::new(title, fact?))).collect()
}

/// Seconds as an age.
fn seconds(seconds: u64) -> String {
    age(i64::try_from(seconds).unwrap_or(i64::MAX))
}
