//! Turns the difference of two screens into the fewest bytes a terminal needs.
//!
//! A [`Pen`] remembers the terminal's style and cursor across frames, so nothing is said twice. Sequences are those of ECMA-48
//! that every terminal since the VT100 knows, and `SGR` colours as deep as the theme uses them.

use std::fmt::Write as _;

use ratatui::{
    buffer::{Buffer, Cell},
    layout::{Position, Rect},
    style::{Color, Modifier},
};
use unicode_width::UnicodeWidthStr;

/// Rewriting so many unchanged cells is shorter than moving the cursor past them.
const GAP: u16 = 4;

/// The attributes that a terminal is told of.
const ATTRIBUTES: [(Modifier, u8); 5] = [
    (Modifier::BOLD, 1),
    (Modifier::DIM, 2),
    (Modifier::ITALIC, 3),
    (Modifier::UNDERLINED, 4),
    (Modifier::REVERSED, 7),
];

/// How the terminal stands after what was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Look {
    fg: Color,
    bg: Color,
    modifier: Modifier,
}

impl Look {
    const PLAIN: Self = Self { fg: Color::Reset, bg: Color::Reset, modifier: Modifier::empty() };

    fn of(cell: &Cell) -> Self {
        let known = ATTRIBUTES.iter().fold(Modifier::empty(), |all, (modifier, _)| all | *modifier);
        let mut modifier = cell.modifier & known;
        // Terminals differ about what is both.
        if modifier.contains(Modifier::BOLD) {
            modifier.remove(Modifier::DIM);
        }
        Self { fg: cell.fg, bg: cell.bg, modifier }
    }

    /// Whether a blank of this look cannot be told from one of the other.
    fn blank_like(self, other: Self) -> bool {
        let shows = Modifier::UNDERLINED | Modifier::REVERSED;
        self.bg == other.bg && !self.modifier.intersects(shows) && !other.modifier.intersects(shows)
    }
}

/// Writes frames; knows where the cursor is and how it writes.
#[derive(Debug)]
pub(super) struct Pen {
    look: Look,
    /// Where the next character would be written, if that is known.
    at: Option<Position>,
    cursor_shown: bool,
}

impl Pen {
    /// A pen for a terminal that was just cleared, its style reset and its cursor hidden.
    pub(super) fn new() -> Self {
        Self { look: Look::PLAIN, at: None, cursor_shown: false }
    }

    /// The bytes that turn `shown` into `next`; none when they look the same.
    pub(super) fn frame(&mut self, shown: &Buffer, next: &Buffer, cursor: Option<Position>) -> Vec<u8> {
        let mut out = String::new();
        let area = next.area;
        for y in area.top()..area.bottom() {
            self.row(&mut out, shown, next, area, y);
        }
        match cursor {
            Some(position) => {
                let moved = self.at != Some(position);
                if moved {
                    self.go(&mut out, position);
                }
                if !self.cursor_shown {
                    out.push_str("\x1b[?25h");
                }
            }
            None if self.cursor_shown => out.push_str("\x1b[?25l"),
            None => {}
        }
        self.cursor_shown = cursor.is_some();
        out.into_bytes()
    }

    fn row(&mut self, out: &mut String, shown: &Buffer, next: &Buffer, area: Rect, y: u16) {
        let row = |buffer: &'_ Buffer| (usize::from(y - area.y)) * usize::from(buffer.area.width);
        let (before, after) = (&shown.content[row(shown)..], &next.content[row(next)..]);
        let width = area.width;
        let (before, after) = (&before[..usize::from(width)], &after[..usize::from(width)]);
        if before == after {
            return;
        }
        let blank_from = blank_tail(after);
        let mut x = 0;
        // The first cell after the last one that was written, when only same cells lie between.
        let mut written: Option<u16> = None;
        // What is written over half of a wide character takes the other half with it.
        let mut broken = 0;
        while x < width {
            let at = usize::from(x);
            let wide = cells(&after[at]).min(width - x).max(1);
            let same =
                x >= broken && (at..at + usize::from(wide)).all(|at| looks_same(&before[at], &after[at]));
            if same {
                x += wide;
                continue;
            }
            if x >= blank_from && width - x > 3 && (at..usize::from(width)).any(|at| before[at] != after[at])
            {
                self.reach(out, after, area, y, x, written);
                self.wear(out, Look::of(&after[at]));
                out.push_str("\x1b[K");
                return;
            }
            self.reach(out, after, area, y, x, written);
            self.put(out, &after[at], wide, area);
            for covered in x..x + wide {
                broken = broken.max(covered + cells(&before[usize::from(covered)]));
            }
            x += wide;
            written = Some(x);
        }
    }

    /// Brings the cursor to a cell of a row: over a small gap by writing it anew, else by moving.
    fn reach(&mut self, out: &mut String, row: &[Cell], area: Rect, y: u16, x: u16, written: Option<u16>) {
        let target = Position::new(area.x + x, y);
        if self.at == Some(target) {
            return;
        }
        if let (Some(from), Some(at)) = (written, self.at)
            && at == Position::new(area.x + from, y)
            && x - from <= GAP
            && row[usize::from(from)..usize::from(x)]
                .iter()
                .all(|cell| Look::of(cell) == self.look && cell.symbol().len() == 1)
        {
            for cell in &row[usize::from(from)..usize::from(x)] {
                out.push_str(cell.symbol());
            }
            self.at = Some(target);
            return;
        }
        self.go(out, target);
    }

