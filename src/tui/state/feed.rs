//! [`Feed`]: what happened, the newest first, growing at the top while it is read and at the bottom as far as one goes.

use std::collections::VecDeque;

use crate::proto::{command::Command, event::Event};

/// What is kept at most; the oldest goes, and comes back when it is scrolled to.
const MOST: usize = 5_000;

/// An entry of a feed.
pub(in crate::tui) trait Entry {
    /// Whether this is a form of the same entry.
    fn is(&self, other: &Self) -> bool;
    /// The words that a filter looks through.
    fn words(&self) -> String;
}

impl Entry for Event {
    fn is(&self, other: &Self) -> bool {
        self.id == other.id
    }

    fn words(&self) -> String {
        let subject = self.subject.as_deref().unwrap_or_default();
        format!("{} {subject} {} {}", self.kind.as_str(), self.actor, self.data)
    }
}

impl Entry for Command {
    fn is(&self, other: &Self) -> bool {
        self.id == other.id
    }

    fn words(&self) -> String {
        let nodes: Vec<&str> = self.executions.iter().map(|execution| execution.node.as_str()).collect();
        format!(
            "{} {} {} {} {} {}",
            self.verb,
            self.status.as_str(),
            self.actor,
            self.args,
            nodes.join(" "),
            self.id
        )
    }
}

/// A feed and the place in it.
#[derive(Clone, Debug)]
pub(in crate::tui) struct Feed<T> {
    /// The newest first.
    rows: VecDeque<T>,
    /// The number of the newest; each older one has one less.
    newest: i64,
    /// The numbers of those that the filter lets through; all without one.
    shown: Option<VecDeque<i64>>,
    pub(in crate::tui) filter: String,
    /// The entry under the cursor by its number; the newest, whichever that is, without one.
    cursor: Option<i64>,
    pub(in crate::tui) top: usize,
    pub(in crate::tui) height: usize,
    /// Whether older ones may still be asked for, and whether that was done.
    pub(in crate::tui) more: bool,
    pub(in crate::tui) waiting: bool,
    /// Why the latest page did not come.
    pub(in crate::tui) failed: Option<String>,
}

impl<T: Entry> Feed<T> {
    /// An empty feed.
    pub(in crate::tui) fn new(height: u16) -> Self {
        Self {
            rows: VecDeque::new(),
            newest: 0,
            shown: None,
            filter: String::new(),
            cursor: None,
            top: 0,
            height: usize::from(height.max(1)),
            more: true,
            waiting: false,
            failed: None,
        }
    }

    /// How many are shown.
    pub(in crate::tui) fn len(&self) -> usize {
        self.shown.as_ref().map_or(self.rows.len(), VecDeque::len)
    }

    /// One of those that are shown, the newest being 0.
    pub(in crate::tui) fn row(&self, at: usize) -> Option<&T> {
        self.by_number(self.number(at)?)
    }

    /// Where the cursor is among those that are shown.
    pub(in crate::tui) fn at(&self) -> usize {
        let Some(number) = self.cursor else { return 0 };
        match &self.shown {
            None => usize::try_from(self.newest - number).unwrap_or(0),
            Some(shown) => shown.partition_point(|shown| *shown > number),
        }
        .min(self.len().saturating_sub(1))
    }

    /// The entry under the cursor.
    pub(in crate::tui) fn current(&self) -> Option<&T> {
        self.row(self.at())
    }

    /// The oldest that is here.
    pub(in crate::tui) fn oldest(&self) -> Option<&T> {
        self.rows.back()
    }

    /// Everything that is here, the newest first.
    pub(in crate::tui) fn iter(&self) -> impl Iterator<Item = &T> {
        self.rows.iter()
    }

    /// Takes a new entry, or the newer form of one that is here.
    pub(in crate::tui) fn put(&mut self, entry: T) {
        if let Some(known) = self.rows.iter_mut().find(|known| known.is(&entry)) {
            *known = entry;
            return;
        }
        self.newest += 1;
        if let Some(shown) = &mut self.shown
            && lets_through(&self.filter, &entry)
        {
            shown.push_front(self.newest);
        }
        let visible = self.shown.as_ref().is_none_or(|shown| shown.front() == Some(&self.newest));
        self.rows.push_front(entry);
        if self.rows.len() > MOST {
            self.rows.pop_back();
            self.more = true;
            let oldest = self.newest - self.rows.len() as i64;
            if let Some(shown) = &mut self.shown {
                while shown.back().is_some_and(|number| *number <= oldest) {
                    shown.pop_back();
                }
            }
        }
        // Whoever reads older ones is not moved by newer ones.
        if visible && (self.top > 0 || self.cursor.is_some()) {
            self.top += 1;
        }
        self.settle();
    }

    /// Takes older entries, the newest of them first; `more` says whether still older ones follow.
    pub(in crate::tui) fn extend(&mut self, older: impl IntoIterator<Item = T>, more: bool) {
        for entry in older {
            if self.rows.len() >= MOST && self.cursor.is_none() {
                break;
            }
            let number = self.newest - self.rows.len() as i64;
            if let Some(shown) = &mut self.shown
                && lets_through(&self.filter, &entry)
            {
                shown.push_back(number);
            }
            self.rows.push_back(entry);
        }
        (self.more, self.waiting, self.failed) = (more, false, None);
        self.settle();
    }

    /// Filters by words.
    pub(in crate::tui) fn search(&mut self, text: String) {
        self.filter = text;
        self.shown = (!self.filter.trim().is_empty()).then(|| {
            let numbered = self.rows.iter().zip((0..).map(|at: i64| self.newest - at));
            numbered.filter(|(row, _)| lets_through(&self.filter, *row)).map(|(_, number)| number).collect()
        });
        self.settle();
    }

    /// Moves the cursor; at the newest it stays with the newest.
    pub(in crate::tui) fn go(&mut self, to: usize) {
        let to = to.min(self.len().saturating_sub(1));
        self.cursor = if to == 0 { None } else { self.number(to) };
        self.settle();
    }

    /// Moves the cursor by entries.
    pub(in crate::tui) fn step(&mut self, by: isize) {
        self.go(self.at().saturating_add_signed(by));
    }

    /// Shows as many.
    pub(in crate::tui) fn resize(&mut self, height: u16) {
        self.height = usize::from(height.max(1));
        self.settle();
    }

    /// Whether so few are left below that older ones should be asked for.
    pub(in crate::tui) fn is_short(&self) -> bool {
        self.more && !self.waiting && self.len() < self.top + 3 * self.height
    }

    fn settle(&mut self) {
        let at = self.at();
        self.top = self.top.clamp((at + 1).saturating_sub(self.height), at);
    }

    fn number(&self, at: usize) -> Option<i64> {
        match &self.shown {
            None => (at < self.rows.len()).then(|| self.newest - at as i64),
            Some(shown) => shown.get(at).copied(),
        }
    }

    fn by_number(&self, number: i64) -> Option<&T> {
        self.rows.get(usize::try_from(self.newest - number).ok()?)
    }
}

/// Whether an entry has all words of a filter and none of those behind `!`, whatever their case.
fn lets_through(filter: &str, entry: &impl Entry) -> bool {
    let words = entry.words().to_lowercase();
    filter.to_lowercase().split_whitespace().all(|word| match word.strip_prefix('!') {
        Some("") => true,
        Some(not) => !words.contains(not),
        None => words.contains(word),
    })
}

#[cfg(test)]
mod tests;
