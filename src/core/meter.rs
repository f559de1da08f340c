//! Counting as it happens: atomics that cost next to nothing where they count, and are added up where they are read.

use std::{
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    time::{Duration, Instant},
};

/// The upper bounds of times, in microseconds: 100 µs to 10 s.
pub const TIMES: &[u64] = &[
    100, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000,
    2_500_000, 10_000_000,
];

/// The upper bounds of numbers of things done together.
pub const SIZES: &[u64] = &[1, 2, 4, 8, 16, 32, 64, 128, 256, 512];

/// How many seconds a slot of [`Recent`] and [`RecentTimes`] is long.
const SLOT_S: u64 = 10;
/// How many slots are looked back over: the latest five minutes, and the one that is being filled.
const SLOTS: usize = 31;

/// A number that only rises.
#[derive(Debug, Default)]
pub struct Counter(AtomicU64);

impl Counter {
    /// Adds one.
    pub fn one(&self) {
        self.add(1);
    }

    /// Adds some.
    pub fn add(&self, more: u64) {
        self.0.fetch_add(more, Relaxed);
    }

    /// The number.
    #[must_use]
    pub fn get(&self) -> u64 {
        self.0.load(Relaxed)
    }
}

/// How many there are now.
#[derive(Debug, Default)]
pub struct Level(AtomicU64);

impl Level {
    /// One more, for as long as the answer lives.
    #[must_use]
    pub fn one_more(&self) -> Rise<'_> {
        self.0.fetch_add(1, Relaxed);
        Rise(self)
    }

    /// How many.
    #[must_use]
    pub fn get(&self) -> u64 {
        self.0.load(Relaxed)
    }
}

/// One of a [`Level`].
#[derive(Debug)]
pub struct Rise<'a>(&'a Level);

impl Drop for Rise<'_> {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Relaxed);
    }
}

/// How values spread over buckets, each with an upper bound, the last without.
#[derive(Debug)]
pub struct Histogram {
    bounds: &'static [u64],
    buckets: Box<[AtomicU64]>,
    sum: AtomicU64,
}

/// A histogram as it stood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spread {
    /// The upper bounds of all buckets but the last.
    pub bounds: &'static [u64],
    /// How many values are in each bucket.
    pub buckets: Vec<u64>,
    /// What they add up to.
    pub sum: u64,
}

impl Histogram {
    /// An empty one with these bounds.
    #[must_use]
    pub fn new(bounds: &'static [u64]) -> Self {
        let buckets = (0..=bounds.len()).map(|_| AtomicU64::new(0)).collect();
        Self { bounds, buckets, sum: AtomicU64::new(0) }
    }

    /// Counts a value.
    pub fn record(&self, value: u64) {
        self.buckets[bucket_of(self.bounds, value)].fetch_add(1, Relaxed);
        self.sum.fetch_add(value, Relaxed);
    }

    /// Counts a span of time, in microseconds.
    pub fn took(&self, span: Duration) {
        self.record(micros(span));
    }

    /// How it stands.
    #[must_use]
    pub fn spread(&self) -> Spread {
        let buckets = self.buckets.iter().map(|bucket| bucket.load(Relaxed)).collect();
        Spread { bounds: self.bounds, buckets, sum: self.sum.load(Relaxed) }
    }
}

impl Spread {
    /// How many values there are.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.buckets.iter().sum()
    }

    /// The value below which a part (0 to 1) of all values lies, taken to be spread evenly within a bucket; `None`
    /// without values. Values beyond the last bound count as that bound.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "an estimate; counts and bounds stay far below 2^52")]
    pub fn quantile(&self, part: f64) -> Option<f64> {
        let count = self.count();
        if count == 0 {
            return None;
        }
        let wanted = part * count as f64;
        let (mut before, mut lower) = (0.0, 0.0);
        for (bucket, bound) in self.buckets.iter().zip(self.bounds) {
            let (held, upper) = (*bucket as f64, *bound as f64);
            if held > 0.0 && before + held >= wanted {
                return Some(lower + (upper - lower) * (wanted - before) / held);
            }
            (before, lower) = (before + held, upper);
        }
        Some(lower)
    }
}

fn bucket_of(bounds: &[u64], value: u64) -> usize {
    bounds.partition_point(|bound| *bound < value)
}

/// A span in whole microseconds.
#[must_use]
pub fn micros(span: Duration) -> u64 {
    u64::try_from(span.as_micros()).unwrap_or(u64::MAX)
}

/// The number of a slot's turn above, what it counted below: both change together, so that no count is lost when a
/// slot begins anew.
#[derive(Debug, Default)]
struct Slot(AtomicU64);

impl Slot {
    fn add(&self, turn: u32, more: u32) {
        // The closure always gives a value, so that the update always succeeds.
        let _ = self.0.fetch_update(Relaxed, Relaxed, |packed| {
            let counted = if packed >> 32 == u64::from(turn) { packed & u64::from(u32::MAX) } else { 0 };
            let counted = (counted + u64::from(more)).min(u32::MAX.into());
            Some(u64::from(turn) << 32 | counted)
        });
    }

    fn get(&self, turn: u32) -> u64 {
        let packed = self.0.load(Relaxed);
        if packed >> 32 == u64::from(turn) { packed & u64::from(u32::MAX) } else { 0 }
    }
}

/// Where in time a count belongs: spans since a beginning, in slots of ten seconds.
#[derive(Clone, Copy, Debug)]
pub struct Beginning(Instant);

