//! The fleet: a few numbers, how they went, the map of nodes, and what changed lately.

use std::collections::BTreeMap;

use ratatui::{
    layout::Rect,
    style::{Modifier, Style},
};

use super::{
    Inset, facts,
    list::standing,
    pen::{Canvas, width},
};
use crate::{
    proto::{dashboard::LoadRange, telemetry::Metric},
    tui::{
        figure::{self, bytes, count, several, whole},
        state::{
            Link, State,
            fleet::{Heat, METRICS, Summary},
        },
        theme::Tone,
        widget::{Line, heat, spark},
    },
};

/// The first line below the head; with a banner, the banner takes the blank one between.
const TOP: u16 = 2;
/// The numbers, the columns between two of them, and the least that each needs.
const TILES: u16 = 6;
const BETWEEN: u16 = 2;
const SMALL_TILE: u16 = 17;
/// From this width on what happened stands beside the map.
const WIDE: u16 = 114;
/// The most rows that the map has above what happened.
const TALL: u16 = 20;

/// Where things are on a terminal of a size; nothing of it depends on what is shown, so that nothing jumps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Layout {
    tiles_in_row: u16,
    tile: Rect,
    /// The lines from one row of numbers to the next.
    pitch: u16,
    /// The map with its title and its legend.
    map: Rect,
    beside: bool,
}

impl Layout {
    fn of((width, height): (u16, u16)) -> Self {
        let room = Rect {
            x: (width / 2).min(1),
            y: TOP,
            width: width.saturating_sub(2),
            height: height.saturating_sub(TOP + 1),
        };
        let fits = |tiles: u16| room.width >= tiles * SMALL_TILE + (tiles - 1) * BETWEEN;
        let tiles_in_row = [6, 3].into_iter().find(|tiles| fits(*tiles)).unwrap_or(2);
        let lines = if height >= 24 { 3 } else { 2 };
        let pitch = if height >= 24 { lines + 1 } else { lines };
        let each = room.width.saturating_sub((tiles_in_row - 1) * BETWEEN) / tiles_in_row;
        let tile = Rect { width: each, height: lines, ..room };
        let used = TILES.div_ceil(tiles_in_row) * pitch + u16::from(pitch == lines);
        let below = room.height.saturating_sub(used);
        let beside = room.width >= WIDE;
        let (map_width, map_height) = if beside {
            (room.width / 2 - BETWEEN, below)
        } else {
            let gap = u16::from(below >= 12);
            let lately = if below >= 6 { below / 2 } else { 0 };
            (room.width, (below - lately).saturating_sub(gap).min(TALL + 2))
        };
        let map = Rect { x: room.x, y: room.y + used, width: map_width, height: map_height };
        Self { tiles_in_row, tile, pitch, map, beside }
    }

    /// The columns and the rows of the map.
    fn cells(&self) -> (u16, u16) {
        let (columns, rows) = (self.map.width.div_ceil(heat::CELL), self.map.height.saturating_sub(2));
        if columns == 0 || rows == 0 { (0, 0) } else { (columns, rows) }
    }

    fn tile(&self, at: u16) -> Rect {
        let (column, row) = (at % self.tiles_in_row, at / self.tiles_in_row);
        let Rect { x, y, width, .. } = self.tile;
        Rect { x: x + column * (width + BETWEEN), y: y + row * self.pitch, ..self.tile }
    }

    /// Where what happened is said, below a map that has so many rows now, or beside it.
    fn lately(&self, rows: u16, area: Rect) -> Rect {
        let Rect { x, y, width, .. } = self.map;
        let bottom = area.bottom();
        if self.beside {
            let x = x + width + 2 * BETWEEN;
            return Rect { x, y, width: area.right().saturating_sub(x), height: bottom.saturating_sub(y) };
        }
        let gap = u16::from(self.map.height > 5);
        let y = y + if self.map.height < 3 { 0 } else { rows + 2 + gap };
        Rect { x, y, width, height: bottom.saturating_sub(y) }
    }
}

