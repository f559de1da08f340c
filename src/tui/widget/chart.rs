//! A graph of one series over time: a line in braille, columns in blocks, or ASCII; figures at the left, times below.

use jiff::Timestamp;

use super::{Columns, Line, joined};
use crate::{
    proto::telemetry::MetricPoint,
    tui::{
        figure::bytes,
        theme::{Theme, Tone},
    },
};

/// The columns at the left: a figure, and the axis.
const GUTTER: usize = 6;
/// The least room for a line, and the rows around it: title and times.
const LEAST: (usize, usize) = (12, 2);
const AROUND: u16 = 2;
/// From this width on the title has the least and the greatest value too.
const ROOMY: usize = 44;
/// The columns that a time takes with the blanks around it.
const TIME: usize = 9;
/// The times between two marks, in seconds: the least that gives few enough is taken.
const MARKS_S: [i64; 18] = [
    30, 60, 120, 300, 600, 900, 1_200, 1_800, 3_600, 7_200, 14_400, 21_600, 28_800, 43_200, 86_400, 172_800,
    432_000, 864_000,
];
/// How many of the last points may be empty before there is no present value.
const LATE: usize = 3;
/// The dots of a braille cell from the bottom, at the left and at the right.
const DOTS: [[u8; 4]; 2] = [[0x40, 0x04, 0x02, 0x01], [0x80, 0x20, 0x10, 0x08]];

/// What values are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::tui) enum Unit {
    /// Percent of all there is: 0 to 100 whatever the values.
    Percent,
    /// Percent of one CPU: more than 100 with several.
    OneCpu,
    /// Bytes each second.
    BytesPerSecond,
    /// A number without a unit.
    Number,
}

/// What is drawn with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::tui) enum Glyphs {
    /// 2×4 dots in each cell.
    Braille,
    /// Eighths of cells, filled from below.
    Blocks,
    /// `*` in the upper half of a row, `.` in the lower.
    Ascii,
}

/// A graph.
#[derive(Clone, Debug)]
pub(in crate::tui) struct Chart<'a> {
    /// What it shows.
    pub(in crate::tui) title: &'a str,
    /// What its values are.
    pub(in crate::tui) unit: Unit,
    /// Its first moment.
    pub(in crate::tui) from: Timestamp,
    /// Its last.
    pub(in crate::tui) to: Timestamp,
    /// The time between two points; those more than twice as far apart are not joined.
    pub(in crate::tui) step_s: u64,
    /// The points, oldest first.
    pub(in crate::tui) points: &'a [MetricPoint],
}

impl Unit {
    /// A value beside the title.
    pub(in crate::tui) fn figure(self, value: f64) -> String {
        match self {
            Self::Percent | Self::OneCpu => format!("{value:.0}%"),
            Self::BytesPerSecond => format!("{}/s", bytes(value)),
            Self::Number => format!("{value:.2}"),
        }
    }

    /// A value at the axis.
    fn mark(self, value: f64) -> String {
        match self {
            Self::Percent | Self::OneCpu => format!("{value:.0}%"),
            Self::BytesPerSecond if value == 0.0 => "0".to_owned(),
            Self::BytesPerSecond => bytes(value).replace(".0", ""),
            Self::Number if value.fract() == 0.0 => format!("{value:.0}"),
            Self::Number => format!("{value:.1}"),
        }
    }

    /// The value at the upper end, when this is the greatest: always a round one, so that it seldom changes.
    fn top(self, greatest: f64) -> f64 {
        match self {
            Self::Percent => 100.0,
            Self::OneCpu => round_up(greatest.max(10.0)),
            Self::Number => round_up(greatest.max(1.0)),
            // Halves of what bytes are counted in stay round.
            Self::BytesPerSecond => greatest.max(1024.0).log2().ceil().exp2(),
        }
    }

    fn tone(self, share: f64) -> Tone {
        match self {
            Self::Percent if share >= 0.9 => Tone::Bad,
            Self::Percent if share >= 0.75 => Tone::Warning,
            _ => Tone::Accent,
        }
    }
}

