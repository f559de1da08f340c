//! One container: what it is, what it uses, what its engine knows.

use jiff::Timestamp;
use ratatui::layout::Rect;

use super::{
    Inset,
    agent::{Layout, body, place},
    facts::{self, Fact},
    list::standing,
    pen::Canvas,
};
use crate::{
    proto::{
        container::{Container, ContainerInspection, ContainerState, ContainerStats},
        event::Event,
        telemetry::MetricPoint,
    },
    tui::{
        figure::{age, bytes, seconds, several, whole},
        state::{
            Link, State,
            detail::{Detail, SPANS, Subject},
        },
        theme::{Theme, Tone},
        widget::chart::{Chart, Unit},
    },
};

/// The digits of an id that tell it from others.
const SHORT: usize = 12;
/// Measurements come every few seconds; those farther apart than twice this are not joined.
const STEP_S: u64 = 10;
/// The least time that a graph shows; it doubles as measurements come, so that the scale seldom changes.
const LEAST_S: i64 = 120;

/// The first line of the last page.
pub(in crate::tui) fn last_top(state: &State, detail: &Detail) -> u16 {
    let area = body(state).inset(1);
    if let Some(lines) = inspected_lines(detail) {
        return length(lines.len()).saturating_sub(below(area).height);
    }
    let facts = facts_of(state, detail).len();
    let layout = Layout::of(area, facts);
    facts::lines_of(facts, layout.columns).saturating_sub(layout.facts.height)
}

/// Draws a container.
pub(super) fn draw(state: &State, detail: &Detail, canvas: &mut Canvas<'_>, area: Rect) {
    let inner = area.inset(1);
    match inspected_lines(detail) {
        Some(lines) => draw_inspection(&lines, detail, canvas, inner),
        None if detail.is_inspected() => {
            place("containers", &detail.name, "inspect", canvas, inner);
            let (text, tone) = match &detail.subject {
                Subject::Container { inspected: Some(Err(cause)), .. } => (cause.as_str(), Tone::Bad),
                _ => ("...", Tone::Dim),
            };
            let room = below(inner);
            canvas.text(Rect { height: room.height.min(1), ..room }, text, tone);
        }
        None => draw_facts(state, detail, canvas, inner),
    }
    if matches!(state.link, Link::Lost { .. }) {
        canvas.fill(area, Tone::Dim);
    }
}

fn draw_facts(state: &State, detail: &Detail, canvas: &mut Canvas<'_>, area: Rect) {
    let facts = facts_of(state, detail);
    let layout = Layout::of(area, facts.len());
    let range = facts::range(facts::lines_of(facts.len(), layout.columns), detail.top, layout.facts.height);
    let Subject::Container { cpu, memory, .. } = &detail.subject else { return };
    let shown_s = shown_s(cpu, detail.span);
    let right = [range, shown_s.map(|shown| format!("last {}", seconds(shown)))];
    let right: Vec<String> = right.into_iter().flatten().collect();
    place("containers", &detail.name, &right.join("   "), canvas, area);
    if facts.is_empty() {
        let (text, tone) = match &detail.failed {
            Some(cause) => (cause.as_str(), Tone::Bad),
            None => ("...", Tone::Dim),
        };
        canvas.text(Rect { height: layout.facts.height.min(1), ..layout.facts }, text, tone);
    }
    facts::draw(&facts, layout.columns, detail.top, canvas, layout.facts);
    if let Some(shown_s) = shown_s {
        let series = [("cpu, 100% is one", Unit::OneCpu, cpu), ("memory", Unit::Percent, memory)];
        for ((title, unit, measured), place) in series.into_iter().zip(facts::graphs(layout.graphs, 2)) {
            draw_graph(title, unit, measured, shown_s, canvas, place);
        }
    }
    let (node, name) = detail.name.split_once('/').unwrap_or((detail.name.as_str(), ""));
    let about = |event: &&Event| {
        let named = event.data.get("container").and_then(|record| record.get("name")?.as_str());
        event.subject.as_deref() == Some(node) && named == Some(name)
    };
    facts::lately(state.events.iter().filter(about), false, canvas, layout.lately);
}