/// The columns and rows that the map of nodes has on a terminal of this size.
pub(in crate::tui) fn map_size(size: (u16, u16)) -> (u16, u16) {
    Layout::of(size).cells()
}

/// Draws the fleet.
pub(super) fn draw(state: &State, canvas: &mut Canvas<'_>, area: Rect) {
    let inner = area.inset(1);
    let layout = Layout::of(state.size);
    match &state.fleet.summary {
        Some(summary) => draw_tiles(state, summary, &layout, canvas, inner),
        None => {
            let line = Rect { y: TOP, height: 1, ..inner }.intersection(inner);
            match &state.link {
                Link::Lost { cause, .. } | Link::Refused { cause } => {
                    canvas.text(line, &format!("nothing is known yet: {cause}"), Tone::Bad)
                }
                _ => canvas.text(line, "...", Tone::Dim),
            };
        }
    }
    let rows = match &state.fleet.heat {
        Some(map) => draw_map(state, map, &layout, canvas, inner),
        None => 0,
    };
    let lately = layout.lately(rows, inner).intersection(inner);
    facts::lately(state.events.iter(), true, canvas, lately);
    if matches!(state.link, Link::Lost { .. }) {
        canvas.fill(area, Tone::Dim);
    }
}

/// A number, what it is called, and what else there is to say of it.
struct Tile {
    title: &'static str,
    value: String,
    tone: Tone,
    /// What stands behind the value: the first that there is room for.
    beside: Vec<String>,
    went: Option<Metric>,
    note: Line,
}

impl Tile {
    fn new(title: &'static str, value: String, beside: Vec<String>, note: Line) -> Self {
        Self { title, value, tone: Tone::Strong, beside, went: None, note }
    }

    fn draw(&self, state: &State, canvas: &mut Canvas<'_>, area: Rect) {
        let line = Rect { height: 1, ..area };
        let (title, at) = (canvas.text(line, self.title, Tone::Dim), if area.height < 3 { 0 } else { 1 });
        // Without a line of its own, the number stands behind its title.
        let from = if at == 0 { title + 1 } else { 0 };
        let value =
            Rect { x: line.x + from, y: line.y + at, width: line.width.saturating_sub(from), height: 1 };
        let taken = canvas.text(value, &self.value, self.tone);
        let rest = Rect { x: value.x + taken, width: value.width - taken, ..value };
        if let Some(beside) = self.beside.iter().find(|beside| width(beside) <= rest.width) {
            canvas.text(rest, beside, Tone::Dim);
        }
        let history = self.went.and_then(|metric| state.fleet.histories.get(&metric));
        if let (Some(Ok(history)), 7..) = (history, rest.width) {
            // Values of up to four characters leave the line where it is.
            let from = value.x + (taken + 1).max(5);
            let room = Rect { x: from, width: value.right().saturating_sub(from), ..value };
            let line = spark::spark(history, 100.0, room.width, canvas.theme.is_ascii());
            canvas.text(room, &line, Tone::Accent);
        }
        let note = Rect { y: line.y + at + 1, ..line };
        facts::write(std::slice::from_ref(&self.note), canvas, note);
    }
}

