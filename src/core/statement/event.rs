//! What retention removes of the event log.

use super::{Statement, any};

/// Removes the events up to a sequence, and never the last: the next follows it.
#[must_use]
pub fn trim(up_to: u64) -> Statement {
    any(
        "event.trim",
        "DELETE FROM events WHERE sequence <= ?1 AND sequence < (SELECT max(sequence) FROM events)",
        vec![up_to.into()],
    )
}
