//! Commands and events: what happened, the newest first.

use ratatui::layout::Rect;

use super::{Inset, list::standing, pen::Canvas};
use crate::{
    client::summary,
    proto::{
        command::{Command, CommandStatus},
        event::Event,
    },
    tui::{
        figure::{self, whole},
        state::{
            State,
            feed::{Entry, Feed},
        },
        theme::Tone,
    },
};

/// Draws the commands.
pub(super) fn draw_commands(state: &State, canvas: &mut Canvas<'_>, area: Rect) {
    let columns = [
        ("AGE", 4),
        ("STATUS", 12),
        ("VERB", 18),
        ("TARGETS", 24),
        ("BY", 18),
        ("TOOK", 6),
        ("WHAT", u16::MAX),
    ];
    draw(state, &state.commands, "commands", &columns, canvas, area, |command, canvas, cells| {
        command_row(state, command, canvas, cells);
    });
}

/// Draws the events.
pub(super) fn draw_events(state: &State, canvas: &mut Canvas<'_>, area: Rect) {
    let columns = [("TIME", 8), ("EVENT", 20), ("NODE", 20), ("BY", 18), ("WHAT", u16::MAX)];
    draw(state, &state.events, "events", &columns, canvas, area, |event, canvas, cells| {
        event_row(event, canvas, cells);
    });
}