fn draw_tiles(state: &State, summary: &Summary, layout: &Layout, canvas: &mut Canvas<'_>, area: Rect) {
    let flow = &summary.stats.throughput;
    let rate =
        |figure: Option<f64>| figure.map_or_else(|| "-".to_owned(), |figure| format!("{}/s", bytes(figure)));
    let sent = rate(flow.network_transmitted_bytes_per_second);
    let open = match summary.open_commands {
        0 => ("no command open".to_owned(), Tone::Dim),
        open => {
            (format!("{} open", several(usize::try_from(open).unwrap_or(usize::MAX), "command")), Tone::Busy)
        }
    };
    let events = flow.events_per_minute.map_or_else(|| "-".to_owned(), count);
    let load = &summary.stats.load;
    let tiles = [
        nodes(summary, canvas),
        containers(summary),
        usage("cpu", Metric::CpuUsage, &load.cpu_percent, canvas),
        usage("memory", Metric::MemoryUsage, &load.memory_percent, canvas),
        Tile::new(
            "network",
            rate(flow.network_received_bytes_per_second),
            vec![" in".to_owned()],
            vec![(sent, Tone::Plain), (" out".to_owned(), Tone::Dim)],
        ),
        Tile::new("activity", events, vec![" events/min".to_owned(), "/min".to_owned()], vec![open]),
    ];
    for (at, tile) in (0..).zip(&tiles) {
        let place = layout.tile(at);
        if place.bottom() <= area.bottom() {
            tile.draw(state, canvas, place);
        }
    }
}

fn nodes(summary: &Summary, canvas: &Canvas<'_>) -> Tile {
    let mut by_status = BTreeMap::new();
    for (status, nodes) in &summary.stats.nodes.by_status {
        by_status.insert(status.to_lowercase(), *nodes);
    }
    let online = by_status.remove("online").unwrap_or(0);
    let total = summary.stats.nodes.total;
    let mut away: Vec<(String, u64)> = by_status.into_iter().filter(|(_, nodes)| *nodes > 0).collect();
    // What is worst is said first, so that it is not what is cut off.
    away.sort_by_key(|(status, _)| standing(status, &canvas.theme).1 != Tone::Bad);
    let mut note = Line::new();
    for (status, nodes) in away {
        let comma = if note.is_empty() { "" } else { ", " };
        note.push((comma.to_owned(), Tone::Dim));
        note.push((format!("{} {status}", whole(nodes)), standing(&status, &canvas.theme).1));
    }
    if note.is_empty() {
        let said = if total == 0 { "none has joined yet" } else { "none is away" };
        note.push((said.to_owned(), Tone::Dim));
    }
    let beside = vec![format!(" of {} online", whole(total)), format!("/{}", whole(total))];
    Tile::new("nodes", whole(online), beside, note)
}

fn containers(summary: &Summary) -> Tile {
    let all: u64 = summary.containers.values().sum();
    let running = summary.containers.get("running").copied().unwrap_or(0);
    let rest = summary.containers.iter().filter(|(state, many)| *state != "running" && **many > 0);
    let words: Vec<String> = rest.map(|(state, many)| format!("{} {state}", whole(*many))).collect();
    let note = if words.is_empty() {
        several(usize::try_from(summary.images).unwrap_or(usize::MAX), "image")
    } else {
        words.join(", ")
    };
    let beside = vec![format!(" of {} running", whole(all)), format!("/{}", whole(all))];
    Tile::new("containers", whole(running), beside, vec![(note, Tone::Dim)])
}

fn usage(title: &'static str, metric: Metric, range: &LoadRange, canvas: &Canvas<'_>) -> Tile {
    let value = range.average.map_or_else(|| "-".to_owned(), |average| format!("{average:.0}%"));
    let note = match (range.highest, &range.highest_node) {
        (Some(highest), Some(node)) => vec![
            ("max ".to_owned(), Tone::Dim),
            (format!("{highest:.0}%"), hot(highest, canvas, Tone::Plain)),
            (format!(" {node}"), Tone::Dim),
        ],
        _ => vec![("not measured yet".to_owned(), Tone::Dim)],
    };
    let tone = range.average.map_or(Tone::Dim, |average| hot(average, canvas, Tone::Strong));
    Tile { tone, went: Some(metric), ..Tile::new(title, value, Vec::new(), note) }
}

/// The tone of a percentage: a word of its own only where it is high.
fn hot(percent: f64, canvas: &Canvas<'_>, quiet: Tone) -> Tone {
    match canvas.theme.heat(percent / 100.0) {
        Tone::Good => quiet,
        tone => tone,
    }
}

