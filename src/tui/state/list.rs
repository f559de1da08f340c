//! [`List`]: a list that the server filters and sorts, of which the part around the cursor is here.
//!
//! The cursor moves over rows that are here; what lies farther is asked for before it is reached. A row keeps its cursor and
//! its marks by its id, wherever it goes.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::{
    super::effect::Effect,
    column::{Column, usual},
};
use crate::proto::window::{MAX_WINDOW_ROWS, WindowAsk, WindowList, WindowRow, WindowTold, WindowView};

/// How many pages are kept before and behind the one that is shown.
const PAGES_BEFORE: u64 = 2;
const PAGES: u64 = 6;

/// A list and its place in it.
#[derive(Clone, Debug)]
pub(in crate::tui) struct List {
    pub(in crate::tui) kind: WindowList,
    /// The number of its window; each list that is open has another.
    pub(in crate::tui) window: u32,
    /// The latest ask, and the one that the rows answer.
    ask: u64,
    told: u64,
    /// What of the list was chosen on the way here, and its name.
    pub(in crate::tui) scope: Option<Scoped>,
    pub(in crate::tui) filter: Filter,
    pub(in crate::tui) columns: Vec<Column>,
    pub(in crate::tui) sort: Option<Sort>,
    pub(in crate::tui) total: u64,
    pub(in crate::tui) matched: u64,
    /// The rows that are here, and how many stand before them.
    pub(in crate::tui) offset: u64,
    pub(in crate::tui) rows: Vec<WindowRow>,
    /// The row under the cursor, counted from the first that matches; its id once it is here.
    pub(in crate::tui) cursor: u64,
    cursor_id: Option<String>,
    /// The first row that is shown.
    pub(in crate::tui) top: u64,
    pub(in crate::tui) height: u64,
    pub(in crate::tui) marks: BTreeMap<String, String>,
    /// Where the last mark was set.
    anchor: Option<u64>,
    /// Columns that are scrolled out to the left.
    pub(in crate::tui) shift: usize,
    /// When the rows were last told, and why they were refused.
    pub(in crate::tui) told_at: Option<Timestamp>,
    pub(in crate::tui) refused: Option<String>,
    /// The window that was asked for last.
    asked: (u64, u64),
}

/// A part of a list that was chosen by coming from somewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::tui) struct Scoped {
    /// What is said of it: `web-1`.
    pub(in crate::tui) name: String,
    /// The expression.
    pub(in crate::tui) selector: String,
}

/// What is looked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::tui) struct Filter {
    pub(in crate::tui) text: String,
    /// Whether it is an expression, and not words.
    pub(in crate::tui) expression: bool,
}

/// How a list is sorted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::tui) struct Sort {
    pub(in crate::tui) field: String,
    pub(in crate::tui) down: bool,
}

impl List {
    /// A list that nothing is known of yet.
    pub(in crate::tui) fn new(kind: WindowList, window: u32, scope: Option<Scoped>, height: u16) -> Self {
        Self {
            kind,
            window,
            ask: 0,
            told: 0,
            scope,
            filter: Filter::default(),
            columns: usual(kind),
            sort: None,
            total: 0,
            matched: 0,
            offset: 0,
            rows: Vec::new(),
            cursor: 0,
            cursor_id: None,
            top: 0,
            height: height.max(1).into(),
            marks: BTreeMap::new(),
            anchor: None,
            shift: 0,
            told_at: None,
            refused: None,
            asked: (0, 0),
        }
    }

    /// The row under the cursor, when it is here.
    pub(in crate::tui) fn current(&self) -> Option<&WindowRow> {
        self.row(self.cursor)
    }

    /// A row by its place, when it is here.
    pub(in crate::tui) fn row(&self, at: u64) -> Option<&WindowRow> {
        self.rows.get(usize::try_from(at.checked_sub(self.offset)?).ok()?)
    }

    /// The value of a field of the row under the cursor, when that column is shown.
    pub(in crate::tui) fn value(&self, row: &WindowRow, field: &str) -> Option<serde_json::Value> {
        let at = self.columns.iter().position(|column| column.field == field)?;
        row.cells.get(at).cloned()
    }

    /// Whether newer rows than those here are on their way.
    pub(in crate::tui) fn is_waiting(&self) -> bool {
        self.told < self.ask
    }

