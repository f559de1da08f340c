//! Writes of what is settled once for a store.

use super::{Statement, one};

/// Notes that the first admin was made, which happens once for a store; `setting.first_admin` conflicts when it was.
#[must_use]
pub fn first_admin() -> Statement {
    one("setting.first_admin", "INSERT INTO settings (name, value) VALUES ('first_admin', 'made')", vec![])
}