/// Draws the map, and gives the rows that it has now.
fn draw_map(state: &State, map: &Heat, layout: &Layout, canvas: &mut Canvas<'_>, area: Rect) -> u16 {
    let (columns, most) = layout.cells();
    if columns == 0 {
        return 0;
    }
    let name = METRICS[state.fleet.metric % METRICS.len()].1;
    let title = Rect { height: 1, ..layout.map }.intersection(area);
    let told_at = state.fleet.summary.as_ref().map(|summary| summary.told_at);
    let right = match (&state.link, told_at) {
        (Link::Lost { .. }, Some(told_at)) => format!("as of {} UTC", figure::clock(told_at)),
        _ if map.nodes_per_cell > 1 => {
            format!("{} nodes, {} a cell", whole(map.total), whole(map.nodes_per_cell))
        }
        _ => several(usize::try_from(map.total).unwrap_or(usize::MAX), "node"),
    };
    let taken = canvas.right(title, &right, Tone::Dim);
    let left = Rect { width: title.width.saturating_sub(taken + BETWEEN), ..title };
    canvas.pieces(left, [("nodes by ", Tone::Dim), (name, Tone::Plain)]);
    let lines = heat::rows(&map.cells, columns, most, &canvas.theme);
    let rows = u16::try_from(lines.len()).unwrap_or(most).max(1);
    let cells = Rect { y: layout.map.y + 1, height: rows, ..layout.map }.intersection(area);
    let legend = Rect { y: layout.map.y + 1 + rows, height: 1, ..layout.map }.intersection(area);
    if map.cells.is_empty() {
        canvas.text(Rect { height: cells.height.min(1), ..cells }, "no agent has joined yet", Tone::Dim);
        return rows;
    }
    facts::write(&lines, canvas, cells);
    let (x, y) = heat::spot(state.fleet.cursor, columns);
    let cursor =
        Rect { x: cells.x + x, y: cells.y.saturating_add(y), width: 1, height: 1 }.intersection(cells);
    canvas.buffer.set_style(cursor, Style::new().add_modifier(Modifier::REVERSED));
    draw_legend(state, map, name, canvas, legend);
    rows
}

/// What is under the cursor, and what the glyphs mean, as far as there is room.
fn draw_legend(state: &State, map: &Heat, name: &str, canvas: &mut Canvas<'_>, line: Rect) {
    let at = usize::try_from(state.fleet.cursor).unwrap_or(usize::MAX);
    let Some(cell) = map.cells.chars().nth(at) else { return };
    let first = state.fleet.agents_before() + 1;
    let last = (first + map.nodes_per_cell.max(1) - 1).min(map.total.max(first));
    let which = if first == last { whole(first) } else { format!("{}-{}", whole(first), whole(last)) };
    let (noun, word) = if first == last {
        ("node", heat::words(cell))
    } else {
        ("nodes", format!("at worst {}", heat::words(cell)))
    };
    let taken = canvas.pieces(line, [(format!("{noun} {which} "), Tone::Dim), (word, Tone::Plain)]);
    let room = Rect { x: line.x + taken, width: line.width - taken, ..line };
    let scale = heat::scale(name, &canvas.theme);
    let letters = heat::letters(&map.cells);
    let whole_legend: Line = scale.iter().chain(&letters).cloned().collect();
    let wide = |line: &Line| line.iter().map(|(text, _)| width(text)).sum::<u16>();
    let shown = [whole_legend, scale].into_iter().find(|legend| wide(legend) + BETWEEN <= room.width);
    if let Some(shown) = shown {
        let wide = wide(&shown);
        let place = Rect { x: room.right() - wide, width: wide, ..room };
        canvas.pieces(place, shown.iter().map(|(text, tone)| (text.as_str(), *tone)));
    }
}

#[cfg(test)]
mod tests;
