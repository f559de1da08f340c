//! What retention removes of the event log.

use super::{Statement, any, one};

/// Removes the events up to a sequence, and never the last: the next follows it.
#[must_use]
pub fn trim(up_to: u64) -> Statement {
    any(
        "event.trim",
        "DELETE FROM events WHERE sequence <= ?1 AND sequence < (SELECT max(sequence) FROM events)",
        vec![up_to.into()],
    )
}

/// Lets the next event stand above a sequence, and remembers how many sequences are left out for that.
#[must_use]
pub fn go_on_above(floor: u64) -> Statement {
    one(
        "event.go_on_above",
        "INSERT INTO settings (name, value)
         SELECT 'event_gap:' || printf('%020d', coalesce(max(sequence), 0)), ?1 FROM events",
        vec![floor.to_string().into()],
    )
}
