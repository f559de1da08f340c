//! How what the fleet trusts changes: step by step, each in the audit log, and none before the fleet can follow.

use serde_json::json;

use super::Origin;
use crate::{
    core::{
        certificate,
        change::Change,
        error::Error,
        port::{
            records::{CredentialRecord, Records},
            store::Store,
        },
        statement,
        trust::{Anchor, AnchorKind, AnchorState, TrustSet},
    },
    proto::{
        certificate::{Trust, TrustStep, TrustedKey, TurnTrustRequest},
        event::EventKind,
    },
};

/// Keeps the first keys of a server.
///
/// # Errors
/// The store cannot write.
pub async fn begin(store: &dyn Store, made: &[Anchor]) -> Result<(), Error> {
    let change =
        made.iter().fold(Change::new(), |change, anchor| change.write(statement::anchor::create(anchor)));
    store.commit(change).await?;
    Ok(())
}

/// Whether the fleet can follow a step.
///
/// # Errors
/// Says how many agents cannot.
pub async fn may_turn(
    records: &dyn Records,
    set: &TrustSet,
    request: &TurnTrustRequest,
) -> Result<(), Error> {
    if request.force {
        return Ok(());
    }
    let state = match request.step {
        TrustStep::Prepare => return Ok(()),
        TrustStep::Activate => AnchorState::Prepared,
        TrustStep::Retire => AnchorState::Active,
    };
    let Some(successor) = set.in_state(request.kind, state) else { return Ok(()) };
    let held = records.credentials().await?;
    let behind = held.iter().filter(|held| held.revision < successor.revision).count();
    let old = set.in_state(request.kind, AnchorState::Retiring).filter(|_| request.step == TrustStep::Retire);
    let relying = held.iter().filter(|held| old.is_some_and(|old| uses(held, &old.id))).count();
    if behind == 0 && relying == 0 {
        return Ok(());
    }
    let many = held.len();
    let detail = if behind > 0 {
        format!("{behind} of {many} agents do not know the new key yet; they learn it when they link")
    } else {
        format!(
            "{relying} of {many} agents use a certificate of the old authority still; they renew it by themselves"
        )
    };
    let code = "agents_behind";
    Err(Error::Conflict {
        code,
        detail: format!("{detail}. See: worpen ca show; go on without them: --force"),
    })
}

fn uses(held: &CredentialRecord, authority: &str) -> bool {
    held.used.as_ref().is_some_and(|used| used.authority == authority)
}

/// Writes a step down, also while the disk is full: a stolen key is retired by all of them. With `activate` every open invitation
/// is void, since its token names the key before.
///
/// # Errors
/// Somebody else took a step meanwhile, or the store cannot write.
pub async fn turn(
    store: &dyn Store,
    set: &TrustSet,
    changed: &[Anchor],
    request: &TurnTrustRequest,
    origin: &Origin,
) -> Result<(), Error> {
    let mut change = Change::new().vital();
    for anchor in changed {
        let known = set.anchors().iter().find(|known| known.id == anchor.id);
        change = change.write(match known {
            Some(known) => statement::anchor::turn(anchor, known.state),
            None => statement::anchor::create(anchor),
        });
    }
    if request.step == TrustStep::Activate {
        change = change.write(statement::invitation::void(origin.now));
    }
    let step = |anchor: &Anchor| json!({ "id": anchor.id, "state": anchor.state, "audit_until": anchor.audit_until });
    let steps: Vec<_> = changed.iter().map(step).collect();
    let facts = json!({ "kind": request.kind, "step": request.step, "keys": steps, "force": request.force,
        "compromised": request.compromised });
    let change = change.event(origin.event(EventKind::TrustChanged, facts.clone())).audit(origin.done(
        "trust.turn",
        format!("trust/{}", request.kind.as_str()),
        facts,
    ));
    store.commit(change).await?;
    Ok(())
}

/// What the fleet trusts, and how far it follows.
///
/// # Errors
/// The store cannot read.
pub async fn describe(records: &dyn Records, set: &TrustSet) -> Result<Trust, Error> {
    let held = records.credentials().await?;
    let count = |holds: &dyn Fn(&CredentialRecord) -> bool| {
        u32::try_from(held.iter().filter(|held| holds(held)).count()).unwrap_or(u32::MAX)
    };
    let keys = set.anchors().iter().rev().map(|anchor| {
        let der = (anchor.kind == AnchorKind::Authority).then(|| {
            use base64::{Engine, engine::general_purpose::STANDARD};
            STANDARD.decode(&anchor.material).unwrap_or_default()
        });
        TrustedKey {
            id: anchor.id.clone(),
            kind: anchor.kind,
            state: anchor.state,
            created_at: anchor.created_at,
            since: anchor.since,
            known_by: count(&|held| held.revision >= anchor.revision),
            certified: der.as_ref().map(|_| count(&|held| uses(held, &anchor.id))),
            certificate: der.map(|der| certificate::pem(&der)),
        }
    });
    Ok(Trust {
        revision: set.revision(),
        agents: u32::try_from(held.len()).unwrap_or(u32::MAX),
        keys: keys.collect(),
    })
}
