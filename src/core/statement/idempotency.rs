//! Writes of idempotency keys.

use jiff::{SignedDuration, Timestamp};

use super::{Statement, any, one};

/// A caller's claim that a request is this one and no other, however often it arrives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// Whose it is.
    pub caller: String,
    /// The endpoint's method and path.
    pub endpoint: String,
    /// The header's value.
    pub key: String,
    /// The hash of the request.
    pub body_hash: String,
}

/// How long a claim holds.
pub const HOLDS_FOR: SignedDuration = SignedDuration::from_hours(24);

/// Claims a key for what is being created, in place of a claim that no longer holds; `idempotency.claim` conflicts when
/// it is claimed already.
#[must_use]
pub fn claim(claim: &Claim, resource: String, now: Timestamp) -> Statement {
    one(
        "idempotency.claim",
        "INSERT INTO idempotency (caller, endpoint, key, body_hash, resource, created_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)
         ON CONFLICT (caller, endpoint, key) DO UPDATE
             SET body_hash = excluded.body_hash, resource = excluded.resource, created_at = excluded.created_at
             WHERE created_at < ?7",
        vec![
            claim.caller.clone().into(),
            claim.endpoint.clone().into(),
            claim.key.clone().into(),
            claim.body_hash.clone().into(),
            resource.into(),
            now.into(),
            oldest_that_holds(now).into(),
        ],
    )
}

fn oldest_that_holds(now: Timestamp) -> Timestamp {
    now.saturating_sub(HOLDS_FOR).unwrap_or(Timestamp::MIN)
}

/// Forgets the oldest claims that no longer hold, `most` at most.
#[must_use]
pub fn forget_oldest(now: Timestamp, most: u32) -> Statement {
    any(
        "idempotency.forget_oldest",
        "DELETE FROM idempotency WHERE (caller, endpoint, key) IN (
             SELECT caller, endpoint, key FROM idempotency WHERE created_at < ?1 ORDER BY created_at LIMIT ?2)",
        vec![oldest_that_holds(now).into(), most.into()],
    )
}