fn draw_graph(
    title: &str,
    unit: Unit,
    measured: &[(Timestamp, f64)],
    shown_s: i64,
    canvas: &mut Canvas<'_>,
    area: Rect,
) {
    let Some((to, _)) = measured.last() else { return };
    let from = Timestamp::from_second(to.as_second() - shown_s).unwrap_or(*to);
    let points: Vec<MetricPoint> =
        measured.iter().map(|(time, value)| MetricPoint { time: *time, value: Some(*value) }).collect();
    let chart = Chart { title, unit, from, to: *to, step_s: STEP_S, points: &points };
    facts::graph(&chart, canvas, area);
}

/// How many seconds graphs show: all that was measured, as far back as was asked for; none before two measurements.
fn shown_s(measured: &[(Timestamp, f64)], span: usize) -> Option<i64> {
    let ([(first, _), ..], [.., (last, _)]) = (measured, measured) else { return None };
    let known = last.as_second() - first.as_second();
    let most = SPANS.get(span).map_or(LEAST_S, |span| span_s(span));
    let mut shown = LEAST_S;
    while shown < known.min(most) {
        shown *= 2;
    }
    (measured.len() > 1).then_some(shown.min(most))
}

/// A span in seconds, `15m`.
fn span_s(span: &str) -> i64 {
    let digits = span.trim_end_matches(char::is_alphabetic);
    let unit = match &span[digits.len()..] {
        "m" => 60,
        "h" => 3_600,
        _ => 86_400,
    };
    digits.parse::<i64>().map_or(LEAST_S, |count| count * unit)
}

fn facts_of(state: &State, detail: &Detail) -> Vec<Fact> {
    let Subject::Container { known, stats, .. } = &detail.subject else { return Vec::new() };
    let Some(container) = known else { return Vec::new() };
    let theme = &state.theme;
    let ago = |moment: Timestamp| age(state.now.duration_since(moment).as_secs().max(0));
    let mut facts = standing_facts(container, ago, theme);
    if let Some(cause) = &detail.failed {
        facts.push(Fact::of("trouble", vec![(cause.clone(), Tone::Bad)]));
    }
    let running = container.facts.state == ContainerState::Running;
    match stats {
        Some(Ok(stats)) if running => facts.extend(usage(stats, theme)),
        Some(Err(cause)) if running => facts.push(Fact::of("usage", vec![(cause.clone(), Tone::Bad)])),
        None if running => facts.push(Fact::of("usage", vec![("...".to_owned(), Tone::Dim)])),
        _ => {}
    }
    facts.extend(identity(container, ago));
    facts
}

fn standing_facts(container: &Container, ago: impl Fn(Timestamp) -> String, theme: &Theme) -> Vec<Fact> {
    let record = &container.facts;
    let (glyph, tone) = standing(record.state.as_str(), theme);
    let mut pieces = vec![(format!("{glyph} {}", record.state.as_str()), tone)];
    let running = record.state == ContainerState::Running;
    let since = if running { record.started_at } else { record.finished_at };
    let since = since
        .map(&ago)
        .map(|since| if running { format!("  for {since}") } else { format!("  {since} ago") });
    pieces.extend(since.map(|since| (since, Tone::Dim)));
    let mut facts = vec![Fact::of("state", pieces)];
    if let Some(health) = record.health.as_deref() {
        let (glyph, tone) = standing(health, theme);
        facts.push(Fact::of("health", vec![(format!("{glyph} {health}"), tone)]));
    }
    if let Some(code) = record.exit_code.filter(|_| !running) {
        let tone = if code == 0 { Tone::Plain } else { Tone::Bad };
        facts.push(Fact::of("exit code", vec![(code.to_string(), tone)]));
    }
    let mut node = vec![(container.node.to_string(), Tone::Plain)];
    node.extend(
        container.stale_since.map(|since| (format!("  not heard of for {}", ago(since)), Tone::Warning)),
    );
    facts.push(Fact::of("node", node));
    facts
}

