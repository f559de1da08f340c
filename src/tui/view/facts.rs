//! What the views of one thing have in common: facts beside their titles, graphs, the latest that happened.

use ratatui::layout::Rect;

use super::{
    feed::tone_of,
    list::bar,
    pen::{Canvas, cut_left, width},
};
use crate::{
    client::summary,
    proto::event::Event,
    tui::{
        figure,
        theme::{Theme, Tone},
        widget::{
            Line,
            chart::{Chart, Glyphs},
        },
    },
};

/// The columns of a fact's title, and those of a bar.
const TITLE: u16 = 11;
const BAR: u16 = 8;
/// The columns between two things side by side.
pub(super) const GAP: u16 = 3;
/// The least and the greatest size that a graph is good at.
const LEAST_GRAPH: (u16, u16) = (30, 5);
const WIDE_GRAPH: u16 = 36;
const TALL_GRAPH: u16 = 20;

/// Something that is known, and what it is called.
#[derive(Clone, Debug)]
pub(super) struct Fact {
    title: String,
    pieces: Line,
}

impl Fact {
    /// A fact in words.
    pub(super) fn new(title: &str, text: impl Into<String>) -> Self {
        Self::of(title, vec![(text.into(), Tone::Plain)])
    }

    /// A fact in pieces; dim ones behind the first go whole where there is no room.
    pub(super) fn of(title: &str, pieces: Line) -> Self {
        Self { title: title.to_owned(), pieces }
    }

    /// A percentage as a bar, and what it is of; dim when nobody can know just now.
    pub(super) fn percent(title: &str, percent: f64, of: &str, stale: bool, theme: &Theme) -> Self {
        let tone = if stale { Tone::Dim } else { theme.heat(percent / 100.0) };
        let plain = if stale { Tone::Dim } else { Tone::Plain };
        let bar = bar(percent / 100.0, BAR, theme);
        Self::of(
            title,
            vec![(bar, tone), (format!("{percent:>4.0}%"), plain), (format!("  {of}"), Tone::Dim)],
        )
    }

    fn draw(&self, canvas: &mut Canvas<'_>, line: Rect) {
        let title = cut_left(&self.title, TITLE - 1, canvas.theme.is_ascii());
        canvas.text(Rect { width: line.width.min(TITLE), ..line }, &title, Tone::Dim);
        let mut at = TITLE.min(line.width);
        for (piece, (text, tone)) in self.pieces.iter().enumerate() {
            let left = line.width - at;
            if piece > 0 && *tone == Tone::Dim && width(text) > left {
                break;
            }
            at += canvas.text(Rect { x: line.x + at, width: left, ..line }, text, *tone);
        }
    }
}

/// The lines that so many facts take in columns.
pub(super) fn lines_of(facts: usize, columns: u16) -> u16 {
    u16::try_from(facts.div_ceil(usize::from(columns.max(1)))).unwrap_or(u16::MAX)
}

/// Draws facts in columns, from a line on; the last lines are shown when there are not so many.
pub(super) fn draw(facts: &[Fact], columns: u16, top: u16, canvas: &mut Canvas<'_>, area: Rect) {
    let columns = columns.max(1);
    let lines = lines_of(facts.len(), columns);
    let top = top.min(lines.saturating_sub(area.height));
    let each = area.width.saturating_sub(GAP * (columns - 1)) / columns;
    for (column, facts) in (0..columns).zip(facts.chunks(usize::from(lines.max(1)))) {
        let x = area.x + column * (each + GAP);
        for (line, fact) in (0..area.height).zip(facts.iter().skip(usize::from(top))) {
            fact.draw(canvas, Rect { x, y: area.y + line, width: each, height: 1 });
        }
    }
}

/// Which lines are shown, when not all are.
pub(super) fn range(lines: u16, top: u16, height: u16) -> Option<String> {
    let top = top.min(lines.saturating_sub(height));
    (lines > height && height > 0).then(|| format!("lines {}-{} of {lines}", top + 1, top + height))
}

/// Writes lines below each other.
pub(super) fn write(lines: &[Line], canvas: &mut Canvas<'_>, area: Rect) {
    for (row, line) in (0..area.height).zip(lines) {
        let place = Rect { y: area.y + row, height: 1, ..area };
        canvas.pieces(place, line.iter().map(|(text, tone)| (text.as_str(), *tone)));
    }
}

/// The places of graphs: two beside each other where there is room, as many below each other as are still good.
pub(super) fn graphs(area: Rect, most: u16) -> Vec<Rect> {
    if area.width < LEAST_GRAPH.0 || area.height < LEAST_GRAPH.1 || most == 0 {
        return Vec::new();
    }
    let columns = if area.width >= 2 * WIDE_GRAPH + GAP && most > 1 { 2 } else { 1 };
    let rows = ((area.height + 1) / (LEAST_GRAPH.1 + 2)).clamp(1, most.div_ceil(columns));
    let each = (area.width - GAP * (columns - 1)) / columns;
    let height = ((area.height + 1) / rows - 1).min(TALL_GRAPH);
    (0..rows * columns)
        .take(usize::from(most))
        .map(|at| {
            let (column, row) = (at % columns, at / columns);
            Rect { x: area.x + column * (each + GAP), y: area.y + row * (height + 1), width: each, height }
        })
        .collect()
}

/// Draws a graph.
pub(super) fn graph(chart: &Chart<'_>, canvas: &mut Canvas<'_>, area: Rect) {
    let glyphs = Glyphs::fitting(&canvas.theme, area.height);
    write(&chart.lines(area.width, area.height, glyphs), canvas, area);
}

/// Draws what happened lately, the newest first; with the nodes unless all is about one.
pub(super) fn lately<'e>(
    events: impl Iterator<Item = &'e Event>,
    nodes: bool,
    canvas: &mut Canvas<'_>,
    area: Rect,
) {
    if area.height < 2 {
        return;
    }
    canvas.text(Rect { height: 1, ..area }, "lately", Tone::Dim);
    let (mut y, roomy) = (area.y + 1, area.width >= 56);
    let kind_width = if roomy { 20 } else { 16 };
    for event in events.take(usize::from(area.height - 1)) {
        let clock = figure::clock(event.time);
        let time = if roomy { clock.as_str() } else { clock.get(..5).unwrap_or_default() };
        let mut x = area.x;
        let mut cell = |canvas: &mut Canvas<'_>, text: &str, most: u16, tone: Tone| {
            let room = Rect { x, y, width: most.min(area.right().saturating_sub(x)), height: 1 };
            canvas.text(room, text, tone);
            x = x.saturating_add(most).saturating_add(2);
        };
        cell(canvas, time, width(time), Tone::Dim);
        cell(canvas, event.kind.as_str(), kind_width, tone_of(event));
        if nodes {
            cell(canvas, event.subject.as_deref().unwrap_or("-"), if roomy { 16 } else { 12 }, Tone::Plain);
        }
        cell(canvas, &summary(event), area.width, Tone::Plain);
        y += 1;
    }
    if y == area.y + 1 {
        canvas.text(Rect { y, height: 1, ..area }, "nothing that is known here", Tone::Dim);
    }
}