impl Beginning {
    /// Counts begin now.
    #[must_use]
    pub const fn at(now: Instant) -> Self {
        Self(now)
    }

    /// The seconds since.
    #[must_use]
    pub fn elapsed(self, now: Instant) -> Duration {
        now.saturating_duration_since(self.0)
    }

    /// The turn that a moment belongs to; 0 is no turn, since empty slots have it.
    fn turn(self, now: Instant) -> u32 {
        u32::try_from(self.elapsed(now).as_secs() / SLOT_S + 1).unwrap_or(u32::MAX)
    }

    /// The latest turns that are over, so many that they span a time or as much of it as there was, and the seconds
    /// that they span; `None` while none is over.
    fn turns(self, now: Instant, span: Duration) -> Option<(std::ops::Range<u32>, f64)> {
        let turn = self.turn(now);
        let wanted = u32::try_from(span.as_secs() / SLOT_S).unwrap_or(u32::MAX).clamp(1, SLOTS as u32 - 1);
        let turns = turn.saturating_sub(wanted).max(1)..turn;
        let length = f64::from(turns.end - turns.start) * SLOT_S as f64;
        (!turns.is_empty()).then_some((turns, length))
    }
}

/// How often something happened lately.
#[derive(Debug)]
pub struct Recent {
    beginning: Beginning,
    slots: [Slot; SLOTS],
}

impl Recent {
    /// Nothing happened yet.
    #[must_use]
    pub fn new(beginning: Beginning) -> Self {
        Self { beginning, slots: std::array::from_fn(|_| Slot::default()) }
    }

    /// It happened so many times.
    pub fn add(&self, now: Instant, more: u64) {
        let turn = self.beginning.turn(now);
        self.slots[turn as usize % SLOTS].add(turn, u32::try_from(more).unwrap_or(u32::MAX));
    }

    /// How often each second over the latest time (at most five minutes, in whole slots of ten seconds); `None` before
    /// the first slot is over.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "a rate; the counts stay far below 2^52")]
    pub fn per_second(&self, now: Instant, span: Duration) -> Option<f64> {
        let (turns, length) = self.beginning.turns(now, span)?;
        let counted: u64 = turns.map(|turn| self.slots[turn as usize % SLOTS].get(turn)).sum();
        Some(counted as f64 / length)
    }
}

/// How long something took lately.
#[derive(Debug)]
pub struct RecentTimes {
    beginning: Beginning,
    slots: Box<[[Slot; TIMES.len() + 1]]>,
}

impl RecentTimes {
    /// Nothing happened yet.
    #[must_use]
    pub fn new(beginning: Beginning) -> Self {
        Self { beginning, slots: (0..SLOTS).map(|_| std::array::from_fn(|_| Slot::default())).collect() }
    }

    /// It happened and took so long.
    pub fn took(&self, now: Instant, span: Duration) {
        let turn = self.beginning.turn(now);
        self.slots[turn as usize % SLOTS][bucket_of(TIMES, micros(span))].add(turn, 1);
    }

    /// How the times spread over the latest time (at most five minutes), the slot that is being filled included; their
    /// sum is not kept.
    #[must_use]
    pub fn spread(&self, now: Instant, span: Duration) -> Spread {
        let turn = self.beginning.turn(now);
        let first = self.beginning.turns(now, span).map_or(turn, |(turns, _)| turns.start);
        let in_bucket = |bucket: usize| {
            (first..=turn).map(|turn| self.slots[turn as usize % SLOTS][bucket].get(turn)).sum()
        };
        Spread { bounds: TIMES, buckets: (0..=TIMES.len()).map(in_bucket).collect(), sum: 0 }
    }

    /// How often each second over the latest time; `None` before the first slot is over.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "a rate; the counts stay far below 2^52")]
    pub fn per_second(&self, now: Instant, span: Duration) -> Option<f64> {
        let (turns, length) = self.beginning.turns(now, span)?;
        let counted: u64 = turns
            .flat_map(|turn| self.slots[turn as usize % SLOTS].iter().map(move |slot| slot.get(turn)))
            .sum();
        Some(counted as f64 / length)
    }
}

/// What a store counts of itself.
#[derive(Debug)]
pub struct StoreMeter {
    /// Changes that wait for the writer or are being written.
    pub waiting: Level,
    /// How long a batch took from its first statement to its sync.
    pub commits: Histogram,
    /// The same of the latest minutes.
    pub recent: RecentTimes,
    /// How many changes a batch held.
    pub batches: Histogram,
    /// Batches that were not written.
    pub failures: Counter,
}

impl Default for StoreMeter {
    fn default() -> Self {
        Self {
            waiting: Level::default(),
            commits: Histogram::new(TIMES),
            recent: RecentTimes::new(Beginning::at(Instant::now())),
            batches: Histogram::new(SIZES),
            failures: Counter::default(),
        }
    }
}

/// What a process takes of its machine; what is not known is `None`.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ProcessUsage {
    /// Bytes of memory that are resident.
    pub resident_bytes: Option<u64>,
    /// Bytes of address space.
    pub virtual_bytes: Option<u64>,
    /// Seconds of a core, in user and kernel mode.
    pub cpu_seconds: Option<f64>,
    /// Open files.
    pub open_fds: Option<u64>,
    /// The most open files there may be.
    pub max_fds: Option<u64>,
    /// Threads.
    pub threads: Option<u64>,
}

#[cfg(test)]
mod tests;
