//! [`Store`]: the lines of all sources in the order of their times, as many as memory is given for.

use std::collections::VecDeque;

use super::line::Line;

/// The lines that are kept, each with a number; the oldest go when there are too many, and are counted.
#[derive(Clone, Debug)]
pub(super) struct Store {
    lines: VecDeque<Line>,
    /// The number of the oldest; each newer one has one more.
    first: u64,
    bytes: usize,
    dropped: u64,
    most_lines: usize,
    most_bytes: usize,
}

/// What became of the numbers of lines.
#[derive(Debug)]
pub(super) struct Merged {
    /// Lines from this number on are new or have another number.
    pub(super) from: u64,
    /// The numbers that those have now which were here before.
    numbers: Vec<u64>,
}

impl Merged {
    /// The number that a line has now.
    pub(super) fn moved(&self, number: u64) -> u64 {
        let at = number.checked_sub(self.from).and_then(|at| usize::try_from(at).ok());
        at.and_then(|at| self.numbers.get(at)).copied().unwrap_or(number)
    }
}

impl Store {
    /// An empty store that keeps so many lines, and so many bytes of text.
    pub(super) fn new(most_lines: usize, most_bytes: usize) -> Self {
        Self { lines: VecDeque::new(), first: 0, bytes: 0, dropped: 0, most_lines, most_bytes }
    }

    /// Forgets everything.
    pub(super) fn clear(&mut self) {
        *self = Self::new(self.most_lines, self.most_bytes);
    }

    /// How many lines are here.
    pub(super) fn len(&self) -> usize {
        self.lines.len()
    }

    /// The number of the oldest line.
    pub(super) fn first(&self) -> u64 {
        self.first
    }

    /// The number that the next line will have.
    pub(super) fn next(&self) -> u64 {
        self.first + self.lines.len() as u64
    }

    /// How many lines are gone.
    pub(super) fn dropped(&self) -> u64 {
        self.dropped
    }

    /// A line by its number.
    pub(super) fn get(&self, number: u64) -> Option<&Line> {
        self.lines.get(usize::try_from(number.checked_sub(self.first)?).ok()?)
    }

    /// The newest line.
    pub(super) fn newest(&self) -> Option<&Line> {
        self.lines.back()
    }

    /// Takes lines of one source among those that are here, by their times: behind lines of the same time, behind all of
    /// their own source, and no deeper than so many lines.
    pub(super) fn merge(&mut self, fresh: Vec<Line>, depth: usize) -> Merged {
        self.bytes += fresh.iter().map(|line| line.text.len()).sum::<usize>();
        let later = fresh.first().map_or(0, |first| {
            let is_later = |line: &&Line| line.time > first.time && line.source != first.source;
            self.lines.iter().rev().take(depth).take_while(is_later).count()
        });
        let kept = self.lines.len() - later;
        let from = self.first + kept as u64;
        if later == 0 {
            self.lines.extend(fresh);
            return Merged { from, numbers: Vec::new() };
        }
        let mut numbers = Vec::with_capacity(later);
        let tail: Vec<Line> = self.lines.drain(kept..).collect();
        let mut fresh = fresh.into_iter().peekable();
        for line in tail {
            while let Some(earlier) = fresh.next_if(|fresh| fresh.time < line.time) {
                self.lines.push_back(earlier);
            }
            numbers.push(self.next());
            self.lines.push_back(line);
        }
        self.lines.extend(fresh);
        Merged { from, numbers }
    }

    /// Takes what belongs at the end.
    pub(super) fn push(&mut self, line: Line) {
        self.bytes += line.text.len();
        self.lines.push_back(line);
    }

    /// Lets the oldest go until all have room; says whether any went.
    pub(super) fn trim(&mut self) -> bool {
        let first = self.first;
        while self.lines.len() > self.most_lines || self.bytes > self.most_bytes {
            let Some(line) = self.lines.pop_front() else { break };
            self.first += 1;
            self.bytes -= line.text.len();
            self.dropped += u64::from(!line.is_mark);
        }
        self.first != first
    }
}
