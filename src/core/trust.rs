//! What a fleet trusts, and how it changes: a key is prepared, active, retiring, retired, and from the first step to the last
//! two keys of a kind hold, so that nobody is locked out who is there meanwhile.

use base64::{Engine, engine::general_purpose::STANDARD};
use jiff::Timestamp;

use super::{envelope, error::Error, signing::PublicKey};
pub use crate::proto::certificate::{AnchorKind, AnchorState};
use crate::proto::{
    certificate::TrustStep,
    envelope::{Envelope, SUCCESSION_TYPE, Succession},
};

/// The most predecessors that vouch for the active key: who was away for longer is replaced.
const MOST_ENDORSEMENTS: usize = 8;

/// A key that the fleet trusts, or did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Anchor {
    /// Its fingerprint: of an authority that of the certificate, hexadecimal; of a command key base64url.
    pub id: String,
    /// What it is for.
    pub kind: AnchorKind,
    /// How it stands.
    pub state: AnchorState,
    /// Of an authority its certificate, DER in base64; of a command key its 32 bytes, base64url.
    pub material: String,
    /// Its predecessor's word for it: of an authority the certificate under the predecessor, DER in base64; of a command key a
    /// [`Succession`] that the predecessor signed, JSON.
    pub endorsement: Option<String>,
    /// The revision that made it stand so.
    pub revision: u64,
    /// When it was made.
    pub created_at: Timestamp,
    /// Since when it stands so.
    pub since: Timestamp,
    /// Of a retired command key the last entry of the audit log when that was: its word on later ones does not count.
    pub audit_until: Option<u64>,
}

/// Every key that is or was trusted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TrustSet(Vec<Anchor>);

impl TrustSet {
    /// The set of these, in any order.
    #[must_use]
    pub fn new(mut anchors: Vec<Anchor>) -> Self {
        anchors.sort_by(|one, other| (one.created_at, &one.id).cmp(&(other.created_at, &other.id)));
        Self(anchors)
    }

    /// All of them, the oldest first.
    #[must_use]
    pub fn anchors(&self) -> &[Anchor] {
        &self.0
    }

    /// Rises with each step.
    #[must_use]
    pub fn revision(&self) -> u64 {
        self.0.iter().map(|anchor| anchor.revision).max().unwrap_or_default()
    }

    /// The key of a kind that signs what is new.
    #[must_use]
    pub fn active(&self, kind: AnchorKind) -> Option<&Anchor> {
        self.in_state(kind, AnchorState::Active)
    }

    /// The key of a kind that stands so.
    #[must_use]
    pub fn in_state(&self, kind: AnchorKind, state: AnchorState) -> Option<&Anchor> {
        self.0.iter().find(|anchor| anchor.kind == kind && anchor.state == state)
    }

    /// What holds of a kind, the active one first.
    #[must_use]
    pub fn trusted(&self, kind: AnchorKind) -> Vec<&Anchor> {
        let mut trusted: Vec<&Anchor> = self
            .0
            .iter()
            .filter(|anchor| anchor.kind == kind && anchor.state != AnchorState::Retired)
            .collect();
        trusted.sort_by_key(|anchor| anchor.state != AnchorState::Active);
        trusted
    }

    /// The materials of what holds, the active one first.
    #[must_use]
    pub fn materials(&self, kind: AnchorKind) -> Vec<String> {
        self.trusted(kind).into_iter().map(|anchor| anchor.material.clone()).collect()
    }

    /// What vouches for the active key of a kind, its own predecessor's word first: for whoever was away.
    #[must_use]
    pub fn endorsements(&self, kind: AnchorKind) -> Vec<&str> {
        let until = self.active(kind).map(|active| active.created_at);
        let of_kind = self.0.iter().rev().filter(|anchor| anchor.kind == kind);
        let up_to = of_kind.filter(|anchor| until.is_some_and(|until| anchor.created_at <= until));
        // A chain is worth nothing beyond the first link that is missing.
        up_to.map_while(|anchor| anchor.endorsement.as_deref()).take(MOST_ENDORSEMENTS).collect()
    }

