//! [`Logs`]: the logs that are open, merged by the times of their lines, searched, and the place in them.

pub(in crate::tui) mod level;
pub(in crate::tui) mod line;
pub(in crate::tui) mod needle;
mod scroll;
pub(in crate::tui) mod source;
mod store;
pub(in crate::tui) mod wrap;

use std::{collections::VecDeque, fmt::Write};

use jiff::Timestamp;

use self::{
    level::Level,
    line::Line,
    needle::Needle,
    source::{Source, Standing},
    store::Store,
};
use super::{super::effect::Effect, overlay::Overlay, prompt::Prompt};
use crate::tui::{event::LogNews, figure::calm, keymap::Act};

/// The most lines that are kept, and the most bytes of their text.
const MOST_LINES: usize = 200_000;
const MOST_BYTES: usize = 128 << 20;
/// How many lines before the end each log begins.
const TAIL: u32 = 2_000;
/// The most lines that each log is read back.
const FARTHEST: u32 = 200_000;
/// Lines of a source that may belong far before the end once it is linked again.
const BACKLOG: usize = 5000;
/// How far before the end lines are put that are late: clocks of nodes differ.
const LATE: usize = 20_000;
/// The columns of the widest name before lines.
const WIDEST_NAME: usize = 24;
/// The columns of the mark of the match, of a time, and the fewest that a text needs beside them.
pub(in crate::tui) const GUTTER: usize = 2;
pub(in crate::tui) const TIME: usize = 13;
const LEAST_TEXT: usize = 16;
/// The columns that Left and Right shift by.
const SHIFT: i64 = 8;

/// Logs that are open, and the place in them.
#[derive(Clone, Debug)]
pub(in crate::tui) struct Logs {
    pub(in crate::tui) sources: Vec<Source>,
    store: Store,
    pub(in crate::tui) needle: Option<Needle>,
    /// The least level that is shown; all are without one.
    pub(in crate::tui) least: Option<Level>,
    /// The numbers of the lines that the level lets through; all without one.
    passing: Option<VecDeque<u64>>,
    /// The numbers of those among them that have what is looked for.
    matches: VecDeque<u64>,
    /// Whether only matches are shown.
    pub(in crate::tui) only: bool,
    pub(in crate::tui) wrap: bool,
    pub(in crate::tui) times: bool,
    /// Whether the end is shown, whatever comes.
    pub(in crate::tui) following: bool,
    /// The line at the top by its number, and how many of its rows are above the screen.
    top: u64,
    pub(in crate::tui) skip: usize,
    /// The first column that is shown of texts that are not wrapped.
    pub(in crate::tui) shift: usize,
    /// The match that was gone to, by its number.
    pub(in crate::tui) current: Option<u64>,
    /// Lines that came below since the end was left.
    pub(in crate::tui) below: u64,
    /// The columns of the widest name; none with one source.
    label: usize,
    width: usize,
    rows: usize,
    now: Timestamp,
    /// How often logs were opened, and how many lines of each were asked for.
    pub(in crate::tui) turn: u64,
    tail: u32,
}

/// How the columns of a line are shared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::tui) struct Layout {
    /// Whether there is room for times.
    pub(in crate::tui) times: bool,
    /// The columns of the name; none when names are not shown.
    pub(in crate::tui) label: usize,
    /// The columns of the text.
    pub(in crate::tui) text: usize,
}

impl Logs {
    /// No log is open.
    pub(in crate::tui) fn new(rows: u16) -> Self {
        Self {
            sources: Vec::new(),
            store: Store::new(MOST_LINES, MOST_BYTES),
            needle: None,
            least: None,
            passing: None,
            matches: VecDeque::new(),
            only: false,
            wrap: false,
            times: false,
            following: true,
            top: 0,
            skip: 0,
            shift: 0,
            current: None,
            below: 0,
            label: 0,
            width: 78,
            rows: usize::from(rows) + 1,
            now: Timestamp::UNIX_EPOCH,
            turn: 0,
            tail: TAIL,
        }
    }