fn draw<T: Entry>(
    state: &State,
    feed: &Feed<T>,
    name: &str,
    columns: &[(&str, u16)],
    canvas: &mut Canvas<'_>,
    area: Rect,
    mut row: impl FnMut(&T, &mut Canvas<'_>, &[Rect]),
) {
    let area = area.inset(1);
    let arrow = canvas.theme.glyph(" › ", " > ");
    let mut left = vec![(name.to_owned(), Tone::Strong)];
    if !feed.filter.is_empty() {
        left.extend([(arrow.to_owned(), Tone::Dim), (format!("/{}", feed.filter), Tone::Accent)]);
    }
    let line = Rect { height: 1, ..area };
    let more = if feed.more { "+" } else { "" };
    let range = if feed.len() == 0 {
        String::new()
    } else {
        format!("{} of {}{more}", whole(feed.at() as u64 + 1), whole(feed.len() as u64))
    };
    let taken = canvas.right(line, &range, Tone::Dim);
    canvas.pieces(Rect { width: line.width.saturating_sub(taken + 2), ..line }, left);
    if area.height < 2 {
        return;
    }
    let rows =
        Rect { x: area.x + 2, y: area.y + 2, width: area.width.saturating_sub(2), height: area.height - 2 };
    let cells = cells(columns, rows);
    for ((title, _), cell) in columns.iter().zip(&cells) {
        canvas.text(Rect { y: area.y + 1, ..*cell }, title, Tone::Dim);
    }
    if feed.len() == 0 {
        let (text, tone) = match (&feed.failed, feed.waiting || state.link != crate::tui::state::Link::Up) {
            (Some(cause), _) => (cause.as_str(), Tone::Bad),
            (None, true) => ("...", Tone::Dim),
            (None, false) if feed.filter.is_empty() => ("nothing happened yet", Tone::Dim),
            (None, false) => ("nothing of what is loaded matches", Tone::Dim),
        };
        canvas.text(rows, text, tone);
        return;
    }
    let at = feed.at();
    for line in 0..rows.height {
        let index = feed.top + usize::from(line);
        let Some(entry) = feed.row(index) else { break };
        let cells: Vec<Rect> = cells.iter().map(|cell| Rect { y: rows.y + line, ..*cell }).collect();
        row(entry, canvas, &cells);
        if index == at {
            canvas.text(
                Rect { x: area.x, y: rows.y + line, width: 1, height: 1 },
                canvas.theme.glyph("▌", ">"),
                Tone::Accent,
            );
            if let Some(second) = cells.get(1) {
                canvas.select(*second);
            }
        }
    }
}

/// The places of columns; the last takes what is left, and what has no room is left out.
fn cells(columns: &[(&str, u16)], area: Rect) -> Vec<Rect> {
    let mut x = area.x;
    columns
        .iter()
        .map(|(_, width)| {
            let left = area.right().saturating_sub(x);
            let width = (*width).min(left);
            let cell = Rect { x, y: area.y, width, height: 1 };
            x = x.saturating_add(width).saturating_add(2);
            cell
        })
        .collect()
}

fn command_row(state: &State, command: &Command, canvas: &mut Canvas<'_>, cells: &[Rect]) {
    let age = figure::age(state.now.duration_since(command.created_at).as_secs());
    canvas.right(cells[0], &age, Tone::Dim);
    let (glyph, tone) = standing(command.status.as_str(), &canvas.theme);
    canvas.pieces(cells[1], [(glyph, tone), (" ", tone), (command.status.as_str(), tone)]);
    canvas.text(cells[2], &command.verb, Tone::Plain);
    canvas.text(cells[3], &targets(command), Tone::Plain);
    canvas.text(cells[4], &command.actor, Tone::Dim);
    canvas.right(cells[5], &took(command), Tone::Dim);
    let error = command.executions.iter().find_map(|execution| execution.error_message.as_deref());
    match error {
        Some(error) => canvas.text(cells[6], error, Tone::Bad),
        None => canvas.text(cells[6], &arguments(command), Tone::Dim),
    };
}

/// The nodes that a command is for.
pub(super) fn targets(command: &Command) -> String {
    match command.executions.as_slice() {
        [] => String::new(),
        [one] => one.node.clone(),
        [first, rest @ ..] => format!("{} +{}", first.node, rest.len()),
    }
}

/// The arguments as a person reads them.
pub(super) fn arguments(command: &Command) -> String {
    let Some(fields) = command.args.as_object() else { return String::new() };
    let texts: Vec<String> = fields
        .iter()
        .filter(|(_, value)| !value.is_null())
        .map(|(name, value)| match value.as_str() {
            Some(text) => format!("{name}={}", if name == "id" { &text[..text.len().min(12)] } else { text }),
            None => format!("{name}={value}"),
        })
        .collect();
    texts.join(" ")
}

/// How long a command took, when it is over.
pub(super) fn took(command: &Command) -> String {
    let over = !matches!(command.status, CommandStatus::Queued | CommandStatus::Started);
    match command.ended_at.filter(|_| over) {
        Some(ended) => {
            let took = ended.duration_since(command.created_at).as_millis().max(0);
            if took < 1000 { format!("{took}ms") } else { format!("{:.1}s", took as f64 / 1000.0) }
        }
        None => String::new(),
    }
}

fn event_row(event: &Event, canvas: &mut Canvas<'_>, cells: &[Rect]) {
    canvas.text(cells[0], &figure::clock(event.time), Tone::Dim);
    canvas.text(cells[1], event.kind.as_str(), tone_of(event));
    canvas.text(cells[2], event.subject.as_deref().unwrap_or("-"), Tone::Plain);
    canvas.text(cells[3], &event.actor, Tone::Dim);
    let text = summary(event);
    canvas.text(cells[4], &text, Tone::Plain);
}

/// How much an event matters.
pub(super) fn tone_of(event: &Event) -> Tone {
    let verb = event.kind.as_str().split_once('.').map_or("", |(_, verb)| verb);
    match verb {
        "offline" | "removed" | "quarantined" | "refused" => Tone::Bad,
        "died" => {
            let code = event.data.get("container").and_then(|record| record.get("exit_code")?.as_i64());
            if code == Some(0) { Tone::Plain } else { Tone::Bad }
        }
        "unknown" | "degraded" | "maintenance" => Tone::Warning,
        "online" | "joined" | "started" => Tone::Good,
        _ => Tone::Plain,
    }
}
