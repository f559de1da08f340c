//! [`Tally`]: what the agents did, counted as it happens.

use std::{
    array,
    collections::BTreeMap,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use super::report::{Errors, Latency, Orders, Questions, Report};

/// A kind of frame that agents send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FrameKind {
    Hello,
    Heartbeat,
    Telemetry,
    Inventory,
    Event,
    Result,
    Ack,
    Error,
    Output,
}

/// The kinds by name, in their order.
const KINDS: [&str; 9] =
    ["hello", "heartbeat", "telemetry", "inventory", "event", "command_result", "ack", "error", "output"];

/// What the agents did.
#[derive(Default)]
pub(super) struct Tally {
    linked: AtomicU64,
    peak: AtomicU64,
    pub(super) joins: AtomicU64,
    pub(super) links: AtomicU64,
    pub(super) reconnects: AtomicU64,
    pub(super) cuts: AtomicU64,
    frames: [AtomicU64; KINDS.len()],
    pub(super) resent: AtomicU64,
    pub(super) shed: AtomicU64,
    pub(super) unacknowledged: AtomicU64,
    bytes_sent: AtomicU64,
    bytes_received: AtomicU64,
    pub(super) acks: AtomicU64,
    pub(super) succeeded: AtomicU64,
    pub(super) failed: AtomicU64,
    pub(super) refused: AtomicU64,
    pub(super) answered: AtomicU64,
    pub(super) unanswered: AtomicU64,
    lines: AtomicU64,
    pub(super) acknowledged: Histogram,
    pub(super) welcomed: Histogram,
    errors: Mutex<BTreeMap<&'static str, Errors>>,
}

/// Adds one.
pub(super) fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Relaxed);
}

impl Tally {
    /// Notes a frame that went out.
    pub(super) fn sent(&self, kind: FrameKind, bytes: usize) {
        count(&self.frames[kind as usize]);
        self.bytes_sent.fetch_add(bytes as u64, Relaxed);
    }

    /// Notes lines of logs that went out.
    pub(super) fn told(&self, lines: usize) {
        self.lines.fetch_add(lines as u64, Relaxed);
    }

    /// Notes a message that came in.
    pub(super) fn received(&self, bytes: usize) {
        self.bytes_received.fetch_add(bytes as u64, Relaxed);
    }

    /// Notes an open link for as long as the guard lives.
    pub(super) fn link(&self) -> Linked<'_> {
        let now = self.linked.fetch_add(1, Relaxed) + 1;
        self.peak.fetch_max(now, Relaxed);
        Linked(self)
    }

    /// Notes an error; the first of its kind is kept as an example.
    pub(super) fn error(&self, kind: &'static str, detail: impl FnOnce() -> String) {
        let mut errors = self.errors.lock().unwrap_or_else(PoisonError::into_inner);
        errors.entry(kind).or_insert_with(|| Errors { count: 0, example: detail() }).count += 1;
    }

    /// Writes everything so far into a report.
    pub(super) fn report(&self, blank: Report) -> Report {
        let load = |counter: &AtomicU64| counter.load(Relaxed);
        let errors = self.errors.lock().unwrap_or_else(PoisonError::into_inner);
        Report {
            linked: load(&self.linked),
            peak: load(&self.peak),
            joins: load(&self.joins),
            links: load(&self.links),
            reconnects: load(&self.reconnects),
            cuts: load(&self.cuts),
            frames: KINDS.iter().zip(&self.frames).map(|(kind, counter)| (*kind, load(counter))).collect(),
            resent: load(&self.resent),
            shed: load(&self.shed),
            unacknowledged: load(&self.unacknowledged),
            bytes_sent: load(&self.bytes_sent),
            bytes_received: load(&self.bytes_received),
            acks: load(&self.acks),
            orders: Orders {
                succeeded: load(&self.succeeded),
                failed: load(&self.failed),
                refused: load(&self.refused),
            },
            questions: Questions {
                answered: load(&self.answered),
                refused: load(&self.unanswered),
                lines: load(&self.lines),
            },
            ack_latency: self.acknowledged.summary(),
            welcome_latency: self.welcomed.summary(),
            errors: errors.iter().map(|(kind, errors)| (*kind, errors.clone())).collect(),
            ..blank
        }
    }
}

/// An open link, for as long as it lives.
pub(super) struct Linked<'a>(&'a Tally);

impl Drop for Linked<'_> {
    fn drop(&mut self) {
        self.0.linked.fetch_sub(1, Relaxed);
    }
}

/// Buckets per power of two; a quantile is off by at most a sixteenth.
const FINE: usize = 16;
/// Powers of two of microseconds, to more than an hour.
const COARSE: usize = 32;

/// Durations, counted in buckets that grow with them.
pub(super) struct Histogram {
    buckets: [AtomicU64; FINE * COARSE],
    longest: AtomicU64,
}

impl Default for Histogram {
    fn default() -> Self {
        Self { buckets: array::from_fn(|_| AtomicU64::new(0)), longest: AtomicU64::new(0) }
    }
}

impl Histogram {
    /// Counts one duration.
    pub(super) fn record(&self, duration: Duration) {
        let micros = u64::try_from(duration.as_micros()).unwrap_or(u64::MAX).max(1);
        count(&self.buckets[bucket(micros)]);
        self.longest.fetch_max(micros, Relaxed);
    }

    fn summary(&self) -> Latency {
        let counts: Vec<u64> = self.buckets.iter().map(|bucket| bucket.load(Relaxed)).collect();
        let total: u64 = counts.iter().sum();
        let longest = self.longest.load(Relaxed);
        let quantile = |percent: u64| {
            let wanted = (total * percent).div_ceil(100);
            let mut seen = 0;
            let found = counts.iter().position(|count| {
                seen += count;
                seen >= wanted
            });
            milliseconds(found.map_or(0, upper_bound).min(longest))
        };
        Latency { count: total, p50_ms: quantile(50), p99_ms: quantile(99), max_ms: milliseconds(longest) }
    }
}

/// The bucket of a number of microseconds, which is not 0: its power of two, then the four bits below the highest.
const fn bucket(micros: u64) -> usize {
    let power = micros.ilog2() as usize;
    let below = ((micros << (63 - power)) >> 59) as usize & (FINE - 1);
    let bucket = power * FINE + below;
    if bucket < FINE * COARSE { bucket } else { FINE * COARSE - 1 }
}

/// The highest number of microseconds that a bucket counts.
const fn upper_bound(bucket: usize) -> u64 {
    let (power, below) = (bucket / FINE, (bucket % FINE) as u64);
    ((FINE as u64 + below + 1) << power).div_ceil(FINE as u64) - 1
}

fn milliseconds(micros: u64) -> f64 {
    micros as f64 / 1_000.0
}

#[cfg(test)]
mod tests;