impl Glyphs {
    /// What shows most in so many rows.
    pub(in crate::tui) fn fitting(theme: &Theme, height: u16) -> Self {
        match height.saturating_sub(AROUND) {
            _ if theme.is_ascii() => Self::Ascii,
            // Eighths are twice as fine as dots where there are few rows.
            ..4 => Self::Blocks,
            _ => Self::Braille,
        }
    }
}

impl Chart<'_> {
    /// The lines of the graph; only the title where there is no room for more.
    pub(in crate::tui) fn lines(&self, width: u16, height: u16, glyphs: Glyphs) -> Vec<Line> {
        let width = usize::from(width);
        let (columns, rows) = (width.saturating_sub(GUTTER), usize::from(height.saturating_sub(AROUND)));
        let title = self.title(width);
        if columns < LEAST.0 || rows < LEAST.1 {
            return if height == 0 { Vec::new() } else { vec![title] };
        }
        let fine = if glyphs == Glyphs::Braille { 2 } else { 1 };
        let span = (self.from.as_second(), self.to.as_second());
        let step_s = i64::try_from(self.step_s).unwrap_or(1);
        let cut = Columns::new(self.points, span, step_s, columns * fine);
        let greatest = cut.values.iter().flatten().copied().fold(0.0, f64::max);
        let top = self.unit.top(greatest);
        let plot = Plot { values: &cut.values, columns, rows, top, unit: self.unit };
        let cells = match glyphs {
            Glyphs::Braille => plot.braille(),
            Glyphs::Blocks => plot.blocks(),
            Glyphs::Ascii => plot.ascii(),
        };
        let marks = self.marks(rows, top);
        let (mark, axis) = if glyphs == Glyphs::Ascii { ("+", "|") } else { ("┤", "│") };
        let mut lines = vec![title];
        for (row, cells) in cells.into_iter().enumerate() {
            let figure = marks.iter().find(|(at, _)| *at == row).map(|(_, figure)| figure.as_str());
            let side = if figure.is_some() { mark } else { axis };
            let mut line = vec![(format!("{:>5}{side}", figure.unwrap_or_default()), Tone::Dim)];
            line.extend(joined(cells));
            lines.push(line);
        }
        let fine_s = cut.each_s * i64::try_from(fine).unwrap_or(1);
        lines.push(vec![(format!("{}{}", " ".repeat(GUTTER), times(cut.from, fine_s, columns)), Tone::Dim)]);
        lines
    }

    /// The title, and at its right the present value.
    fn title(&self, width: usize) -> Line {
        let measured = || self.points.iter().filter_map(|point| point.value);
        let latest = self.points.iter().rev().take(LATE).find_map(|point| point.value);
        let figure = latest.map_or_else(|| "-".to_owned(), |value| self.unit.figure(value));
        let mut extremes = String::new();
        if width >= ROOMY && measured().next().is_some() {
            let least = self.unit.figure(measured().fold(f64::INFINITY, f64::min));
            let greatest = self.unit.figure(measured().fold(f64::NEG_INFINITY, f64::max));
            extremes = format!("min {least}  max {greatest}  ");
        }
        let taken = self.title.chars().count() + extremes.len() + figure.len().max(5);
        let blank = " ".repeat(width.saturating_sub(taken));
        let tone = if latest.is_some() { Tone::Strong } else { Tone::Dim };
        vec![
            (self.title.to_owned(), Tone::Dim),
            (format!("{blank}{extremes}"), Tone::Dim),
            (format!("{figure:>5}"), tone),
        ]
    }

    /// The rows that have a figure at the axis.
    fn marks(&self, rows: usize, top: f64) -> Vec<(usize, String)> {
        let mut marks = vec![(0, self.unit.mark(top)), (rows - 1, self.unit.mark(0.0))];
        if rows >= 5 {
            marks.push((rows - 1 - (4 * rows - 1) / 8, self.unit.mark(top / 2.0)));
        }
        marks
    }
}

/// The next of 1, 2, 5, 10, 20, 50 ...
fn round_up(value: f64) -> f64 {
    let decade = 10.0_f64.powf(value.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0].into_iter().find(|step| value <= step * decade * 1.000_001);
    step.unwrap_or(10.0) * decade
}

