//! The logs that are open: which, how they are shown, and the lines that there is room for.

use std::ops::Range;

use ratatui::{
    layout::Rect,
    style::{Modifier, Style},
};

use super::{
    Inset,
    pen::{Canvas, cut_left, width},
};
use crate::tui::{
    figure::{several, whole},
    keymap::Act,
    state::{
        State,
        logs::{
            GUTTER, Layout, Logs, TIME,
            level::Level,
            line::Line,
            source::{Source, Standing},
            wrap::{rows, stretch},
        },
    },
    theme::{Theme, Tone},
};

/// The tones that tell sources apart; none of them means anything here.
const CALM: [Tone; 4] = [Tone::Accent, Tone::Busy, Tone::Good, Tone::Plain];
/// How many sources are named in the line of the place.
const NAMED: usize = 3;
/// The columns that names need at least before it is said how lines are shown.
const NAMES: u16 = 28;

/// Draws the line of the place and the lines of the logs.
pub(super) fn draw(state: &State, canvas: &mut Canvas<'_>, area: Rect) {
    let (logs, area) = (&state.logs, area.inset(1));
    place(logs, canvas, Rect { height: 1, ..area });
    if area.height < 2 {
        return;
    }
    let lines = Rect { y: area.y + 1, height: area.height - 1, ..area };
    if logs.len() == 0 {
        empty(state, canvas, Rect { x: lines.x + 2, width: lines.width.saturating_sub(2), ..lines });
        return;
    }
    let layout = logs.layout(usize::from(lines.width));
    let (mut at, mut skip, mut y) = (logs.top(), logs.skip, lines.y);
    while y < lines.bottom() {
        let Some((number, line)) = logs.line(at) else { break };
        let room = Rect { y, height: lines.bottom() - y, ..lines };
        if skip == 0 {
            let is_current = logs.current == Some(number);
            beginning(logs, line, is_current, layout, canvas, Rect { height: 1, ..room });
        }
        y += text(logs, (number, line), skip, layout, canvas, room);
        (at, skip) = (at + 1, 0);
    }
}

/// Which logs are open, what is looked for, how lines are shown and how many there are.
fn place(logs: &Logs, canvas: &mut Canvas<'_>, line: Rect) {
    let theme = canvas.theme;
    let arrow = theme.glyph(" › ", " > ");
    let mut right = Vec::new();
    if logs.below > 0 {
        right.push((format!("{} new below   ", whole(logs.below)), Tone::Accent));
    }
    if logs.needle.is_some() {
        let found = match logs.matched() {
            (Some(at), all) => format!("{} of {}   ", whole(at), matches(all)),
            (None, all) => format!("{}   ", matches(all)),
        };
        right.push((found, Tone::Plain));
    }
    let (here, dropped) = logs.counts();
    if !logs.sources.is_empty() {
        let gone = if dropped == 0 { String::new() } else { format!(" ({} dropped)", whole(dropped)) };
        right.push((format!("{}{gone}", several(here as usize, "line")), Tone::Dim));
    }
    let taken = |pieces: &[(String, Tone)]| pieces.iter().map(|(text, _)| width(text)).sum::<u16>();
    let how = (format!("{}   ", how(logs, &theme)), Tone::Dim);
    if !how.0.trim().is_empty() && taken(&right) + width(&how.0) + NAMES <= line.width {
        right.insert(0, how);
    }
    let taken = taken(&right).min(line.width);
    canvas.pieces(Rect { x: line.right() - taken, width: taken, ..line }, right);
    let mut left = vec![("logs".to_owned(), Tone::Strong)];
    if !logs.sources.is_empty() {
        left.push((arrow.to_owned(), Tone::Dim));
        left.extend(names(&logs.sources));
    }
    if !logs.search_text().is_empty() {
        left.extend([(arrow.to_owned(), Tone::Dim), (format!("/{}", logs.search_text()), Tone::Accent)]);
    }
    canvas.pieces(Rect { width: line.width.saturating_sub(taken + 2), ..line }, left);
}