fn usage(stats: &ContainerStats, theme: &Theme) -> Vec<Fact> {
    let mut facts = Vec::new();
    if let Some(percent) = stats.cpu_percent {
        let count = stats.cpu_count.unwrap_or(1).max(1);
        let of = format!("of {}", several(count as usize, "CPU"));
        facts.push(Fact::percent("cpu", percent / f64::from(count), &of, false, theme));
    }
    match (stats.memory_percent, stats.memory_used_bytes, stats.memory_limit_bytes) {
        (Some(percent), Some(used), Some(limit)) => {
            let of = format!("{} of {}", bytes(used as f64), bytes(limit as f64));
            facts.push(Fact::percent("memory", percent, &of, false, theme));
        }
        (_, Some(used), _) => facts.push(Fact::new("memory", bytes(used as f64))),
        _ => {}
    }
    if !stats.networks.is_empty() {
        let received: u64 = stats.networks.values().map(|traffic| traffic.received_bytes).sum();
        let sent: u64 = stats.networks.values().map(|traffic| traffic.transmitted_bytes).sum();
        facts.push(since_start("network", (received, "in"), (sent, "out")));
    }
    if let Some((read, written)) = stats.block_read_bytes.zip(stats.block_written_bytes) {
        facts.push(since_start("disk", (read, "read"), (written, "written")));
    }
    if let Some(pids) = stats.pids {
        let pieces = vec![(whole(pids), Tone::Plain), ("  processes and threads".to_owned(), Tone::Dim)];
        facts.push(Fact::of("runs", pieces));
    }
    facts
}

/// Two counts of bytes since the container started.
fn since_start(title: &str, one: (u64, &str), other: (u64, &str)) -> Fact {
    let text = format!("{} {}  {} {}", bytes(one.0 as f64), one.1, bytes(other.0 as f64), other.1);
    Fact::of(title, vec![(text, Tone::Plain), ("  since its start".to_owned(), Tone::Dim)])
}

fn identity(container: &Container, ago: impl Fn(Timestamp) -> String) -> Vec<Fact> {
    let record = &container.facts;
    let moment = |moment: Option<Timestamp>| moment.map(|moment| format!("{} ago", ago(moment)));
    let ports = (!record.ports.is_empty()).then(|| record.ports.join(", "));
    let facts = [
        ("image", Some(record.image.to_string())),
        ("image id", Some(short(record.image_id.trim_start_matches("sha256:")).to_owned())),
        ("id", Some(short(&record.id).to_owned())),
        ("command", record.command.as_deref().map(str::to_owned)),
        ("ports", ports),
        ("created", moment(record.created_at)),
        ("started", moment(record.started_at)),
        ("finished", moment(record.finished_at)),
    ];
    let mut facts: Vec<Fact> =
        facts.into_iter().filter_map(|(title, fact)| Some(Fact::new(title, fact?))).collect();
    for (at, (name, value)) in record.labels.iter().enumerate() {
        let title = if at == 0 { "labels" } else { "" };
        facts.push(Fact::of(title, vec![(format!("{name} "), Tone::Dim), (value.to_owned(), Tone::Plain)]));
    }
    facts
}

fn short(id: &str) -> &str {
    id.get(..SHORT).unwrap_or(id)
}

/// What is below the line of the place.
fn below(area: Rect) -> Rect {
    let used = area.height.min(2);
    Rect { y: area.y + used, height: area.height - used, ..area }
}

fn length(lines: usize) -> u16 {
    u16::try_from(lines).unwrap_or(u16::MAX)
}

/// What the engine knows, line by line, when that is shown and here.
fn inspected_lines(detail: &Detail) -> Option<Vec<String>> {
    let Subject::Container { inspected: Some(Ok(inspected)), inspect: true, .. } = &detail.subject else {
        return None;
    };
    let ContainerInspection(fields) = &**inspected;
    let text = serde_json::to_string_pretty(fields).unwrap_or_default();
    Some(text.lines().map(str::to_owned).collect())
}

fn draw_inspection(lines: &[String], detail: &Detail, canvas: &mut Canvas<'_>, area: Rect) {
    let room = below(area);
    let top = detail.top.min(length(lines.len()).saturating_sub(room.height));
    let range = facts::range(length(lines.len()), top, room.height);
    place("containers", &detail.name, &range.unwrap_or_else(|| "inspect".to_owned()), canvas, area);
    for (row, line) in (0..room.height).zip(lines.iter().skip(usize::from(top))) {
        let (key, value) = line.split_at(key_end(line));
        canvas.pieces(Rect { y: room.y + row, height: 1, ..room }, [(key, Tone::Dim), (value, Tone::Plain)]);
    }
}

/// Where the value of a line of JSON begins; 0 without a key.
fn key_end(line: &str) -> usize {
    let begin = line.len() - line.trim_start().len();
    let Some(quoted) = line[begin..].strip_prefix('"') else { return 0 };
    let mut escaped = false;
    for (at, c) in quoted.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => {
                let end = begin + at + 2;
                return if line[end..].starts_with(": ") { end + 2 } else { 0 };
            }
            _ => {}
        }
    }
    0
}

#[cfg(test)]
mod tests;