    /// Names what acts are about: the marked rows, or the one under the cursor.
    pub(in crate::tui) fn targets(&self) -> Vec<String> {
        if self.marks.is_empty() {
            return self.current().map(|row| row.name.clone()).into_iter().collect();
        }
        self.marks.values().cloned().collect()
    }

    /// Asks for the rows around the place, `around` the row under the cursor when it is to be found again.
    pub(in crate::tui) fn look(&mut self, around: bool) -> Effect {
        let limit = (self.height * PAGES).clamp(1, MAX_WINDOW_ROWS.into());
        let offset = self.top.saturating_sub(self.height * PAGES_BEFORE);
        self.ask += 1;
        self.asked = (offset, limit);
        let scope = self.scope.as_ref().map(|scope| scope.selector.as_str());
        let expression =
            Some(self.filter.text.as_str()).filter(|text| self.filter.expression && !text.is_empty());
        let selector = match (scope, expression) {
            (Some(scope), Some(expression)) => Some(format!("({scope}) && ({expression})")),
            (one, other) => one.or(other).map(str::to_owned),
        };
        let search =
            (!self.filter.expression && !self.filter.text.is_empty()).then(|| self.filter.text.clone());
        let sort =
            self.sort.as_ref().map(|sort| format!("{}{}", if sort.down { "-" } else { "" }, sort.field));
        Effect::Ask(WindowAsk::Open(WindowView {
            window: self.window,
            ask: self.ask,
            list: self.kind,
            selector,
            search,
            sort,
            columns: self.columns.iter().map(|column| column.field.clone()).collect(),
            offset,
            limit: u32::try_from(limit).unwrap_or(MAX_WINDOW_ROWS),
            around: self.cursor_id.clone().filter(|_| around),
        }))
    }

    /// Begins anew from the first row, as after another filter.
    pub(in crate::tui) fn restart(&mut self) -> Effect {
        (self.cursor, self.cursor_id, self.top, self.anchor, self.refused) = (0, None, 0, None, None);
        // Rows of the earlier list that are still on their way would give the cursor one of theirs.
        self.ask += 1;
        self.told = self.ask;
        self.look(false)
    }

    /// Takes what the server says of this window.
    pub(in crate::tui) fn take(&mut self, told: WindowTold, now: Timestamp) {
        match told {
            WindowTold::Rows { ask, total, matched, offset, at, rows, .. }
                if ask >= self.told && ask <= self.ask =>
            {
                let before = self.cursor;
                (self.told, self.total, self.matched) = (ask, total, matched);
                (self.offset, self.rows, self.told_at, self.refused) = (offset, rows, Some(now), None);
                self.find_cursor(at, before);
            }
            WindowTold::Changed { ask, total, matched, cells, .. } if ask == self.told => {
                (self.total, self.matched, self.told_at) = (total, matched, Some(now));
                for (row, column, value) in cells {
                    let cell =
                        self.rows.get_mut(row as usize).and_then(|row| row.cells.get_mut(column as usize));
                    if let Some(cell) = cell {
                        *cell = value;
                    }
                }
            }
            WindowTold::Refused { ask, detail, .. } if ask == self.ask => {
                self.told = ask;
                self.refused = Some(detail);
            }
            _ => {}
        }
    }

    /// Finds the row that the cursor stood on; what is shown moves with it, so that it stays where the eye is. Who looks at
    /// the first row keeps seeing it, while the cursor's fits beside it.
    fn find_cursor(&mut self, at: Option<u64>, before: u64) {
        let id = self.cursor_id.as_deref();
        let here = id.and_then(|id| self.rows.iter().position(|row| row.id == id));
        let found = here.map(|at| self.offset + at as u64).or(at.filter(|_| id.is_some()));
        if let Some(found) = found {
            if self.top > 0 || found >= self.height {
                self.top = (self.top + found).saturating_sub(before);
            }
            self.cursor = found;
        }
        self.settle();
    }

    /// Keeps cursor and view within the list, and the cursor within the view.
    fn settle(&mut self) {
        if self.told_at.is_some() {
            self.cursor = self.cursor.min(self.matched.saturating_sub(1));
            self.top = self.top.min(self.matched.saturating_sub(self.height));
        }
        self.top = self.top.clamp(self.cursor.saturating_sub(self.height - 1), self.cursor);
        self.cursor_id = self.current().map(|row| row.id.clone()).or_else(|| self.cursor_id.take());
    }

