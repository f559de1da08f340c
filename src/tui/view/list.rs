//! Agents, containers, images: a table of what is here of a list.

use jiff::Timestamp;
use ratatui::layout::Rect;
use serde_json::Value;

use super::{
    Inset,
    pen::{Canvas, cut, cut_left, width},
};
use crate::{
    proto::window::WindowRow,
    tui::{
        figure::{self, calm, whole},
        state::{
            State,
            column::{Column, Form},
            list::List,
            list_name,
        },
        theme::{Theme, Tone},
    },
};

/// The columns between two columns.
const GAP: u16 = 2;
/// The cells of a bar beside a percentage.
const BAR: u16 = 5;

/// Draws the line of the place, the titles and the rows.
pub(super) fn draw(state: &State, list: &List, canvas: &mut Canvas<'_>, area: Rect) {
    let area = area.inset(1);
    place(state, list, canvas, Rect { height: 1, ..area });
    if area.height < 2 {
        return;
    }
    let rows = Rect { y: area.y + 2, height: area.height - 2, ..area };
    let columns = fit(list, rows.width.saturating_sub(2));
    titles(
        list,
        &columns,
        canvas,
        Rect { x: area.x + 2, y: area.y + 1, height: 1, width: area.width.saturating_sub(2) },
    );
    if list.matched == 0 || list.told_at.is_none() || list.refused.is_some() {
        empty(list, canvas, Rect { x: rows.x + 2, width: rows.width.saturating_sub(2), ..rows });
        return;
    }
    for line in 0..rows.height {
        let at = list.top + u64::from(line);
        if at >= list.matched {
            break;
        }
        let y = rows.y + line;
        draw_row(state.now, list, at, &columns, canvas, Rect { y, height: 1, ..rows });
    }
}

/// Where one is in the list, what is chosen of it and how it is sorted.
fn place(state: &State, list: &List, canvas: &mut Canvas<'_>, line: Rect) {
    let arrow = canvas.theme.glyph(" › ", " > ");
    let mut left = vec![(list_name(list.kind).to_owned(), Tone::Strong)];
    if let Some(scope) = &list.scope {
        left.extend([(arrow.to_owned(), Tone::Dim), (scope.name.clone(), Tone::Plain)]);
    }
    if !list.filter.text.is_empty() {
        let word = if list.filter.expression { "where " } else { "/" };
        left.extend([(arrow.to_owned(), Tone::Dim), (format!("{word}{}", list.filter.text), Tone::Accent)]);
    }
    let mut right = Vec::new();
    if !list.marks.is_empty() {
        right.push((format!("{} marked   ", whole(list.marks.len() as u64)), Tone::Accent));
    }
    let last = (list.top + list.height).min(list.matched);
    if list.told_at.is_some() && list.matched > 0 {
        let of = if list.matched == list.total {
            String::new()
        } else {
            format!(" ({} in all)", whole(list.total))
        };
        let range = format!("{}-{} of {}{of}", whole(list.top + 1), whole(last), whole(list.matched));
        right.push((range, Tone::Dim));
    }
    if list.is_waiting() && state.link == crate::tui::state::Link::Up {
        right.push((canvas.theme.glyph(" ·", " .").to_owned(), Tone::Busy));
    }
    let taken: u16 = right.iter().map(|(text, _)| width(text)).sum::<u16>().min(line.width);
    canvas.pieces(Rect { x: line.right() - taken, width: taken, ..line }, right);
    canvas.pieces(Rect { width: line.width.saturating_sub(taken + 2), ..line }, left);
}

fn empty(list: &List, canvas: &mut Canvas<'_>, area: Rect) {
    let (text, tone) = match (&list.refused, list.told_at) {
        (Some(refused), _) => (refused.clone(), Tone::Bad),
        (None, None) => ("...".to_owned(), Tone::Dim),
        (None, Some(_)) if list.total == 0 && list.scope.is_none() => {
            (format!("there are no {}", list_name(list.kind)), Tone::Dim)
        }
        (None, Some(_)) => (format!("none of {} matches", whole(list.total)), Tone::Dim),
    };
    for (line, part) in (0..area.height).zip(text.lines()) {
        canvas.text(Rect { y: area.y + line, height: 1, ..area }, part, tone);
    }
}

