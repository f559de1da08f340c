//! When silence means something. All times are spans of a monotonic clock; a stepped wall clock changes nothing.

use std::time::Duration;

/// Heartbeats that a server is willing to take each second; the interval grows with the fleet to hold it.
pub const HEARTBEATS_PER_SECOND: usize = 50;

/// The interval between heartbeats for a fleet of `agents`: `configured`, or longer when they are many.
#[must_use]
pub fn heartbeat_interval(configured: Duration, agents: usize) -> Duration {
    let needed = Duration::from_secs(agents.div_ceil(HEARTBEATS_PER_SECOND) as u64);
    configured.max(needed)
}

/// A link that is silent for so long is taken for dead and closed.
#[must_use]
pub fn dead_link_after(interval: Duration) -> Duration {
    interval * 2
}

/// An agent that was not heard of for so long is OFFLINE.
#[must_use]
pub fn offline_after(interval: Duration) -> Duration {
    interval * 3
}

#[cfg(test)]
mod tests;
