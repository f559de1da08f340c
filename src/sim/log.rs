//! [`Log`]: what a simulated container writes. Nothing of it is kept: which line stands at which moment follows from the
//! seed and the container, so that whoever reads a span twice reads the same lines.
//!
//! Time is cut into slots, one for each line, counted from 1970. A slot's line is written at a moment within it, and is
//! part of the log when the container ran at that moment.

use jiff::Timestamp;

use super::random::Random;
use crate::{core::output::Line, proto::output::LogStream};

/// The most lines that a log holds; older ones are gone, as with an engine that rotates.
pub(super) const MAX_LINES: u32 = 10_000;
/// The longest slot: a year.
const LONGEST_SLOT: f64 = 365.0 * 86_400.0 * 1e9;
const PATHS: [&str; 6] = ["/", "/api/orders", "/api/orders/{id}", "/api/cart", "/healthz", "/static/app.js"];

/// A time in which a container ran.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Run {
    /// When it started.
    pub(super) began: Timestamp,
    /// When it ended; `None` while it goes on.
    pub(super) ended: Option<Timestamp>,
}

/// The log of a container, as of one moment.
#[derive(Clone, Debug)]
pub(super) struct Log {
    /// Tells it from the logs of all other containers.
    key: u64,
    /// The length of a slot in nanoseconds; `None` for a container that says nothing.
    slot: Option<i64>,
    /// When it ran, the last time last.
    runs: Vec<Run>,
}

/// Which part of a log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Span {
    /// Begins so many lines before the end.
    pub(super) tail: Option<u32>,
    /// From this moment on.
    pub(super) since: Option<Timestamp>,
    /// Up to this moment.
    pub(super) until: Option<Timestamp>,
    /// Whether to go on with what comes.
    pub(super) follow: bool,
}

/// What comes next of a log that is being read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// A line is there.
    Line,
    /// Nothing before this moment.
    At(Timestamp),
    /// Nothing until the container ends.
    Nothing,
    /// It is over.
    Over,
}

impl Log {
    /// The log of a container that writes so many lines per minute.
    pub(super) fn new(key: u64, lines_per_minute: f64, runs: Vec<Run>) -> Self {
        let slot = (60e9 / lines_per_minute).min(LONGEST_SLOT);
        Self { key, slot: (lines_per_minute > 0.0).then_some(slot as i64), runs }
    }

    /// Whether the container runs.
    fn is_open(&self) -> bool {
        self.runs.last().is_some_and(|run| run.ended.is_none())
    }

    /// Ends it where it is open.
    fn close(&mut self, ended: Timestamp) {
        if let Some(run) = self.runs.last_mut() {
            run.ended.get_or_insert(ended);
        }
    }

    /// The slot of a moment.
    fn slot_of(time: Timestamp, slot: i64) -> i64 {
        i64::try_from(time.as_nanosecond()).unwrap_or(i64::MAX / 2).div_euclid(slot)
    }

    /// When the line of a slot is written.
    fn moment(&self, number: i64, slot: i64) -> Timestamp {
        let mut random = Random::at(self.key, number.cast_unsigned());
        let within = random.below(slot.unsigned_abs()).cast_signed();
        Timestamp::from_nanosecond((number.saturating_mul(slot).saturating_add(within)).into())
            .unwrap_or(Timestamp::MAX)
    }

    /// The first slot at `time` or after it.
    fn first_at(&self, time: Timestamp, slot: i64) -> i64 {
        let number = Self::slot_of(time, slot);
        if self.moment(number, slot) < time { number + 1 } else { number }
    }

    /// The first line at a slot or after it that is part of the log.
    fn next(&self, from: i64) -> Option<(i64, Timestamp)> {
        let slot = self.slot?;
        self.runs.iter().find_map(|run| {
            let number = self.first_at(run.began, slot).max(from);
            let time = self.moment(number, slot);
            run.ended.is_none_or(|ended| time < ended).then_some((number, time))
        })
    }

    /// Where the last so many lines before `now` begin.
    fn tail(&self, lines: u32, now: Timestamp) -> i64 {
        let (Some(slot), mut wanted) = (self.slot, i64::from(lines)) else { return 0 };
        for run in self.runs.iter().rev() {
            let (first, end) =
                (self.first_at(run.began, slot), self.first_at(run.ended.unwrap_or(now).min(now), slot));
            let lines = (end - first).max(0);
            if wanted <= lines {
                return end - wanted;
            }
            wanted -= lines;
        }
        0
    }

    /// The line of a slot.
    fn line(&self, number: i64, time: Timestamp) -> Line {
        let mut random = Random::at(!self.key, number.cast_unsigned());
        let path = PATHS[random.below(PATHS.len() as u64) as usize];
        let (level, status) = match random.below(20) {
            0 => ("error", 500),
            1 => ("warn", 404),
            _ => ("info", 200),
        };
        let (took, request) = (1 + random.below(400), random.below(u64::MAX));
        let text = format!(
            "level={level} msg=\"GET {path}\" status={status} duration_ms={took} request={request:016x} line={number}"
        );
        let stream = if level == "error" { LogStream::Stderr } else { LogStream::Stdout };
        Line { time, stream, bytes: text.into_bytes(), continues: false }
    }
}

/// A log that is being read.
#[derive(Clone, Debug)]
pub(super) struct Reading {
    log: Log,
    /// The slot of the next line, when it is part of the log.
    at: i64,
    until: Option<Timestamp>,
    follow: bool,
}

impl Reading {
    /// Begins to read. As with an engine, `tail` counts from the log's end, whatever `until` says.
    pub(super) fn new(mut log: Log, span: Span, now: Timestamp) -> Self {
        let follow = span.follow && log.is_open();
        let mut at = log.tail(span.tail.unwrap_or(MAX_LINES).min(MAX_LINES), now);
        if let Some((since, slot)) = span.since.zip(log.slot) {
            at = at.max(log.first_at(since, slot));
        }
        if !follow {
            log.close(now);
        }
        Self { log, at, until: span.until, follow }
    }

    /// When the run began that it follows.
    pub(super) fn follows(&self) -> Option<Timestamp> {
        self.log.runs.last().filter(|run| self.follow && run.ended.is_none()).map(|run| run.began)
    }

    /// Notes that the run that it follows is over.
    pub(super) fn close(&mut self, ended: Timestamp) {
        self.log.close(ended);
    }

    /// What comes next.
    pub(super) fn next(&self, now: Timestamp) -> Next {
        match self.peek() {
            Some((_, time)) if time < now => Next::Line,
            Some((_, time)) => Next::At(time),
            None if !self.log.is_open() => Next::Over,
            None => match self.until {
                Some(until) if until <= now => Next::Over,
                Some(until) => Next::At(until),
                None => Next::Nothing,
            },
        }
    }

    /// Takes the lines that are there, up to a weight.
    pub(super) fn take(&mut self, now: Timestamp, weight: usize) -> Vec<Line> {
        let (mut lines, mut taken) = (Vec::new(), 0);
        while taken < weight
            && let Some((number, time)) = self.peek().filter(|(_, time)| *time < now)
        {
            let line = self.log.line(number, time);
            taken += line.weight();
            lines.push(line);
            self.at = number + 1;
        }
        lines
    }

    fn peek(&self) -> Option<(i64, Timestamp)> {
        self.log.next(self.at).filter(|(_, time)| self.until.is_none_or(|until| *time <= until))
    }
}

#[cfg(test)]
mod tests;
