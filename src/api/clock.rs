//! The time, as fine as the store keeps it: what memory holds is what a restarted server reads.

use jiff::{SignedDuration, Timestamp};

/// Now, in whole microseconds.
#[must_use]
pub fn now() -> Timestamp {
    let now = Timestamp::now();
    now - SignedDuration::from_nanos(i64::from(now.subsec_nanosecond().rem_euclid(1000)))
}