/// The columns that there is room for, each with its width. The last go first; room that is left makes texts wider.
fn fit(list: &List, room: u16) -> Vec<(usize, &Column, u16)> {
    let shown = list.columns.iter().enumerate().filter(|(at, _)| *at == 0 || *at > list.shift);
    let mut columns: Vec<(usize, &Column, u16)> = Vec::new();
    let mut left = room;
    for (at, column) in shown {
        let least = least(column);
        let needed = least + if columns.is_empty() { 0 } else { GAP };
        if needed > left {
            break;
        }
        left -= needed;
        columns.push((at, column, least));
    }
    // First what the usual width asks for, then what the contents ask for.
    for usual in [true, false] {
        for (at, column, width) in &mut columns {
            if !usual && !column.form.grows() {
                continue;
            }
            let wanted = if usual {
                column.form.widths().1.min(contents(list, *at, column))
            } else {
                contents(list, *at, column)
            };
            let more = wanted.saturating_sub(*width).min(left);
            *width += more;
            left -= more;
        }
    }
    columns
}

fn least(column: &Column) -> u16 {
    // Room for the arrow of the order beside the title.
    column.form.widths().0.max(width(&column.title) + 2)
}

/// The room that the rows that are here would take; in steps, so that columns do not jump about while rows change.
fn contents(list: &List, at: usize, column: &Column) -> u16 {
    if column.form == Form::Percent {
        return column.form.widths().1;
    }
    let widest = list.rows.iter().filter_map(|row| row.cells.get(at)).map(cell_width).max().unwrap_or(0);
    let widest = if column.form == Form::State { widest + 2 } else { widest };
    if column.form.is_number() { column.form.widths().1 } else { widest.next_multiple_of(4) }
}

fn cell_width(cell: &Value) -> u16 {
    match cell {
        Value::String(text) => width(text),
        Value::Array(texts) => texts.iter().map(|text| cell_width(text) + 2).sum::<u16>().saturating_sub(2),
        _ => 5,
    }
}

fn titles(list: &List, columns: &[(usize, &Column, u16)], canvas: &mut Canvas<'_>, line: Rect) {
    let mut at = line.x;
    for (_, column, width) in columns {
        let area = Rect { x: at, width: *width, ..line };
        let sorted = list.sort.as_ref().filter(|sort| sort.field == column.field);
        let arrow = sorted.map_or("", |sort| {
            if sort.down { canvas.theme.glyph("↓", "v") } else { canvas.theme.glyph("↑", "^") }
        });
        let title = if column.form.is_number() {
            format!("{arrow}{}", column.title.to_uppercase())
        } else {
            format!("{}{arrow}", column.title.to_uppercase())
        };
        let tone = if sorted.is_some() { Tone::Accent } else { Tone::Dim };
        if column.form.is_number() {
            canvas.right(area, &title, tone)
        } else {
            canvas.text(area, &title, tone)
        };
        at += width + GAP;
    }
}

fn draw_row(
    now: Timestamp,
    list: &List,
    at: u64,
    columns: &[(usize, &Column, u16)],
    canvas: &mut Canvas<'_>,
    line: Rect,
) {
    let selected = at == list.cursor;
    let Some(row) = list.row(at) else {
        let tone = if selected { Tone::Accent } else { Tone::Dim };
        canvas.text(Rect { x: line.x + 2, ..line }, canvas.theme.glyph("·", "."), tone);
        return;
    };
    let marked = list.marks.contains_key(&row.id);
    if selected {
        canvas.text(Rect { width: 1, ..line }, canvas.theme.glyph("▌", ">"), Tone::Accent);
    }
    if marked {
        canvas.text(Rect { x: line.x + 1, width: 1, ..line }, canvas.theme.glyph("✓", "+"), Tone::Accent);
    }
    let stale = is_stale(list, row);
    let mut x = line.x + 2;
    for (index, (cell, column, width)) in columns.iter().enumerate() {
        let area = Rect { x, width: *width, ..line };
        let value = row.cells.get(*cell).unwrap_or(&Value::Null);
        draw_cell(now, column, value, stale, canvas, area);
        if index == 0 && selected {
            canvas.select(area);
        }
        x += width + GAP;
    }
}

/// Whether nobody can know just now how a row stands: its node is away.
fn is_stale(list: &List, row: &WindowRow) -> bool {
    let value = |field: &str| list.value(row, field);
    let away = |status: &Value| matches!(status.as_str(), Some("OFFLINE" | "UNKNOWN"));
    value("stale").is_some_and(|stale| stale == Value::Bool(true))
        || value("status").is_some_and(|status| away(&status))
}