    fn go(&mut self, out: &mut String, to: Position) {
        // Writing to a String cannot fail.
        let _ = match self.at {
            Some(at) if at.y == to.y && at.x < to.x && to.x - at.x == 1 => write!(out, "\x1b[C"),
            Some(at) if at.y == to.y && at.x < to.x => write!(out, "\x1b[{}C", to.x - at.x),
            _ if to.x == 0 && to.y == 0 => write!(out, "\x1b[H"),
            _ if to.x == 0 => write!(out, "\x1b[{}H", to.y + 1),
            _ => write!(out, "\x1b[{};{}H", to.y + 1, to.x + 1),
        };
        self.at = Some(to);
    }

    fn put(&mut self, out: &mut String, cell: &Cell, wide: u16, area: Rect) {
        self.wear(out, Look::of(cell));
        out.push_str(cell.symbol());
        let at = self.at.map(|at| Position::new(at.x + wide, at.y));
        // Behind the last column terminals differ, and so they do about what is wider than it seems.
        let sure = cell.symbol().len() == 1 || wide == 1 && cell.symbol().chars().count() == 1;
        self.at = at.filter(|at| at.x < area.right() && sure);
    }

    /// Takes on a look with the shorter of two ways: what changes, or all of it anew.
    fn wear(&mut self, out: &mut String, look: Look) {
        if look == self.look {
            return;
        }
        let (mut change, mut anew) = (Vec::new(), vec!["0".to_owned()]);
        for (modifier, code) in ATTRIBUTES {
            match (self.look.modifier.contains(modifier), look.modifier.contains(modifier)) {
                (false, true) => change.push(code.to_string()),
                // One code ends both bold and dim.
                (true, false) => change.push(if code < 3 { 22 } else { code + 20 }.to_string()),
                _ => {}
            }
            if look.modifier.contains(modifier) {
                anew.push(code.to_string());
            }
        }
        // The end of one must come before the begin of another.
        change.sort_by_key(|code| code != "22");
        for (colour, worn, base) in [(look.fg, self.look.fg, 30), (look.bg, self.look.bg, 40)] {
            let code = colour_code(colour, base);
            if colour != worn {
                change.push(code.clone());
            }
            if colour != Color::Reset {
                anew.push(code);
            }
        }
        let (change, anew) = (change.join(";"), if anew.len() == 1 { String::new() } else { anew.join(";") });
        let _ = write!(out, "\x1b[{}m", if change.len() <= anew.len() { change } else { anew });
        self.look = look;
    }
}

/// The columns that a cell's symbol takes.
fn cells(cell: &Cell) -> u16 {
    if cell.symbol().len() == 1 { 1 } else { u16::try_from(cell.symbol().width()).unwrap_or(1) }
}

fn looks_same(before: &Cell, after: &Cell) -> bool {
    before == after
        || before.symbol() == " " && after.symbol() == " " && Look::of(before).blank_like(Look::of(after))
}

/// Where the blanks begin that a row ends with, all of one look that erasing gives too.
fn blank_tail(row: &[Cell]) -> u16 {
    let look = row.last().map_or(Look::PLAIN, Look::of);
    let erasable = look.bg == Color::Reset && look.blank_like(look);
    let tail = row
        .iter()
        .rev()
        .take_while(|cell| erasable && cell.symbol() == " " && Look::of(cell).blank_like(look));
    u16::try_from(row.len() - tail.count()).unwrap_or(u16::MAX)
}

/// A colour as a parameter of SGR; `base` is 30 for the foreground, 40 for the background.
fn colour_code(colour: Color, base: u8) -> String {
    let bright = base + 60;
    match colour {
        Color::Reset => (base + 9).to_string(),
        Color::Black => base.to_string(),
        Color::Red => (base + 1).to_string(),
        Color::Green => (base + 2).to_string(),
        Color::Yellow => (base + 3).to_string(),
        Color::Blue => (base + 4).to_string(),
        Color::Magenta => (base + 5).to_string(),
        Color::Cyan => (base + 6).to_string(),
        Color::Gray => (base + 7).to_string(),
        Color::DarkGray => bright.to_string(),
        Color::LightRed => (bright + 1).to_string(),
        Color::LightGreen => (bright + 2).to_string(),
        Color::LightYellow => (bright + 3).to_string(),
        Color::LightBlue => (bright + 4).to_string(),
        Color::LightMagenta => (bright + 5).to_string(),
        Color::LightCyan => (bright + 6).to_string(),
        Color::White => (bright + 7).to_string(),
        Color::Indexed(index) => format!("{};5;{index}", base + 8),
        Color::Rgb(r, g, b) => format!("{};2;{r};{g};{b}", base + 8),
    }
}

#[cfg(test)]
mod tests;
