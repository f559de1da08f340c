//! Writes of what the fleet trusts.

use super::{Statement, one, stored};
use crate::core::trust::{Anchor, AnchorState};

/// Keeps a key; `anchor.create` conflicts when it, or another in its state, is there.
#[must_use]
pub fn create(anchor: &Anchor) -> Statement {
    one(
        "anchor.create",
        "INSERT INTO anchors (id, kind, state, material, endorsement, revision, created_at, since)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT DO NOTHING",
        vec![
            anchor.id.clone().into(),
            stored(&anchor.kind),
            stored(&anchor.state),
            anchor.material.clone().into(),
            anchor.endorsement.clone().into(),
            anchor.revision.into(),
            anchor.created_at.into(),
            anchor.since.into(),
        ],
    )
}

/// Lets a key stand otherwise; `anchor.turn` conflicts when it no longer stands as it was read.
#[must_use]
pub fn turn(anchor: &Anchor, from: AnchorState) -> Statement {
    one(
        "anchor.turn",
        "UPDATE anchors SET state = ?2, endorsement = ?3, revision = ?4, since = ?5, audit_until = ?7
         WHERE id = ?1 AND state = ?6",
        vec![
            anchor.id.clone().into(),
            stored(&anchor.state),
            anchor.endorsement.clone().into(),
            anchor.revision.into(),
            anchor.since.into(),
            stored(&from),
            anchor.audit_until.into(),
        ],
    )
}
