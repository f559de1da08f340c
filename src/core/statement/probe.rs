//! The write by which the store shows that it can.

use jiff::Timestamp;

use super::{Statement, one};

/// Notes when the store was last tried out.
#[must_use]
pub fn probe(now: Timestamp) -> Statement {
    one(
        "settings.probe",
        "INSERT INTO settings (name, value) VALUES ('probed_at', ?1)
         ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        vec![now.to_string().into()],
    )
}