/// Two to four times, each in the middle under its moment, or as near as the ends let it.
fn times(from: i64, each_s: i64, columns: usize) -> String {
    let span = each_s * i64::try_from(columns).unwrap_or(1);
    let most = i64::try_from((columns / TIME).clamp(2, 4)).unwrap_or(2);
    let apart = MARKS_S.into_iter().find(|apart| span <= apart * most).unwrap_or(span / most);
    let format = if apart >= 86_400 { "%b %d" } else { "%H:%M" };
    let mut line = vec![' '; columns];
    let mut free = 0;
    let mut moment = (from + apart - 1).div_euclid(apart) * apart;
    while moment < from + span {
        let time =
            Timestamp::from_second(moment).map(|time| time.strftime(format).to_string()).unwrap_or_default();
        let at = usize::try_from((moment - from) / each_s).unwrap_or(0);
        let begin = at.saturating_sub(time.len() / 2).min(columns.saturating_sub(time.len()));
        if begin >= free && begin + time.len() <= columns {
            for (cell, c) in line[begin..].iter_mut().zip(time.chars()) {
                *cell = c;
            }
            free = begin + time.len() + 2;
        }
        moment += apart;
    }
    line.into_iter().collect::<String>().trim_end().to_owned()
}

/// Values and the cells that they are drawn in.
struct Plot<'a> {
    values: &'a [Option<f64>],
    columns: usize,
    rows: usize,
    top: f64,
    unit: Unit,
}

impl Plot<'_> {
    /// A value as a height from 0 to a greatest.
    fn height(&self, value: f64, greatest: usize) -> usize {
        ((value / self.top).clamp(0.0, 1.0) * greatest as f64).round() as usize
    }

    fn blank(&self) -> Vec<Vec<(char, Tone)>> {
        vec![vec![(' ', Tone::Accent); self.columns]; self.rows]
    }

    fn braille(&self) -> Vec<Vec<(char, Tone)>> {
        let greatest = self.rows * 4 - 1;
        let mut dots = vec![vec![(0_u8, 0_usize); self.columns]; self.rows];
        let mut before: Option<usize> = None;
        for (x, value) in self.values.iter().enumerate() {
            let here = value.map(|value| self.height(value, greatest));
            if let Some(here) = here {
                // What lies between two values is drawn upright, so that the line has no holes.
                let start = match before {
                    Some(before) if before < here => before + 1,
                    Some(before) if before > here => before - 1,
                    _ => here,
                };
                for dot in start.min(here)..=start.max(here) {
                    let cell = &mut dots[self.rows - 1 - dot / 4][x / 2];
                    *cell = (cell.0 | DOTS[x % 2][dot % 4], cell.1.max(dot));
                }
            }
            before = here;
        }
        let cell = |(bits, highest): (u8, usize)| match bits {
            0 => (' ', Tone::Accent),
            bits => {
                let glyph = char::from_u32(0x2800 | u32::from(bits)).unwrap_or(' ');
                (glyph, self.unit.tone(highest as f64 / greatest as f64))
            }
        };
        dots.into_iter().map(|row| row.into_iter().map(cell).collect()).collect()
    }

    fn blocks(&self) -> Vec<Vec<(char, Tone)>> {
        const EIGHTHS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
        let greatest = self.rows * 8;
        let mut cells = self.blank();
        for (x, value) in self.values.iter().enumerate() {
            let Some(value) = value else { continue };
            // A measured nothing is still seen.
            let height = self.height(*value, greatest).max(1);
            for (row, line) in cells.iter_mut().rev().enumerate() {
                let filled = height.saturating_sub(row * 8).min(8);
                if filled > 0 {
                    let share = (row * 8 + filled) as f64 / greatest as f64;
                    line[x] = (EIGHTHS[filled - 1], self.unit.tone(share));
                }
            }
        }
        cells
    }

    fn ascii(&self) -> Vec<Vec<(char, Tone)>> {
        let greatest = self.rows * 2 - 1;
        let mut cells = self.blank();
        for (x, value) in self.values.iter().enumerate() {
            let Some(value) = value else { continue };
            let height = self.height(*value, greatest);
            let glyph = if height % 2 == 1 { '*' } else { '.' };
            cells[self.rows - 1 - height / 2][x] = (glyph, self.unit.tone(value / self.top));
        }
        cells
    }
}

#[cfg(test)]
mod tests;