fn matches(count: u64) -> String {
    if count == 1 { "1 match".to_owned() } else { format!("{} matches", whole(count)) }
}

/// The first sources by their names, the others by their number; what does not stand is said of all.
fn names(sources: &[Source]) -> Vec<(String, Tone)> {
    let mut pieces = Vec::new();
    for (at, source) in sources.iter().take(NAMED).enumerate() {
        if at > 0 {
            pieces.push((", ".to_owned(), Tone::Dim));
        }
        pieces.push((source.name.clone(), Tone::Plain));
        pieces.extend(standing(&source.standing).map(|(word, tone)| (format!(" {word}"), tone)));
    }
    let rest = sources.get(NAMED..).unwrap_or_default();
    if !rest.is_empty() {
        pieces.push((format!(" +{}", rest.len()), Tone::Dim));
    }
    let lost = rest.iter().filter(|source| matches!(source.standing, Standing::Lost(_))).count();
    if lost > 0 {
        pieces.push((format!(" ({lost} lost)"), Tone::Bad));
    }
    let ended = rest.iter().filter(|source| matches!(source.standing, Standing::Ended(_))).count();
    if ended > 0 {
        pieces.push((format!(" ({ended} ended)"), Tone::Dim));
    }
    pieces
}

/// How a log stands, when it is not as it should be.
fn standing(standing: &Standing) -> Option<(String, Tone)> {
    match standing {
        Standing::Live => None,
        Standing::Linking => Some(("(linking)".to_owned(), Tone::Busy)),
        Standing::Lost(cause) => Some((format!("(lost: {cause})"), Tone::Bad)),
        Standing::Ended(Some(cause)) => Some((format!("(ended: {cause})"), Tone::Bad)),
        Standing::Ended(None) => Some(("(ended)".to_owned(), Tone::Dim)),
    }
}

/// How lines are shown.
fn how(logs: &Logs, theme: &Theme) -> String {
    let mut words = Vec::new();
    if logs.following {
        words.push("follow".to_owned());
    }
    if logs.wrap {
        words.push("wrap".to_owned());
    } else if logs.shift > 0 {
        words.push(format!("from column {}", logs.shift + 1));
    }
    if let Some(least) = logs.least {
        words.push(format!("{}+", least.as_str()));
    }
    if logs.only && logs.needle.is_some() {
        words.push("only matches".to_owned());
    }
    words.join(theme.glyph(" · ", " - "))
}

/// Says why there is no line.
fn empty(state: &State, canvas: &mut Canvas<'_>, area: Rect) {
    let logs = &state.logs;
    let (here, _) = logs.counts();
    let is_waiting = logs.sources.iter().any(|source| !matches!(source.standing, Standing::Ended(_)));
    let said = if logs.sources.is_empty() {
        let key = state.keymap.hint(Act::ShowLogs).unwrap_or_else(|| "show-logs".to_owned());
        format!("no log is open yet; open a log with {key} in containers")
    } else if here == 0 {
        if is_waiting { "waiting for the first line ...".to_owned() } else { "the log is empty".to_owned() }
    } else if logs.only && logs.needle.is_some() {
        format!("none of {} matches", several(here as usize, "line"))
    } else {
        let least = logs.least.map_or("", Level::as_str);
        format!("none of {} is {least} or worse", several(here as usize, "line"))
    };
    canvas.text(Rect { height: 1, ..area }, &said, Tone::Dim);
}

/// The mark of the match that was gone to, the time and the name.
fn beginning(logs: &Logs, line: &Line, is_current: bool, layout: Layout, canvas: &mut Canvas<'_>, row: Rect) {
    if is_current {
        canvas.text(Rect { width: 1, ..row }, canvas.theme.glyph("▌", ">"), Tone::Accent);
    }
    let mut x = row.x + columns(GUTTER);
    if layout.times {
        let time = line.time.strftime("%H:%M:%S%.3f").to_string();
        canvas.text(Rect { x, width: columns(TIME - 1), ..row }, &time, Tone::Dim);
        x += columns(TIME);
    }
    if layout.label > 0 {
        let label = columns(layout.label);
        let name = cut_left(logs.name(line), label, canvas.theme.is_ascii());
        let tone = CALM[usize::from(line.source) % CALM.len()];
        canvas.text(Rect { x, width: label, ..row }, &name, tone);
    }
}