    /// Shows as much as a terminal so wide has room for, in as many rows as a list; logs have no titles and one more.
    pub(in crate::tui) fn resize(&mut self, width: u16, rows: u16) {
        let (width, rows) = (usize::from(width.saturating_sub(2)), usize::from(rows) + 1);
        if (width, rows) != (self.width, self.rows) {
            self.around(|logs| (logs.width, logs.rows) = (width, rows));
        }
    }

    /// Follows the logs of these containers and of no other.
    pub(in crate::tui) fn follow(&mut self, sources: Vec<String>) -> Effect {
        self.tail = TAIL;
        self.read(sources)
    }

    /// Reads the logs anew from ten times as far back; `None` when that is as far as lines are kept.
    pub(in crate::tui) fn reach_back(&mut self) -> Option<Effect> {
        let sources: Vec<String> = self.sources.iter().map(|source| source.name.clone()).collect();
        if sources.is_empty() || self.tail >= FARTHEST {
            return None;
        }
        self.tail = self.tail.saturating_mul(10).min(FARTHEST);
        Some(self.read(sources))
    }

    fn read(&mut self, sources: Vec<String>) -> Effect {
        let widest = sources.iter().map(|name| wrap::columns(name)).max().unwrap_or(0);
        self.label = if sources.len() > 1 { widest.min(WIDEST_NAME) } else { 0 };
        let backlog = self.tail as usize;
        let opened =
            (0..=u16::MAX).zip(&sources).map(|(index, name)| Source::new(name.clone(), index, backlog));
        self.sources = opened.collect();
        self.store.clear();
        self.needle = None;
        self.reindex();
        (self.following, self.top, self.skip, self.shift) = (true, 0, 0, 0);
        (self.current, self.below) = (None, 0);
        self.turn += 1;
        Effect::Follow { sources, tail: self.tail, turn: self.turn }
    }

    /// Takes lines, or what became of a log.
    pub(in crate::tui) fn take(&mut self, news: LogNews, now: Timestamp) {
        self.now = now;
        match news {
            LogNews::Lines { source, lines } => {
                let Some(source) = self.source(&source) else { return };
                let depth = if source.backlog > 0 { usize::MAX } else { LATE };
                source.backlog = source.backlog.saturating_sub(lines.len());
                let fresh: Vec<Line> = lines.into_iter().filter_map(|line| source.read(line)).collect();
                self.merge(fresh, depth);
            }
            LogNews::Linked { source } => {
                let Some(source) = self.source(&source) else { return };
                let before = std::mem::replace(&mut source.standing, Standing::Live);
                source.backlog = source.backlog.max(BACKLOG);
                if let Standing::Lost(_) = before {
                    let name = source.name.clone();
                    self.mark(&name, "linked again");
                }
            }
            LogNews::Lost { source: name, cause } => {
                let Some(source) = self.source(&name) else { return };
                let before = std::mem::replace(&mut source.standing, Standing::Lost(cause));
                if !matches!(before, Standing::Lost(_)) {
                    self.mark(&name, "link lost, trying again");
                }
            }
            LogNews::Ended { source: name, cause } => {
                let Some(source) = self.source(&name) else { return };
                let said = match &cause {
                    Some(cause) => format!("the log ended: {cause}"),
                    None => "the log ended".to_owned(),
                };
                source.standing = Standing::Ended(cause);
                self.mark(&name, &said);
            }
        }
    }

    /// Carries out an act; what it lays over the place.
    pub(in crate::tui) fn act(&mut self, act: Act) -> Option<Overlay> {
        match act {
            Act::Follow if self.following => self.following = false,
            Act::Follow => self.go_to_end(),
            Act::Wrap => self.around(|logs| logs.wrap = !logs.wrap),
            Act::Times => self.around(|logs| logs.times = !logs.times),
            Act::OnlyMatches => self.toggle_only(),
            Act::Levels => self.around(|logs| {
                logs.least = Level::next(logs.least);
                logs.reindex();
            }),
            Act::NextMatch => self.go_to_match(true),
            Act::LastMatch => self.go_to_match(false),
            Act::Save if !self.sources.is_empty() => {
                return Some(Overlay::Save(Prompt::new(&self.file_name())));
            }
            _ => {}
        }
        None
    }

