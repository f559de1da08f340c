//! Writes of plans.

use jiff::Timestamp;

use super::{Statement, Value, any, one, stored};
use crate::{core::access::Principal, id::PlanId, proto::plan::Plan};

/// Keeps a plan. What of its arguments is secret is sealed beside it.
#[must_use]
pub fn create(plan: &Plan, sealed: Option<Vec<u8>>, by: Principal) -> Statement {
    one(
        "plan.create",
        "INSERT INTO plans (id, request, sealed, targets, actor, created_at, expires_at, by_user, by_key)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        vec![
            plan.id.to_string().into(),
            stored(&plan.request),
            sealed.map_or(Value::Null, Value::Blob),
            stored(&plan.targets),
            plan.actor.clone().into(),
            plan.created_at.into(),
            plan.expires_at.into(),
            by.user.to_string().into(),
            by.key.map(|key| key.to_string()).into(),
        ],
    )
}

/// Marks a plan as applied and forgets its secrets; `plan.apply` conflicts when it was applied or has expired.
#[must_use]
pub fn apply(id: PlanId, at: Timestamp) -> Statement {
    one(
        "plan.apply",
        "UPDATE plans SET applied_at = ?2, sealed = NULL WHERE id = ?1 AND applied_at IS NULL AND expires_at > ?2",
        vec![id.to_string().into(), at.into()],
    )
}

/// Forgets the oldest plans, so that `most` stay.
#[must_use]
pub fn keep(most: u32) -> Statement {
    any(
        "plan.keep",
        "DELETE FROM plans WHERE id IN (SELECT id FROM plans ORDER BY expires_at DESC LIMIT -1 OFFSET ?1)",
        vec![most.into()],
    )
}

/// Forgets plans that expired before a moment, `most` at most.
#[must_use]
pub fn forget(before: Timestamp, most: u32) -> Statement {
    any(
        "plan.forget",
        "DELETE FROM plans WHERE id IN (
             SELECT id FROM plans WHERE expires_at < ?1 ORDER BY expires_at LIMIT ?2)",
        vec![before.into(), most.into()],
    )
}

/// Voids every plan that was not applied, and forgets its secrets.
#[must_use]
pub fn void(now: Timestamp) -> Statement {
    any(
        "plan.void",
        "UPDATE plans SET expires_at = ?1, sealed = NULL WHERE applied_at IS NULL AND expires_at > ?1",
        vec![now.into()],
    )
}