fn draw_cell(
    now: Timestamp,
    column: &Column,
    value: &Value,
    stale: bool,
    canvas: &mut Canvas<'_>,
    area: Rect,
) {
    let theme = canvas.theme;
    let plain = if stale { Tone::Dim } else { Tone::Plain };
    if value.is_null() {
        let dash = theme.glyph("–", "-");
        if column.form.is_number() {
            canvas.right(area, dash, Tone::Dim)
        } else {
            canvas.text(area, dash, Tone::Dim)
        };
        return;
    }
    match column.form {
        Form::State => {
            let word = value.as_str().unwrap_or_default().to_lowercase();
            let (glyph, tone) = standing(&word, &theme);
            canvas.pieces(area, [(glyph, tone), (" ", tone), (word.as_str(), tone)]);
        }
        Form::Percent => {
            let percent = value.as_f64().unwrap_or_default();
            let tone = if stale { Tone::Dim } else { theme.heat(percent / 100.0) };
            let figure = Rect { x: area.right() - area.width.min(5), width: area.width.min(5), ..area };
            canvas.right(figure, &format!("{percent:.0}%"), plain);
            if area.width >= BAR + 5 {
                let bar = bar(percent / 100.0, BAR, &theme);
                canvas.text(Rect { width: BAR, ..area }, &bar, tone);
            }
        }
        Form::Code => {
            let code = value.as_i64().unwrap_or_default();
            let tone = if code == 0 || stale { Tone::Dim } else { Tone::Bad };
            canvas.right(area, &code.to_string(), tone);
        }
        form => {
            let text = text_of(now, form, value);
            let text = match form {
                Form::Tail => cut_left(&text, area.width, theme.is_ascii()),
                _ => cut(&text, area.width, theme.is_ascii()),
            };
            if form.is_number() {
                canvas.right(area, &text, plain)
            } else {
                canvas.text(area, &text, plain)
            };
        }
    }
}

/// A value as text.
fn text_of(now: Timestamp, form: Form, value: &Value) -> String {
    match (form, value) {
        (Form::Age, value) => {
            value.as_i64().map_or_else(String::new, |moment| figure::age((now.as_second() - moment).max(0)))
        }
        (Form::Bytes, value) => figure::bytes(value.as_f64().unwrap_or_default()),
        (Form::Number, value) => format!("{:.2}", value.as_f64().unwrap_or_default()),
        (Form::Count, value) => figure::count(value.as_f64().unwrap_or_default()),
        (Form::Truth, value) => if value.as_bool().unwrap_or_default() { "yes" } else { "no" }.to_owned(),
        (_, Value::String(text)) => calm(text),
        (_, Value::Array(texts)) => {
            let texts: Vec<String> = texts.iter().map(|text| text_of(now, form, text)).collect();
            texts.join(", ")
        }
        (_, Value::Object(labels)) => {
            let texts: Vec<String> = labels
                .iter()
                .map(|(name, text)| format!("{}={}", calm(name), calm(text.as_str().unwrap_or_default())))
                .collect();
            texts.join(", ")
        }
        (_, value) => value.to_string(),
    }
}

/// The glyph and the tone of a state, of whatever noun.
pub(super) fn standing(word: &str, theme: &Theme) -> (&'static str, Tone) {
    let (glyph, ascii, tone) = match word {
        "running" | "online" | "healthy" | "succeeded" => ("●", "*", Tone::Good),
        "degraded" | "restarting" | "starting" | "partial" | "flapping" => ("◐", "%", Tone::Warning),
        "paused" | "maintenance" => ("◫", "=", Tone::Warning),
        "unknown" => ("◌", "?", Tone::Warning),
        "created" | "removing" | "queued" | "expired" | "cancelled" => ("○", "o", Tone::Dim),
        "started" => ("◔", ":", Tone::Busy),
        "exited" => ("○", "o", Tone::Plain),
        "offline" | "dead" | "unhealthy" | "failed" | "timed_out" | "refused" | "quarantined" | "revoked" => {
            ("✕", "x", Tone::Bad)
        }
        _ => ("·", ".", Tone::Plain),
    };
    (theme.glyph(glyph, ascii), tone)
}

/// A bar of so many cells for a share from 0 to 1, to the eighth of a cell.
pub(super) fn bar(share: f64, cells: u16, theme: &Theme) -> String {
    const EIGHTHS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
    let eighths = (share.clamp(0.0, 1.0) * f64::from(cells) * 8.0).round() as usize;
    if theme.is_ascii() {
        let full = (eighths + 4) / 8;
        return format!("{}{}", "#".repeat(full), ".".repeat(usize::from(cells) - full));
    }
    let bar = "█".repeat(eighths / 8) + EIGHTHS[eighths % 8];
    let taken = usize::from(width(&bar));
    format!("{bar}{}", " ".repeat(usize::from(cells).saturating_sub(taken)))
}