/// Draws the text of a line from one of its rows on; gives the rows that it took.
fn text(
    logs: &Logs,
    (number, line): (u64, &Line),
    skip: usize,
    layout: Layout,
    canvas: &mut Canvas<'_>,
    room: Rect,
) -> u16 {
    let before = columns(GUTTER)
        + if layout.times { columns(TIME) } else { 0 }
        + if layout.label > 0 { columns(layout.label) + 2 } else { 0 };
    let area = Rect { x: room.x + before, width: room.width.saturating_sub(before), ..room };
    let found: Vec<Range<usize>> = match &logs.needle {
        Some(needle) if !line.is_mark => needle.places(&line.text).collect(),
        _ => Vec::new(),
    };
    let plain = canvas.theme.style(tone(line));
    let hit = if logs.current == Some(number) { Tone::Warning } else { Tone::Accent };
    let hit = canvas.theme.style(hit).add_modifier(Modifier::REVERSED);
    let writer = Writer { text: &line.text, is_mark: line.is_mark, found: &found, plain, hit };
    if !logs.wrap {
        let shown = stretch(&line.text, logs.shift, layout.text);
        let is_cut = shown.end < line.text.len();
        writer.write(canvas, area, shown);
        if is_cut && area.width > 0 {
            let last = Rect { x: area.right() - 1, width: 1, height: 1, ..area };
            canvas.text(last, canvas.theme.glyph("…", "~"), Tone::Dim);
        }
        return 1;
    }
    let mut taken = 0;
    for part in rows(&line.text, layout.text).skip(skip).take(usize::from(area.height)) {
        writer.write(canvas, Rect { y: area.y + taken, height: 1, ..area }, part);
        taken += 1;
    }
    taken
}

/// Writes parts of a text, what was found in it in another style.
struct Writer<'t> {
    text: &'t str,
    is_mark: bool,
    found: &'t [Range<usize>],
    plain: Style,
    hit: Style,
}

impl Writer<'_> {
    fn write(&self, canvas: &mut Canvas<'_>, row: Rect, part: Range<usize>) {
        let (mut at, mut x) = (part.start, row.x);
        let first = self.found.partition_point(|found| found.end <= part.start);
        for found in self.found[first..].iter().take_while(|found| found.start < part.end) {
            let (begin, end) = (found.start.max(part.start), found.end.min(part.end));
            x += self.piece(canvas, row, x, at..begin, self.plain);
            x += self.piece(canvas, row, x, begin..end, self.hit);
            at = end;
        }
        self.piece(canvas, row, x, at..part.end, self.plain);
    }

    fn piece(&self, canvas: &mut Canvas<'_>, row: Rect, x: u16, part: Range<usize>, style: Style) -> u16 {
        let area = Rect { x, width: row.right().saturating_sub(x), height: 1, ..row };
        if self.is_mark && canvas.theme.is_ascii() {
            return canvas.styled(area, &self.text[part].replace('—', "-"), style);
        }
        canvas.styled(area, &self.text[part], style)
    }
}

fn tone(line: &Line) -> Tone {
    match line.level {
        _ if line.is_mark => Tone::Dim,
        Some(Level::Error | Level::Fatal) => Tone::Bad,
        Some(Level::Warn) => Tone::Warning,
        Some(Level::Trace | Level::Debug) => Tone::Dim,
        Some(Level::Info) | None => Tone::Plain,
    }
}

fn columns(count: usize) -> u16 {
    u16::try_from(count).unwrap_or(u16::MAX)
}
