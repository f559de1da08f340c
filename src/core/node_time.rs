//! Times that nodes tell: their own, while they can be believed.

use jiff::{SignedDuration, Timestamp};

/// How far a node's clock may be ahead.
const AHEAD: SignedDuration = SignedDuration::from_hours(24);

/// The time that a node tells, in whole microseconds; the server's where it cannot be: before 1970, or more than a day
/// ahead. One absurd time would otherwise pass for the latest for ever, or leave what the store can hold.
#[must_use]
pub fn believable(told: Timestamp, now: Timestamp) -> Timestamp {
    let ahead = now.checked_add(AHEAD).unwrap_or(Timestamp::MAX);
    if told < Timestamp::UNIX_EPOCH || told > ahead {
        return now;
    }
    Timestamp::from_microsecond(told.as_microsecond()).unwrap_or(now)
}

#[cfg(test)]
mod tests;
