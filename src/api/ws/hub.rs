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
    sync::{Notify, oneshot, watch},
    time::timeout,
};

use super::{super::clock, output::Outputs};
use crate::{core::port::links::Links, id::AgentId, proto::link::LinkErrorCode};

/// How long an old link may take to answer when another process shows the same identity.
const PROBE_TIMEOUT: Duration = Duration::from_secs(10);

/// A link as others reach it.
pub(super) struct Handle {
    /// The agent process behind it.
    instance: String,
    /// Tells it from every other link of this process.
    pub(super) number: u64,
    /// When the link was admitted.
    since: Timestamp,
    /// Orders wait in the store.
    pub(super) orders: Notify,
    /// The questions that are open on it; `None` where none can be asked.
    pub(super) outputs: Option<Arc<Outputs>>,
    said: Mutex<Said>,
    spoken: Notify,
    /// Why the agent is to be heard no more, whatever its link is at.
    cut: watch::Sender<Option<(LinkErrorCode, String)>>,
}

/// What was said to a link from outside and is not yet heeded. Each kind has a place of its own, so that none is lost
/// however long the link is busy.
#[derive(Default)]
pub(super) struct Said {
    /// End, telling the agent why. The first reason holds.
    pub(super) end: Option<(LinkErrorCode, String)>,
    /// Ask the agent to report everything now.
    pub(super) sync: bool,
    /// Answer each when the agent answers a ping.
    pub(super) probes: Vec<oneshot::Sender<()>>,
}

impl Handle {
    /// A link of this process from now on.
    pub(super) fn new(instance: String, outputs: Option<Arc<Outputs>>) -> Arc<Self> {
        static NUMBERS: AtomicU64 = AtomicU64::new(1);
        let (since, orders, spoken) = (clock::now(), Notify::new(), Notify::new());
        let number = NUMBERS.fetch_add(1, Ordering::Relaxed);
        // Orders may wait since before it linked.
        orders.notify_one();
        Arc::new(Self {
            instance,
            number,
            since,
            orders,
            outputs,
            said: Mutex::default(),
            spoken,
            cut: watch::Sender::new(None),
        })
    }

    /// Waits until something is said, and takes all of it. May be dropped at any point without a loss.
    pub(super) async fn said(&self) -> Said {
        self.spoken.notified().await;
        std::mem::take(&mut *self.saying())
    }

    fn say(&self, say: impl FnOnce(&mut Said)) {
        say(&mut self.saying());
        self.spoken.notify_one();
    }

    /// Waits until the agent is to be heard no more. May be dropped at any point without a loss.
    pub(super) async fn cut(&self) -> (LinkErrorCode, String) {
        let mut cut = self.cut.subscribe();
        // The sender lives as long as this does.
        let told = cut.wait_for(Option::is_some).await.ok().and_then(|told| told.clone());
        match told {
            Some(why) => why,
            None => std::future::pending().await,
        }
    }

    fn end(&self, code: LinkErrorCode, detail: &str) {
        if matches!(code, LinkErrorCode::Revoked | LinkErrorCode::Quarantined) {
            self.cut.send_if_modified(|cut| {
                let is_first = cut.is_none();
                cut.get_or_insert_with(|| (code, detail.to_owned()));
                is_first
            });
        }
        self.say(|said| {
            said.end.get_or_insert_with(|| (code, detail.to_owned()));
        });
    }

    fn saying(&self) -> MutexGuard<'_, Said> {
        self.said.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The links, one for each agent.
#[derive(Default)]
pub struct Hub {
    links: Mutex<HashMap<AgentId, Arc<Handle>>>,
    changes: AtomicU64,
    /// Held while a link comes or goes and that is noted elsewhere, so that the notes are in the order of the links.
    passage: Mutex<()>,
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
    fn links(&self) -> MutexGuard<'_, HashMap<AgentId, Arc<Handle>>> {
        self.links.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many agents are linked.
    pub(in crate::api) fn count(&self) -> usize {
        self.links().len()
    }

    /// Judges a process that wants to link: the newest link of one process wins; a link of another process is probed,
    /// and when it answers both are clones of one identity.
    pub(super) async fn contest(&self, agent: AgentId, instance: &str) -> Contest {
        let answer = {
            let links = self.links();
            let Some(old) = links.get(&agent).filter(|old| old.instance != instance) else {
                return Contest::Free;
            };
            let (answered, answer) = oneshot::channel();
            old.say(|said| said.probes.push(answered));
            answer
        };
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

    /// Puts a link in its place, notes that, and ends the one before.
    pub(super) fn enter(&self, agent: AgentId, link: Arc<Handle>, note: impl FnOnce()) {
        let _passage = self.passage.lock().unwrap_or_else(PoisonError::into_inner);
        let old = self.links().insert(agent, link);
        self.changes.fetch_add(1, Ordering::Release);
        note();
        if let Some(old) = old {
            old.end(LinkErrorCode::Replaced, "a newer link of this agent took over");
        }
    }

    /// Takes a link out and notes that, if it is still the agent's; `true` when the agent has none now.
    pub(super) fn leave(&self, agent: AgentId, link: &Arc<Handle>, note: impl FnOnce()) -> bool {
        let _passage = self.passage.lock().unwrap_or_else(PoisonError::into_inner);
        let left = {
            let mut links = self.links();
            let is_current = links.get(&agent).is_some_and(|current| Arc::ptr_eq(current, link));
            if is_current { links.remove(&agent) } else { None }
        };
        if left.is_some() {
            self.changes.fetch_add(1, Ordering::Release);
            note();
        }
        left.is_some()
    }
}

impl Links for Hub {
    fn nudge(&self, agent: AgentId) {
        if let Some(link) = self.links().get(&agent) {
            link.orders.notify_one();
        }
    }

    fn end(&self, agent: AgentId, code: LinkErrorCode, detail: &str) -> bool {
        self.links().get(&agent).map(|link| link.end(code, detail)).is_some()
    }

    fn sync(&self, agent: AgentId) -> bool {
        self.links().get(&agent).map(|link| link.say(|said| said.sync = true)).is_some()
    }

    fn is_linked(&self, agent: AgentId) -> bool {
        self.links().contains_key(&agent)
    }

    fn linked_since(&self, agent: AgentId) -> Option<Timestamp> {
        self.links().get(&agent).map(|link| link.since)
    }
}

#[cfg(test)]
mod tests;