    /// The certificates of what certifies and holds, DER.
    #[must_use]
    pub fn authorities(&self) -> Vec<Vec<u8>> {
        self.materials(AnchorKind::Authority).iter().filter_map(|text| STANDARD.decode(text).ok()).collect()
    }

    /// What the next step changes: each anchor as it becomes. `made` is the key for `prepare`, `audited` the last entry of the
    /// audit log.
    ///
    /// # Errors
    /// The step is not the next, in words.
    pub fn step(
        &self,
        kind: AnchorKind,
        step: TrustStep,
        compromised: bool,
        made: Option<Anchor>,
        now: Timestamp,
        audited: u64,
    ) -> Result<Vec<Anchor>, Error> {
        let revision = self.revision() + 1;
        let moved = |anchor: &Anchor, state| Anchor { state, revision, since: now, ..anchor.clone() };
        let prepared = self.in_state(kind, AnchorState::Prepared);
        let retiring = self.in_state(kind, AnchorState::Retiring);
        match (step, prepared, retiring) {
            (TrustStep::Prepare, None, None) => {
                let made = made.ok_or_else(|| Error::Internal("no key was made".into()))?;
                Ok(vec![Anchor { state: AnchorState::Prepared, revision, since: now, ..made }])
            }
            (TrustStep::Prepare, Some(_), _) => Err(not_next(kind, "a key is prepared already", "activate")),
            (TrustStep::Prepare, None, Some(_)) => {
                Err(not_next(kind, "the key before is still trusted", "retire"))
            }
            (TrustStep::Activate, Some(prepared), _) => {
                let active = self.active(kind).map(|active| moved(active, AnchorState::Retiring));
                Ok(active.into_iter().chain([moved(prepared, AnchorState::Active)]).collect())
            }
            (TrustStep::Activate, None, _) => Err(not_next(kind, "no key is prepared", "prepare")),
            (TrustStep::Retire, _, Some(retiring)) => {
                let audit_until = (kind == AnchorKind::Signing).then_some(audited);
                let mut steps = vec![Anchor { audit_until, ..moved(retiring, AnchorState::Retired) }];
                if compromised && let Some(active) = self.active(kind) {
                    steps.push(Anchor { endorsement: None, ..active.clone() });
                }
                Ok(steps)
            }
            (TrustStep::Retire, _, None) => Err(not_next(kind, "no key is retiring", "activate")),
        }
    }

    /// The set after a step.
    #[must_use]
    pub fn after(&self, changed: &[Anchor]) -> Self {
        let untouched = self.0.iter().filter(|anchor| changed.iter().all(|new| new.id != anchor.id));
        Self::new(untouched.cloned().chain(changed.iter().cloned()).collect())
    }
}

fn not_next(kind: AnchorKind, why: &str, next: &str) -> Error {
    Error::Conflict {
        code: "trust_step",
        detail: format!("{why}; the next step is: worpen ca {next} {}", kind.as_str()),
    }
}

/// Follows successions from a trusted key to others: each holds when one of the keys known so far signed it. Gives the keys
/// that were reached, without those that were known.
#[must_use]
pub fn successors(trusted: &[PublicKey], successions: &[Envelope]) -> Vec<PublicKey> {
    let mut known = trusted.to_vec();
    let mut rest: Vec<&Envelope> = successions.iter().take(MOST_ENDORSEMENTS).collect();
    // They come in any order; each round opens at least one or is the last.
    loop {
        let before = rest.len();
        rest.retain(|envelope| {
            let opened = envelope::open::<Succession>(&known, SUCCESSION_TYPE, envelope).ok();
            match opened.and_then(|succession| PublicKey::parse(&succession.successor)) {
                Some(key) => {
                    known.push(key);
                    false
                }
                None => true,
            }
        });
        if rest.len() == before {
            return known.split_off(trusted.len());
        }
    }
}

#[cfg(test)]
mod tests;
