//! [`Hub`]: the agents that are linked now, and how to reach each link.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use jiff::Timestamp;
use tokio::{
    sync::{Notify, mpsc, oneshot},
    time::timeout,
};

use super::output::Outputs;
use crate::{core::port::links::Links, id::AgentId, proto::link::LinkErrorCode};

/// How long an old link may take to answer when another process shows the same identity.
const PROBE_TIMEOUT: Duration = Duration::from_secs(10);

/// What is said to a link from outside.
pub(super) enum ToLink {
    /// Answer when the agent answers a ping.
    Probe(oneshot::Sender<()>),
    /// Ask the agent to report everything now.
    Sync,
    /// End, telling the agent why.
    End(LinkErrorCode, String),
}

/// How to reach a link.
#[derive(Clone)]
pub(super) struct Handle {
    /// The agent process behind it.
    pub(super) instance: String,
    /// When the link was admitted.
    pub(super) since: Timestamp,
    /// Orders wait in the store.
    pub(super) orders: Arc<Notify>,
    /// The questions that are open on it; `None` where none can be asked.
    pub(super) outputs: Option<Arc<Outputs>>,
    /// Anything else.
    pub(super) say: mpsc::Sender<ToLink>,
}

/// The links, one for each agent.
#[derive(Default)]
pub struct Hub {
    links: Mutex<HashMap<AgentId, Handle>>,
    changes: AtomicU64,
}

/// Whether a new link may take the place of an old one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Contest {
    /// There is none, it is of the same process, or it does not answer.
    Free,
    /// Another live process holds the identity.
    Clone,
}

impl Hub {
    fn links(&self) -> MutexGuard<'_, HashMap<AgentId, Handle>> {
        self.links.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many agents are linked.
    pub(in crate::api) fn count(&self) -> usize {
        self.links().len()
    }

    /// Judges a process that wants to link: the newest link of one process wins; a link of another process is probed,
    /// and when it answers both are clones of one identity.
    pub(super) async fn contest(&self, agent: AgentId, instance: &str) -> Contest {
        let old = self.links().get(&agent).cloned();
        let Some(old) = old.filter(|old| old.instance != instance) else { return Contest::Free };
        let (answered, answer) = oneshot::channel();
        if old.say.send(ToLink::Probe(answered)).await.is_err() {
            return Contest::Free;
        }
        match timeout(PROBE_TIMEOUT, answer).await {
            Ok(Ok(())) => Contest::Clone,
            _ => Contest::Free,
        }
    }

    /// How often links came and went.
    #[must_use]
    pub fn changes(&self) -> u64 {
        self.changes.load(Ordering::Acquire)
    }

    /// Where an agent is asked; `None` without a link of our own agents.
    pub(in crate::api) fn outputs(&self, agent: AgentId) -> Option<Arc<Outputs>> {
        self.links().get(&agent)?.outputs.clone()
    }

    /// Puts a link in its place and ends the one before.
    pub(super) fn enter(&self, agent: AgentId, handle: Handle) {
        let old = self.links().insert(agent, handle);
        self.changes.fetch_add(1, Ordering::Release);
        if let Some(old) = old {
            tell_end(&old, LinkErrorCode::Replaced, "a newer link of this agent took over");
        }
    }

    /// Takes a link out, if it is still the agent's; `true` when the agent has none now.
    pub(super) fn leave(&self, agent: AgentId, handle: &Handle) -> bool {
        let mut links = self.links();
        let is_current =
            links.get(&agent).is_some_and(|current| Arc::ptr_eq(&current.orders, &handle.orders));
        if is_current {
            links.remove(&agent);
            self.changes.fetch_add(1, Ordering::Release);
        }
        is_current
    }
}

fn tell_end(link: &Handle, code: LinkErrorCode, detail: &str) -> bool {
    link.say.try_send(ToLink::End(code, detail.to_owned())).is_ok()
}

impl Links for Hub {
    fn nudge(&self, agent: AgentId) {
        if let Some(link) = self.links().get(&agent) {
            link.orders.notify_one();
        }
    }

    fn end(&self, agent: AgentId, code: LinkErrorCode, detail: &str) -> bool {
        self.links().get(&agent).is_some_and(|link| tell_end(link, code, detail))
    }

    fn sync(&self, agent: AgentId) -> bool {
        self.links().get(&agent).is_some_and(|link| link.say.try_send(ToLink::Sync).is_ok())
    }

    fn is_linked(&self, agent: AgentId) -> bool {
        self.links().contains_key(&agent)
    }

    fn linked_since(&self, agent: AgentId) -> Option<Timestamp> {
        self.links().get(&agent).map(|link| link.since)
    }
}