    /// Looks for a text as it is typed, and goes to the nearest match when none is on the screen.
    pub(in crate::tui) fn search(&mut self, text: &str) {
        if text == self.search_text() {
            return;
        }
        let needle = Needle::new(text);
        self.around(|logs| {
            let narrows = match (&needle, &logs.needle) {
                (Some(new), Some(old)) => new.narrows(old),
                _ => false,
            };
            logs.needle = needle;
            if narrows {
                logs.narrow();
            } else {
                logs.reindex();
            }
        });
        self.current = None;
        if self.needle.is_some() {
            self.go_to_nearest_match();
        }
    }

    /// What is looked for.
    pub(in crate::tui) fn search_text(&self) -> &str {
        self.needle.as_ref().map_or("", Needle::text)
    }

    /// Takes the search off; says whether there was one.
    pub(in crate::tui) fn clear_search(&mut self) -> bool {
        let had = self.needle.is_some();
        self.search("");
        had
    }

    /// The text of the match that was gone to, or else of the line at the top.
    pub(in crate::tui) fn copied(&self) -> String {
        let line =
            self.current.and_then(|number| self.store.get(number)).or_else(|| self.store.get(self.top));
        line.filter(|line| !line.is_mark).map(|line| line.text.to_string()).unwrap_or_default()
    }

    /// Everything that is shown, on the screen or not, with whole times when times are shown.
    pub(in crate::tui) fn text(&self) -> String {
        let mut text = String::new();
        for line in (0..self.len()).filter_map(|at| self.line(at)).map(|(_, line)| line) {
            if self.times {
                // Writing to a string cannot fail.
                let _ = write!(text, "{:.9} ", line.time);
            }
            if self.sources.len() > 1 {
                text.push_str(self.name(line));
                text.push_str("  ");
            }
            text.push_str(&line.text);
            text.push('\n');
        }
        text
    }

    /// How many lines are shown, on the screen or not.
    pub(in crate::tui) fn len(&self) -> usize {
        self.shown().map_or(self.store.len(), VecDeque::len)
    }

    /// A line that is shown, the oldest being 0, and its number.
    pub(in crate::tui) fn line(&self, at: usize) -> Option<(u64, &Line)> {
        let number = match self.shown() {
            None => self.store.first() + at as u64,
            Some(shown) => *shown.get(at)?,
        };
        Some((number, self.store.get(number)?))
    }

    /// The name of a line's source.
    pub(in crate::tui) fn name(&self, line: &Line) -> &str {
        self.sources.get(usize::from(line.source)).map_or("", |source| &source.name)
    }

    /// How many lines are here, and how many older ones are gone.
    pub(in crate::tui) fn counts(&self) -> (u64, u64) {
        (self.store.len() as u64, self.store.dropped())
    }

    /// Which match was gone to, from 1 on, and how many there are.
    pub(in crate::tui) fn matched(&self) -> (Option<u64>, u64) {
        let current = self.current.and_then(|number| self.matches.binary_search(&number).ok());
        (current.map(|at| at as u64 + 1), self.matches.len() as u64)
    }

    /// How the columns of lines are shared when there are so many: names give way first, then times.
    pub(in crate::tui) fn layout(&self, width: usize) -> Layout {
        let room = width.saturating_sub(GUTTER);
        let times = self.times && room >= TIME + LEAST_TEXT;
        let room = if times { room - TIME } else { room };
        let name = if self.label > 0 { self.label + 2 } else { 0 };
        let label = if room >= name + LEAST_TEXT { self.label } else { 0 };
        let text = if label > 0 { room - name } else { room };
        Layout { times, label, text: text.max(1) }
    }

    /// Shows only matches, or all lines again with those around the match that was gone to.
    fn toggle_only(&mut self) {
        self.around(|logs| logs.only = !logs.only);
        if !self.only
            && !self.following
            && let Some(number) = self.current
        {
            self.put(number, self.rows / 3);
        }
    }

