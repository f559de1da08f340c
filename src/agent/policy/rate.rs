//! [`Bucket`]: how much of a rate is left, by a clock that never goes back.

use std::time::{Duration, Instant};

use serde::Deserialize;

/// The longest span of a rate, seconds: 30 days.
const MAX_PER_S: u32 = 30 * 86_400;

/// So many in so many seconds.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Rate {
    /// How many.
    pub(super) count: u32,
    /// In how many seconds.
    pub(super) per_s: u32,
}

impl Rate {
    /// Whether it can be kept.
    pub(super) fn check(self) -> Result<(), String> {
        if self.count == 0 || !(1..=MAX_PER_S).contains(&self.per_s) {
            return Err(format!("'rate' needs a count from 1 and per_s from 1 to {MAX_PER_S}"));
        }
        Ok(())
    }

    /// The time in which one comes back.
    fn each(self) -> Duration {
        Duration::from_secs(self.per_s.into()) / self.count.max(1)
    }

    /// The time in which all come back.
    fn all(self) -> Duration {
        self.each() * self.count
    }
}

/// What is left, as the moment at which it is full again: one number, and no timer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bucket {
    full_at: Instant,
}

impl Bucket {
    /// One of which nothing was taken.
    pub(super) const fn full(now: Instant) -> Self {
        Self { full_at: now }
    }

    /// Takes one.
    ///
    /// # Errors
    /// None is left; the next comes after this time.
    pub(super) fn take(&mut self, rate: Rate, now: Instant) -> Result<(), Duration> {
        let full_at = self.full_at.max(now) + rate.each();
        match (full_at - now).checked_sub(rate.all()) {
            Some(wait) if !wait.is_zero() => Err(wait),
            _ => {
                self.full_at = full_at;
                Ok(())
            }
        }
    }
}
