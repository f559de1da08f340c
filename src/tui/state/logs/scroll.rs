//! The place in the logs: what moves it, and what it keeps to while lines come and go.

use super::{
    Logs, SHIFT,
    wrap::{columns, height},
};
use crate::tui::keymap::Act;

/// A place: a line among those that are shown, and how many of its rows are above the screen.
type Spot = (usize, usize);

impl Logs {
    /// Moves by rows and pages, to the first line and to the end; leaving the end ends following, reaching for more than
    /// the end begins it.
    pub(in crate::tui) fn step(&mut self, act: Act) {
        let page = self.rows.saturating_sub(1).max(1);
        let before = self.spot();
        let (after, down) = match act {
            Act::Up => (self.above(before, 1), false),
            Act::Down => (self.beneath(before, 1), true),
            Act::PageUp => (self.above(before, page), false),
            Act::PageDown => (self.beneath(before, page), true),
            Act::Top => ((0, 0), false),
            Act::Bottom => return self.go_to_end(),
            _ => return,
        };
        if down && before >= self.end() {
            return self.go_to_end();
        }
        if after != before {
            self.following = false;
            self.set(after);
            self.settle();
        }
    }

    /// Whether the first line that is here is at the top, and somebody went there.
    pub(in crate::tui) fn is_at_top(&self) -> bool {
        !self.following && self.spot() == (0, 0)
    }

    /// Shifts what is not wrapped sideways, as far as a line on the screen reaches.
    pub(in crate::tui) fn shift(&mut self, by: i64) {
        if self.wrap {
            return;
        }
        let (at, _) = self.spot();
        let on_screen = (at..at + self.rows).map_while(|at| self.line(at));
        let widest = on_screen.map(|(_, line)| columns(&line.text)).max().unwrap_or(0);
        let by = isize::try_from(by.saturating_mul(SHIFT)).unwrap_or(0);
        self.shift = self.shift.saturating_add_signed(by).min(widest.saturating_sub(1));
    }

    /// The line at the top, among those that are shown.
    pub(in crate::tui) fn top(&self) -> usize {
        self.index_of(self.top)
    }

    /// Shows the end and stays with it.
    pub(super) fn go_to_end(&mut self) {
        self.following = true;
        self.settle();
    }

    /// Goes to the match behind or before the one that was gone to, or behind or before the top when that is not seen.
    pub(super) fn go_to_match(&mut self, forward: bool) {
        let seen = self.current.filter(|number| self.row_of(*number).is_some());
        let at = match (seen, forward) {
            (Some(number), true) => self.matches.partition_point(|found| *found <= number),
            (None, true) => self.matches.partition_point(|found| *found < self.top),
            (seen, false) => {
                let base = seen.unwrap_or(self.top);
                match self.matches.partition_point(|found| *found < base).checked_sub(1) {
                    Some(at) => at,
                    None => return,
                }
            }
        };
        if let Some(number) = self.matches.get(at).copied() {
            self.following = false;
            self.go(number);
        }
    }

    /// Goes to the match that is nearest to the screen, without moving when one is on it.
    pub(super) fn go_to_nearest_match(&mut self) {
        let behind = self.matches.partition_point(|found| *found < self.top);
        let newest = self.matches.len().checked_sub(1);
        let at = match newest {
            None => return,
            Some(newest) if self.following => newest,
            Some(newest) => behind.min(newest),
        };
        let number = self.matches[at];
        if self.row_of(number).is_none() {
            self.following = false;
        }
        self.go(number);
    }

    /// Makes a match the one that was gone to, with what is around it.
    fn go(&mut self, number: u64) {
        self.current = Some(number);
        if self.row_of(number).is_none() {
            self.put(number, self.rows / 3);
        }
    }

    /// Changes what is shown, or how; the match that was gone to, or else the line at the top, stays where it is.
    pub(super) fn around(&mut self, change: impl FnOnce(&mut Self)) {
        let current = self.current.and_then(|number| Some((number, self.row_of(number)?)));
        let (number, row) = current.unwrap_or((self.top, 0));
        change(self);
        if self.following { self.settle() } else { self.put(number, row) }
    }

    /// Puts the place right after lines came, went or are shown in another way.
    pub(super) fn settle(&mut self) {
        let end = self.end();
        if self.following {
            self.below = 0;
            return self.set(end);
        }
        let at = self.index_of(self.top);
        // A line that is gone leaves its place to the next, which is seen from its beginning.
        let is_here = self.line(at).is_some_and(|(number, _)| number == self.top);
        let skip = if is_here { self.skip.min(self.height_of(at).saturating_sub(1)) } else { 0 };
        if (at, skip) >= end {
            self.below = 0;
        }
        self.set((at, skip).min(end));
    }

    /// Shows a line in a row of the screen, as far as there are lines before and behind it.
    pub(super) fn put(&mut self, number: u64, row: usize) {
        let spot = self.above((self.index_of(number), 0), row);
        self.set(spot);
        self.settle();
    }

    fn set(&mut self, (at, skip): Spot) {
        let Some((number, _)) = self.line(at) else { return };
        (self.top, self.skip) = (number, skip);
    }

    fn spot(&self) -> Spot {
        (self.index_of(self.top), self.skip)
    }

    /// The row of the screen in which a line begins.
    fn row_of(&self, number: u64) -> Option<usize> {
        let (top, skip) = self.spot();
        let at = self.index_of(number);
        if at < top || (at == top && skip > 0) || at - top >= self.rows {
            return None;
        }
        let rows: usize = (top..at).map(|at| self.height_of(at)).sum();
        rows.checked_sub(skip).filter(|row| *row < self.rows)
    }

    /// The place so many rows further up.
    fn above(&self, (mut at, mut skip): Spot, mut rows: usize) -> Spot {
        while rows > skip {
            rows -= skip;
            let Some(before) = at.checked_sub(1) else { return (0, 0) };
            (at, skip) = (before, self.height_of(before));
        }
        (at, skip - rows)
    }

    /// The place so many rows further down, not beyond the end.
    fn beneath(&self, (mut at, skip): Spot, rows: usize) -> Spot {
        let mut skip = skip + rows;
        while at < self.len() {
            let height = self.height_of(at);
            if skip < height {
                break;
            }
            (at, skip) = (at + 1, skip - height);
        }
        (at, skip).min(self.end())
    }

    /// The place that shows the end in the last row.
    fn end(&self) -> Spot {
        let (mut at, mut room) = (self.len(), self.rows);
        while let Some(before) = at.checked_sub(1) {
            let height = self.height_of(before);
            if height >= room {
                return (before, height - room);
            }
            (at, room) = (before, room - height);
        }
        (0, 0)
    }

    /// Where a line is among those that are shown, or the next that is shown.
    fn index_of(&self, number: u64) -> usize {
        match self.shown() {
            None => {
                usize::try_from(number.saturating_sub(self.store.first())).unwrap_or(0).min(self.store.len())
            }
            Some(shown) => shown.partition_point(|shown| *shown < number),
        }
    }

    /// The rows of a line.
    fn height_of(&self, at: usize) -> usize {
        if !self.wrap {
            return 1;
        }
        self.line(at).map_or(1, |(_, line)| height(&line.text, self.layout(self.width).text))
    }
}
