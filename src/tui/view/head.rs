//! The first line: where one is and how it stands; the last: what can be done, or what was.

use ratatui::layout::{Position, Rect};

use super::{
    Inset,
    pen::{Canvas, cut_left, width},
};
use crate::tui::{
    effect::Deed,
    figure::{bytes, whole},
    keymap::{Act, Scope},
    state::{Link, State, overlay::Overlay},
    theme::Tone,
};

/// The tabs and the acts that go to them.
const TABS: [(Act, &str); 7] = [
    (Act::Fleet, "fleet"),
    (Act::Agents, "agents"),
    (Act::Containers, "containers"),
    (Act::Images, "images"),
    (Act::Commands, "commands"),
    (Act::Events, "events"),
    (Act::Logs, "logs"),
];

/// Draws the first line.
pub(super) fn draw(state: &State, canvas: &mut Canvas<'_>, area: Rect) {
    let line = area.inset(1);
    let right = standing(state, canvas);
    let taken: u16 = right.iter().map(|(text, _)| width(text)).sum();
    let taken = taken.min(line.width);
    canvas.pieces(Rect { x: line.right() - taken, width: taken, ..line }, right);
    let left = Rect { width: line.width.saturating_sub(taken + 2), ..line };
    canvas.text(left, &state.context, Tone::Accent);
    let shown = state.visits.place().tab();
    for (from, act, name) in tabs(state, left) {
        let key = state.keymap.hint(act).unwrap_or_default();
        let here = Rect { x: from, width: left.right().saturating_sub(from), ..left };
        let tone = if name == shown { Tone::Strong } else { Tone::Dim };
        let written = canvas.text(here, &key, if name == shown { Tone::Accent } else { Tone::Dim });
        let here = Rect { x: from + written + 1, width: here.width.saturating_sub(written + 1), ..here };
        canvas.text(here, name, tone);
    }
}

/// Where each tab begins; on a narrow terminal only the one that is shown.
fn tabs(state: &State, line: Rect) -> Vec<(u16, Act, &'static str)> {
    let first = line.x + width(&state.context) + 3;
    let all: u16 = TABS.iter().map(|(_, name)| width(name) + 4).sum();
    let shown = state.visits.place().tab();
    let fits = first + all <= line.right();
    let mut at = first;
    let mut tabs = Vec::new();
    for (act, name) in TABS {
        if fits || name == shown {
            tabs.push((at, act, name));
            at += width(name) + 4;
        }
    }
    tabs
}

/// The tab under a column of the first line.
pub(in crate::tui) fn tab_at(state: &State, column: u16) -> Option<Act> {
    let line = Rect { x: 1, y: 0, width: state.size.0.saturating_sub(2), height: 1 };
    let found = tabs(state, line).into_iter().rev().find(|(from, ..)| *from <= column);
    found.filter(|(from, _, name)| column < from + width(name) + 3).map(|(_, act, _)| act)
}

/// How the link, the caller and the lock stand.
fn standing(state: &State, canvas: &Canvas<'_>) -> Vec<(String, Tone)> {
    let mut pieces = Vec::new();
    if state.read_only {
        pieces.push(("read-only  ".to_owned(), Tone::Warning));
    }
    if let Some(caller) = &state.caller
        && state.size.0 >= 100
    {
        pieces.push((format!("{} ({})  ", caller.username, caller.role.as_str()), Tone::Dim));
    }
    let (glyph, ascii, word, tone) = match state.link {
        Link::Up => ("●", "*", "live", Tone::Good),
        Link::Connecting { .. } => ("◌", "o", "linking", Tone::Busy),
        Link::Lost { .. } => ("○", "o", "no link", Tone::Bad),
        Link::Refused { .. } => ("✕", "x", "refused", Tone::Bad),
    };
    pieces.push((format!("{} {word}", canvas.theme.glyph(glyph, ascii)), tone));
    pieces
}

