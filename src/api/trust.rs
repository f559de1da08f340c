//! [`Trusted`]: what the fleet trusts now, with the private halves that sign; and its rotation.

use std::sync::{Arc, PoisonError, RwLock};

use tokio::sync::{Mutex, watch};

use super::{
    app::App,
    call::{Answer, Call},
    clock,
};
use crate::{
    core::{
        certificate::Binding,
        envelope,
        error::Error,
        port::keys::{Issuer, Keys},
        signing::SigningKey,
        trust::{AnchorKind, TrustSet},
        usecase::{Origin, certify, trust},
    },
    id::AgentId,
    proto::{
        certificate::{CertifyAgent, GetTrust, TrustStep, TurnTrust},
        envelope::{Envelope, TRUST_TYPE, TrustOrder},
        link::ServerFrame,
    },
};

/// What the fleet trusts now.
pub struct Trusted {
    keys: Arc<dyn Keys>,
    current: RwLock<Arc<Current>>,
    changes: watch::Sender<u64>,
    /// Steps are taken one after the other.
    turning: Mutex<()>,
}

/// A set of keys, with the private halves of the active ones.
pub struct Current {
    /// All of them.
    pub set: TrustSet,
    /// Signs commands.
    pub signing: SigningKey,
    /// Certifies.
    pub issuer: Box<dyn Issuer>,
    /// How keys that an agent may still rely on were succeeded.
    pub successions: Vec<Envelope>,
}

impl Current {
    fn of(keys: &dyn Keys, set: TrustSet) -> Result<Self, Error> {
        let missing = || Error::Internal("the store names no active key".into());
        let signing = keys.signing(set.active(AnchorKind::Signing).ok_or_else(missing)?)?;
        let issuer = keys.issuer(set.active(AnchorKind::Authority).ok_or_else(missing)?)?;
        let words = set.endorsements(AnchorKind::Signing);
        let successions = words.into_iter().filter_map(|word| serde_json::from_str(word).ok()).collect();
        Ok(Self { set, signing, issuer, successions })
    }

    /// What an agent is to trust from now on, signed for one link. A key that an agent trusts already signs: until the new one is
    /// active that is the one before, which signed the link's WELCOME.
    pub(super) fn order(&self, app: &App, agent: AgentId, epoch: u64) -> ServerFrame {
        let order = TrustOrder {
            server: app.server,
            agent,
            epoch,
            revision: self.set.revision(),
            keys: self.set.materials(AnchorKind::Signing),
            authorities: self.set.materials(AnchorKind::Authority),
        };
        ServerFrame::Trust(envelope::seal(&self.signing, TRUST_TYPE, &order))
    }
}

impl Trusted {
    /// What a store names, with the keys that are kept beside it.
    ///
    /// # Errors
    /// A private half that must be there is not.
    pub fn new(keys: Arc<dyn Keys>, set: TrustSet) -> Result<Self, Error> {
        let current = Arc::new(Current::of(&*keys, set)?);
        let changes = watch::Sender::new(current.set.revision());
        Ok(Self { keys, current: RwLock::new(current), changes, turning: Mutex::default() })
    }

    /// As it stands now.
    #[must_use]
    pub fn current(&self) -> Arc<Current> {
        self.current.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Tells of each step.
    #[must_use]
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    fn put(&self, current: Current) {
        let revision = current.set.revision();
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(current);
        self.changes.send_replace(revision);
    }
}

pub(super) async fn get(call: Call<GetTrust>) -> Result<Answer<GetTrust>, Error> {
    let set = &call.app.trust.current().set;
    Ok(Answer::ok(&trust::describe(&*call.app.records, set).await?))
}

pub(super) async fn turn(call: Call<TurnTrust>) -> Result<Answer<TurnTrust>, Error> {
    let (trusted, request) = (&call.app.trust, &call.request);
    let _turn = trusted.turning.lock().await;
    let before = trusted.current();
    if request.compromised && request.step != TrustStep::Retire {
        return Err(Error::field("compromised", "expected with the step 'retire' alone"));
    }
    trust::may_turn(&*call.app.records, &before.set, request).await?;
    let now = clock::now();
    let is_free = before.set.trusted(request.kind).len() == 1;
    let made = match before.set.active(request.kind) {
        Some(active) if request.step == TrustStep::Prepare && is_free => {
            Some(trusted.keys.make(request.kind, Some(active), now)?)
        }
        _ => None,
    };
    let audited = call.app.heads.chain.borrow().number;
    let changed = before.set.step(request.kind, request.step, request.compromised, made, now, audited)?;
    // What cannot be used is found before it is written down.
    let after = Current::of(&*trusted.keys, before.set.after(&changed))?;
    trust::turn(&call.store, &before.set, &changed, request, &call.origin).await?;
    trusted.put(after);
    Ok(Answer::ok(&trust::describe(&*call.app.records, &trusted.current().set).await?))
}

pub(super) async fn certify(call: Call<CertifyAgent>) -> Result<Answer<CertifyAgent>, Error> {
    let binding: Binding = call.peer.as_ref().map(|peer| peer.binding).ok_or_else(|| {
        Error::Forbidden("certificates are given where agents are managed (agent_management.port)".into())
    })?;
    let current = call.app.trust.current();
    let ports = call.app.certify(&current);
    let certified = certify::on_own_word(ports, &call.request, &binding, &call.origin).await;
    let certified = certified.inspect_err(|error| {
        tracing::warn!(address = call.origin.address, agent = %call.request.agent, "no certificate was given: {error}");
    })?;
    let Origin { address, .. } = &call.origin;
    tracing::info!(address, agent = %call.request.agent, "an agent was certified on its own key's word");
    Ok(Answer::ok(&certified))
}