    /// The numbers of the lines that are shown; all without them.
    fn shown(&self) -> Option<&VecDeque<u64>> {
        if self.only && self.needle.is_some() { Some(&self.matches) } else { self.passing.as_ref() }
    }

    fn source(&mut self, name: &str) -> Option<&mut Source> {
        self.sources.iter_mut().find(|source| source.name == name)
    }

    /// Says in the log itself what became of it.
    fn mark(&mut self, name: &str, text: &str) {
        let Some(source) = (0..=u16::MAX).zip(&self.sources).find(|(_, source)| source.name == name) else {
            return;
        };
        // It has the time of the line before it: the clocks of nodes are not the clock of here.
        let time = self.store.newest().map_or(self.now, |line| line.time);
        let text = calm(&format!("— {text} —")).into_boxed_str();
        let line = Line { time, text, source: source.0, level: None, is_mark: true };
        let (from, before) = (self.store.next(), self.len());
        self.store.push(line);
        self.came(from, before);
    }

    fn merge(&mut self, fresh: Vec<Line>, depth: usize) {
        if fresh.is_empty() {
            return;
        }
        let before = self.len();
        let merged = self.store.merge(fresh, depth);
        self.top = merged.moved(self.top);
        self.current = self.current.map(|number| merged.moved(number));
        self.came(merged.from, before);
    }

    /// Goes on after lines came, of which the first has this number.
    fn came(&mut self, from: u64, before: usize) {
        forget(&mut self.matches, from);
        if let Some(passing) = &mut self.passing {
            forget(passing, from);
        }
        self.index(from);
        self.below += self.len().saturating_sub(before) as u64;
        if self.store.trim() {
            let first = self.store.first();
            let is_gone = |number: &u64| *number < first;
            while self.matches.front().is_some_and(is_gone) {
                self.matches.pop_front();
            }
            if let Some(passing) = &mut self.passing {
                while passing.front().is_some_and(is_gone) {
                    passing.pop_front();
                }
            }
            self.current = self.current.filter(|number| *number >= first);
        }
        self.settle();
    }

    /// Finds out anew which lines the level lets through and which match.
    fn reindex(&mut self) {
        self.matches.clear();
        self.passing = self.least.map(|_| VecDeque::new());
        self.index(self.store.first());
    }

    /// Finds out which lines from a number on the level lets through and which match.
    fn index(&mut self, from: u64) {
        if self.least.is_none() && self.needle.is_none() {
            return;
        }
        for number in from..self.store.next() {
            let Some(line) = self.store.get(number) else { break };
            // Whatever says no level may matter.
            if line.level.is_some_and(|level| Some(level) < self.least) {
                continue;
            }
            if let Some(passing) = &mut self.passing {
                passing.push_back(number);
            }
            let has = |needle: &Needle| !line.is_mark && needle.is_in(&line.text);
            if self.needle.as_ref().is_some_and(has) {
                self.matches.push_back(number);
            }
        }
    }

    /// Takes off the matches that do not have the longer text that is looked for now.
    fn narrow(&mut self) {
        let Some(needle) = &self.needle else { return };
        let store = &self.store;
        self.matches.retain(|number| store.get(*number).is_some_and(|line| needle.is_in(&line.text)));
    }

    /// A name for the file: what is shown, and when.
    fn file_name(&self) -> String {
        let first = self.sources.first().map_or("", |source| &source.name);
        let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
        let first: String = first.chars().map(|c| if is_plain(c) { c } else { '-' }).collect();
        let more = match self.sources.len() {
            0 | 1 => String::new(),
            several => format!("-and-{}-more", several - 1),
        };
        format!("worpen-{first}{more}-{}.log", self.now.strftime("%Y%m%d-%H%M%S"))
    }
}

/// Takes off all numbers from this one on.
fn forget(numbers: &mut VecDeque<u64>, from: u64) {
    let kept = numbers.partition_point(|number| *number < from);
    numbers.truncate(kept);
}

#[cfg(test)]
mod tests;
