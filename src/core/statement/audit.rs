//! What retention removes of the audit log.

use super::{Statement, any, one};
use crate::core::audit::base::SignedBase;

/// Notes from which entry the log goes on; `audit.base` conflicts when it goes on from a later one.
///
/// # Panics
/// Never: an envelope is plain data.
#[must_use]
pub fn base(base: &SignedBase) -> Statement {
    let envelope = serde_json::to_string(&base.envelope).expect("an envelope is plain data");
    one(
        "audit.base",
        "INSERT INTO audit_base (one, number, hash, head) VALUES (1, ?1, ?2, ?3)
         ON CONFLICT (one) DO UPDATE SET number = ?1, hash = ?2, head = ?3 WHERE number < ?1",
        vec![base.chain.number.into(), base.chain.hash.to_vec().into(), envelope.into()],
    )
}

/// Removes the entries up to a number.
#[must_use]
pub fn trim(up_to: u64) -> Statement {
    any("audit.trim", "DELETE FROM audit WHERE number <= ?1", vec![up_to.into()])
}