    /// Shows as many rows.
    pub(in crate::tui) fn resize(&mut self, height: u16) -> Option<Effect> {
        self.height = u64::from(height.max(1));
        self.settle();
        self.reach()
    }

    /// Moves the cursor to a place, and asks for the rows there when they are not here.
    pub(in crate::tui) fn go(&mut self, to: u64) -> Option<Effect> {
        self.cursor = to;
        self.cursor_id = None;
        self.settle();
        self.reach()
    }

    /// Moves the cursor by rows.
    pub(in crate::tui) fn step(&mut self, by: i64) -> Option<Effect> {
        self.go(self.cursor.saturating_add_signed(by))
    }

    /// Moves by pages: what is shown moves, and the cursor with it.
    pub(in crate::tui) fn page(&mut self, pages: i64) -> Option<Effect> {
        let by = pages * i64::try_from(self.height.saturating_sub(1).max(1)).unwrap_or(1);
        self.top = self.top.saturating_add_signed(by).min(self.matched.saturating_sub(self.height));
        self.step(by)
    }

    /// Asks for other rows when fewer than a page is left beyond what is shown.
    pub(in crate::tui) fn reach(&mut self) -> Option<Effect> {
        let (from, to) =
            (self.top.saturating_sub(self.height), (self.top + 2 * self.height).min(self.matched));
        let (begins, ends) = if self.is_waiting() {
            (self.asked.0, self.asked.0 + self.asked.1)
        } else {
            (self.offset, self.offset + self.rows.len() as u64)
        };
        (from < begins || to > ends).then(|| self.look(false))
    }

    /// Marks the row under the cursor, or takes its mark off, and goes on.
    pub(in crate::tui) fn mark(&mut self) -> Option<Effect> {
        let row = self.current()?.clone();
        if self.marks.remove(&row.id).is_none() {
            self.marks.insert(row.id, row.name);
            self.anchor = Some(self.cursor);
        }
        self.step(1)
    }

    /// Marks the rows from the last mark to the cursor; says how many of them are not here.
    pub(in crate::tui) fn mark_range(&mut self) -> u64 {
        let anchor = self.anchor.unwrap_or(self.cursor);
        let (from, to) = (anchor.min(self.cursor), anchor.max(self.cursor));
        let mut absent = 0;
        for at in from..=to {
            match self.row(at).map(|row| (row.id.clone(), row.name.clone())) {
                Some((id, name)) => {
                    self.marks.insert(id, name);
                }
                // The row that the range begins with was marked when it was here.
                None => absent += u64::from(at != anchor),
            }
        }
        self.anchor = Some(self.cursor);
        absent
    }

    /// Marks every row that is here; says how many that match are not.
    pub(in crate::tui) fn mark_all(&mut self) -> u64 {
        self.marks.extend(self.rows.iter().map(|row| (row.id.clone(), row.name.clone())));
        self.matched.saturating_sub(self.rows.len() as u64)
    }

    /// Sorts by the column after or before the one that it is sorted by.
    pub(in crate::tui) fn sort_next(&mut self, by: i32) -> Effect {
        let at = self
            .sort
            .as_ref()
            .and_then(|sort| self.columns.iter().position(|column| column.field == sort.field));
        let count = self.columns.len() as i32;
        let next = at.map_or(if by > 0 { 0 } else { count - 1 }, |at| at as i32 + by);
        self.sort = usize::try_from(next).ok().and_then(|next| self.columns.get(next)).map(|column| Sort {
            field: column.field.clone(),
            // What is counted is looked at from its greatest, ages from the youngest.
            down: column.form.is_number() && column.form != super::column::Form::Age,
        });
        self.restart()
    }

    /// Turns the order round.
    pub(in crate::tui) fn reverse(&mut self) -> Option<Effect> {
        match &mut self.sort {
            Some(sort) => sort.down = !sort.down,
            None => {
                let field = self.columns.first()?.field.clone();
                self.sort = Some(Sort { field, down: true });
            }
        }
        Some(self.restart())
    }
}

#[cfg(test)]
mod tests;
