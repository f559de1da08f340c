//! [`Facts`]: what the node knows of itself, as a record that a precondition can be asked of.

use std::{collections::BTreeMap, sync::Arc};

use jiff::Timestamp;
use tokio::sync::watch;

use super::{collector::Pulse, identity::Identity, verbs::Verbs, watcher::Presence};
use crate::{
    core::{
        precondition::Precondition,
        selector::{Selectors, agent::AgentRow},
    },
    id::AgentId,
    proto::{
        agent::{Agent, AgentStatus, HostFacts},
        labels::Labels,
    },
};

/// The node's own facts.
pub(super) struct Facts {
    agent: AgentId,
    name: String,
    site: String,
    labels: Labels,
    host: HostFacts,
    presence: watch::Receiver<Presence>,
    pulse: watch::Receiver<Pulse>,
    verbs: watch::Receiver<Arc<Verbs>>,
    selectors: Selectors,
}

impl Facts {
    /// What stays as it is, and where the rest is read.
    pub(super) fn new(
        identity: &Identity,
        labels: &BTreeMap<String, String>,
        host: HostFacts,
        presence: watch::Receiver<Presence>,
        pulse: watch::Receiver<Pulse>,
        verbs: watch::Receiver<Arc<Verbs>>,
    ) -> Self {
        Self {
            agent: identity.agent(),
            name: identity.name().to_owned(),
            site: identity.site().to_owned(),
            labels: labels.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect(),
            host,
            presence,
            pulse,
            verbs,
            selectors: Selectors::new(),
        }
    }

    /// Whether an expression holds here and now.
    ///
    /// # Errors
    /// Says why not: it does not hold, or cannot be read or evaluated.
    pub(super) fn hold(&self, expression: &str, now: Timestamp) -> Result<(), String> {
        let precondition = Precondition::parse(&self.selectors, expression)
            .map_err(|fault| format!("the precondition cannot be read: {}", fault.0))?;
        precondition.judge(&self.row(now))
    }

    fn row(&self, now: Timestamp) -> AgentRow {
        let presence = self.presence.borrow().clone();
        let container_engine = presence.engine.as_ref().map(|engine| engine.about().clone());
        let capabilities = self.verbs.borrow().capabilities(container_engine.is_some());
        AgentRow {
            agent: Arc::new(Agent {
                id: self.agent,
                agent_id: self.name.clone(),
                site: self.site.clone(),
                status: AgentStatus::Online,
                status_since: now,
                version: Some(env!("CARGO_PKG_VERSION").to_owned()),
                capabilities: capabilities.into_iter().map(Into::into).collect(),
                site_verbs: Vec::new(),
                labels: self.labels.clone(),
                host: self.host.clone(),
                container_engine,
                created_at: now,
                last_seen_at: Some(now),
                address: None,
            }),
            telemetry: self.pulse.borrow().clone(),
            containers: (*presence.states).clone(),
            linked: true,
            now,
        }
    }
}