/// Draws the last line; says where the cursor of a prompt is.
pub(super) fn draw_foot(state: &State, canvas: &mut Canvas<'_>, area: Rect) -> Option<Position> {
    let line = area.inset(1);
    if let Some(Overlay::Filter { prompt, expression, .. }) = &state.overlay {
        let word = if *expression { "where " } else { "/" };
        let taken = canvas.text(line, word, Tone::Accent);
        let hint = match (state.list().is_some(), expression) {
            (true, false) => "tab: expression · enter: keep · esc: as before",
            (true, true) => "tab: words · enter: apply · esc: as before",
            _ => "enter: keep · esc: as before",
        };
        let room = line.width.saturating_sub(taken);
        let aside = if room > 70 { width(hint) + 2 } else { 0 };
        if aside > 0 {
            canvas.right(line, hint, Tone::Dim);
        }
        let field = Rect { x: line.x + taken, width: room.saturating_sub(aside), ..line };
        let before: String = prompt.text().chars().take(prompt.cursor()).collect();
        // What is before the cursor is seen, and of what is behind it as much as there is room for.
        let shown = cut_left(&before, field.width.saturating_sub(1), canvas.theme.is_ascii());
        let cursor = field.x + width(&shown);
        let behind: String = prompt.text().chars().skip(prompt.cursor()).collect();
        canvas.text(field, &format!("{shown}{behind}"), Tone::Plain);
        return Some(Position::new(cursor.min(line.right().saturating_sub(1)), line.y));
    }
    let mut right = line;
    if let Some((text, tone)) = doing(state) {
        let taken = canvas.right(line, &text, tone);
        right.width = right.width.saturating_sub(taken + 2);
    }
    match &state.notice {
        Some(notice) => canvas.text(right, &notice.text, notice.tone),
        None => hints(state, canvas, right),
    };
    None
}

/// What is under way.
fn doing(state: &State) -> Option<(String, Tone)> {
    let job = state.jobs.values().next_back()?;
    let (verb, done, total) = (job.deed.verb(), job.done, job.total);
    let more = if state.jobs.len() > 1 { format!(" (+{})", state.jobs.len() - 1) } else { String::new() };
    let (arrived, all) = job.progress.values().fold((0, 0), |(a, b), (done, total)| (a + done, b + total));
    let progress = if job.deed == Deed::Pull && all > 0 {
        format!(" {} of {}", bytes(arrived as f64), bytes(all as f64))
    } else if total > 1 {
        format!(" {} of {}", whole(done as u64), whole(total as u64))
    } else {
        String::new()
    };
    Some((format!("{verb}{progress} ...{more}"), Tone::Busy))
}

/// The acts that are most likely wanted here, with their keys.
fn hints(state: &State, canvas: &mut Canvas<'_>, area: Rect) -> u16 {
    let scopes = state.scopes();
    let has = |scope| scopes.contains(&scope);
    let mut acts: Vec<(Act, &str)> = vec![(Act::Open, "open")];
    if has(Scope::Containers) {
        acts.extend([(Act::ShowLogs, "logs"), (Act::Restart, "restart"), (Act::StopContainer, "stop")]);
    }
    if has(Scope::Agents) {
        acts.extend([
            (Act::ItsContainers, "containers"),
            (Act::Sync, "sync"),
            (Act::Maintenance, "maintenance"),
        ]);
    }
    if has(Scope::Images) {
        acts.extend([(Act::Pull, "pull"), (Act::Prune, "prune")]);
    }
    if has(Scope::Commands) {
        acts.extend([(Act::CancelCommand, "cancel"), (Act::Retry, "again")]);
    }
    if has(Scope::Logs) {
        acts =
            vec![(Act::Follow, "follow"), (Act::Wrap, "wrap"), (Act::Levels, "levels"), (Act::Save, "save")];
    }
    if has(Scope::Fleet) {
        acts.push((Act::Metric, "metric"));
    }
    if has(Scope::Graph) {
        acts.push((Act::Span, "longer"));
    }
    if has(Scope::List) {
        acts.extend([(Act::Mark, "mark"), (Act::Sort, "sort")]);
    }
    if !has(Scope::Fleet) && !has(Scope::Graph) {
        acts.push((Act::Filter, "filter"));
    }
    acts.extend([(Act::Palette, "all acts"), (Act::Help, "help"), (Act::Quit, "quit")]);
    let mut at = area.x;
    for (act, word) in acts {
        let Some(key) = state.keymap.hint(act) else { continue };
        let needed = width(&key) + 1 + width(word);
        if at + needed > area.right() {
            continue;
        }
        let forbidden = state.forbids(act).is_some();
        let tones = if forbidden { [Tone::Dim, Tone::Dim] } else { [Tone::Accent, Tone::Dim] };
        canvas.pieces(
            Rect { x: at, width: needed, ..area },
            [(key.as_str(), tones[0]), (" ", tones[0]), (word, tones[1])],
        );
        at += needed + 3;
    }
    at - area.x
}
