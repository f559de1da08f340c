//! [`Backoff`]: how long to wait before the next attempt.

use std::time::Duration;

/// The most that the first attempt waits.
const BASE: Duration = Duration::from_millis(500);
/// The most that any attempt waits.
const MOST: Duration = Duration::from_secs(60);
/// A link that lasted this long shows that all is well again.
const WELL: Duration = Duration::from_secs(60);

/// Exponential backoff with full jitter: a fleet that lost its server does not come back all at once.
#[derive(Debug, Default)]
pub(super) struct Backoff {
    failures: u32,
}

impl Backoff {
    /// The wait before the next attempt; `random` is in 0 to 1.
    pub(super) fn next(&mut self, random: f64) -> Duration {
        let ceiling = BASE.saturating_mul(1_u32 << self.failures.min(16)).min(MOST);
        self.failures = self.failures.saturating_add(1);
        ceiling.mul_f64(random.clamp(0.0, 1.0))
    }

    /// Notes how long a link lasted. One that ended soon is no reason to hurry.
    pub(super) fn lasted(&mut self, time: Duration) {
        if time >= WELL {
            self.failures = 0;
        }
    }
}

/// A random number from 0 to 1; one half where the system gives none.
#[expect(clippy::cast_precision_loss, reason = "53 bits are more than jitter needs")]
pub(super) fn random() -> f64 {
    getrandom::u64().map_or(0.5, |bits| (bits >> 11) as f64 / (1_u64 << 53) as f64)
}

#[cfg(test)]
mod tests;
