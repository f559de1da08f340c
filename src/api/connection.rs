//! [`Connections`]: how many there may be, from whom, and which makes room when there are more.
//!
//! A connection belongs to a caller until it asks to become an agent's link. It knocks then, among few, until the agent
//! showed who it is; only after that it counts as a link, so that no stranger takes an agent's place. None of the three
//! crowds the others out. When callers hold as many as they may, the one that makes room has been idle for longest, or
//! has not taken its answer for long: whoever opens connections and says nothing keeps nobody out. A stranger's request
//! is at work only once its body has come, so that whoever sends it byte by byte keeps nobody out either. The connection of
//! somebody known counts as idle a minute late: a fleet that comes back at once closes no operator's.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use tokio::sync::Notify;

use super::address::household;
use crate::{config::network::Networks, core::meter::Counter};

/// One in so many of the links that there may be is how many may knock: after a start of the server all come at once.
const KNOCKING_SHARE: usize = 4;
/// So many may knock at least.
const KNOCKING_LEAST: usize = 64;

/// So much later a connection that served somebody known makes room.
const KNOWN_STAYS: Duration = Duration::from_secs(60);

/// The connections of a server.
#[derive(Debug)]
pub struct Connections {
    max: usize,
    max_agents: usize,
    patience: Duration,
    trusted: Networks,
    begun: Instant,
    open: Mutex<Open>,
    /// Connections that came.
    pub accepted: Counter,
    /// Connections that found no room.
    pub refused: Counter,
    /// Connections that made room for others.
    pub evicted: Counter,
    /// Bytes that came.
    pub received: Counter,
    /// Bytes that went.
    pub sent: Counter,
}

#[derive(Debug, Default)]
struct Open {
    next: u64,
    callers: HashMap<u64, (IpAddr, Arc<State>)>,
    addresses: Held,
    knocking: HashMap<u64, IpAddr>,
    doors: Held,
    agents: usize,
}

/// How many connections each household holds.
#[derive(Debug, Default)]
struct Held(HashMap<IpAddr, usize>);

impl Held {
    fn by(&self, household: IpAddr) -> usize {
        self.0.get(&household).copied().unwrap_or_default()
    }

    fn one_more(&mut self, household: IpAddr) {
        *self.0.entry(household).or_default() += 1;
    }

    fn one_less(&mut self, household: IpAddr) {
        if let Some(held) = self.0.get_mut(&household) {
            *held -= 1;
            if *held == 0 {
                self.0.remove(&household);
            }
        }
    }
}

/// How a connection stands; times are milliseconds since the server began, and one.
#[derive(Debug, Default)]
struct State {
    /// Since when no request is on its way; 0 while one is.
    idle: AtomicU64,
    /// Since when the peer takes nothing of what is sent; 0 while it does.
    stalled: AtomicU64,
    is_agent: AtomicBool,
    /// Somebody who is known called through it.
    is_known: AtomicBool,
    is_upgraded: AtomicBool,
    /// Requests on their way.
    requests: AtomicUsize,
    close: Notify,
}

/// A connection's place. Dropping it makes room.
#[derive(Debug)]
pub struct Slot {
    all: Arc<Connections>,
    id: u64,
    /// The household of the peer, to which the connection belongs between requests.
    peer: IpAddr,
    state: Arc<State>,
}

/// A request on its way. Its connection is idle again once the last of them is gone.
#[derive(Debug)]
pub struct Busy(Arc<Slot>);

impl Connections {
    /// No connection yet. Callers may hold `max`, agents `max_agents`; a peer that takes nothing for `patience` counts
    /// as idle. What comes through a trusted proxy is counted by the address of whom it speaks for.
    #[must_use]
    pub fn new(max: usize, max_agents: usize, patience: Duration, trusted: Networks) -> Self {
        Self {
            max,
            max_agents,
            patience,
            trusted,
            begun: Instant::now(),
            open: Mutex::default(),
            accepted: Counter::default(),
            refused: Counter::default(),
            evicted: Counter::default(),
            received: Counter::default(),
            sent: Counter::default(),
        }
    }

    /// How many callers may hold.
    #[must_use]
    pub const fn max(&self) -> usize {
        self.max
    }

    /// How many agents may be linked.
    #[must_use]
    pub const fn max_agents(&self) -> usize {
        self.max_agents
    }

    /// How many may show who they are at a time, before they are linked.
    #[must_use]
    pub fn max_knocking(&self) -> usize {
        (self.max_agents / KNOCKING_SHARE).max(KNOCKING_LEAST)
    }

    /// How many callers hold now, and how many agents.
    #[must_use]
    pub fn count(&self) -> (usize, usize) {
        let open = self.open();
        (open.callers.len(), open.agents)
    }

    /// Gives a new connection its place, making room where there is none; `None` when all others are at work.
    #[must_use]
    pub fn admit(self: &Arc<Self>, peer: IpAddr) -> Option<Slot> {
        let household = household(peer);
        let mut open = self.open();
        self.accepted.one();
        let room = (open.addresses.by(household) < self.share(peer, self.max)
            || self.evict(&mut open, Some(household)))
            && (open.callers.len() < self.max || self.evict(&mut open, None));
        if !room {
            self.refused.one();
            return None;
        }
        open.next += 1;
        let (id, state) = (open.next, Arc::new(State::default()));
        state.idle.store(self.millis(), Relaxed);
        open.callers.insert(id, (household, state.clone()));
        open.addresses.one_more(household);
        drop(open);
        Some(Slot { all: self.clone(), id, peer: household, state })
    }

    /// How many of so many connections one peer may hold.
    fn share(&self, peer: IpAddr, all: usize) -> usize {
        if self.trusted.contain(peer) { all } else { all.div_ceil(2) }
    }

    /// Closes the connection, of this household or of all, that has been idle or stalled for longest.
    fn evict(&self, open: &mut Open, of: Option<IpAddr>) -> bool {
        let now = self.millis();
        let candidates =
            open.callers.iter().filter(|(_, (household, _))| of.is_none_or(|of| of == *household));
        let longest =
            candidates.filter_map(|(id, (_, state))| Some((state.unused_since(now, self.patience)?, *id)));
        let Some((_, id)) = longest.min() else { return false };
        if let Some(state) = open.remove(id) {
            self.evicted.one();
            state.close.notify_one();
        }
        true
    }

    fn millis(&self) -> u64 {
        u64::try_from(self.begun.elapsed().as_millis()).unwrap_or(u64::MAX).saturating_add(1)
    }

    fn open(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Open {
    fn remove(&mut self, id: u64) -> Option<Arc<State>> {
        let (household, state) = self.callers.remove(&id)?;
        self.addresses.one_less(household);
        Some(state)
    }

    /// Counts a connection as another household's.
    fn move_to(&mut self, id: u64, household: IpAddr) {
        let Some(entry) = self.callers.get_mut(&id).filter(|(counted, _)| *counted != household) else {
            return;
        };
        let before = std::mem::replace(&mut entry.0, household);
        self.addresses.one_less(before);
        self.addresses.one_more(household);
    }

    /// Takes a connection from those that knock.
    fn opened(&mut self, id: u64) {
        if let Some(household) = self.knocking.remove(&id) {
            self.doors.one_less(household);
        }
    }
}

impl State {
    fn unused_since(&self, now: u64, patience: Duration) -> Option<u64> {
        let millis = |span: Duration| u64::try_from(span.as_millis()).unwrap_or(u64::MAX);
        let stays = if self.is_known.load(Relaxed) { millis(KNOWN_STAYS) } else { 0 };
        let idle = Some(self.idle.load(Relaxed)).filter(|since| *since > 0).map(|since| since + stays);
        let patience = millis(patience);
        let stalled = Some(self.stalled.load(Relaxed));
        let stalled = stalled.filter(|since| *since > 0 && now.saturating_sub(*since) >= patience);
        idle.into_iter().chain(stalled).min()
    }
}

impl Slot {
    /// Counts this connection among those that may become links, until the agent behind this address showed who it is;
    /// `false` when there are as many of either as there may be.
    pub fn knocks(&self, client: IpAddr) -> bool {
        let (household, most) = (household(client), self.all.max_knocking());
        let mut open = self.all.open();
        let room = open.agents < self.all.max_agents
            && open.knocking.len() < most
            && open.doors.by(household) < self.all.share(client, most);
        if room && open.remove(self.id).is_some() {
            open.knocking.insert(self.id, household);
            open.doors.one_more(household);
        }
        room
    }

    /// Counts this connection among the links from now on; `false` when there are as many as there may be.
    pub fn becomes_link(&self) -> bool {
        let mut open = self.all.open();
        if self.state.is_agent.load(Relaxed) {
            return true;
        }
        if open.agents >= self.all.max_agents {
            return false;
        }
        self.state.is_agent.store(true, Relaxed);
        open.remove(self.id);
        open.opened(self.id);
        open.agents += 1;
        true
    }

    /// This connection is a WebSocket from now on, and at work until it ends.
    pub fn becomes_websocket(&self) {
        self.state.is_upgraded.store(true, Relaxed);
    }

    /// A request is on its way. Until its connection is [at work](Self::works) it makes room like one that is idle.
    pub fn request(self: &Arc<Self>) -> Busy {
        self.state.requests.fetch_add(1, Relaxed);
        Busy(self.clone())
    }

    /// The request that is on its way has come whole.
    pub fn works(&self) {
        self.state.idle.store(0, Relaxed);
    }

    /// The request that is on its way is that of somebody known, who may take the time that a body takes.
    pub fn works_for_known(&self) {
        self.state.is_known.store(true, Relaxed);
        self.works();
    }

    /// Counts this connection as one of the client's for whom a proxy sends the request that is on its way; `false` when
    /// that client holds its share and all of it is at work.
    pub fn serves(&self, client: IpAddr) -> bool {
        let client = household(client);
        let mut open = self.all.open();
        if client == self.peer || open.callers.get(&self.id).is_none_or(|(counted, _)| *counted == client) {
            return true;
        }
        if open.addresses.by(client) >= self.all.share(client, self.all.max)
            && !self.all.evict(&mut open, Some(client))
        {
            self.all.refused.one();
            return false;
        }
        open.move_to(self.id, client);
        true
    }

    /// So many bytes came.
    pub fn received(&self, bytes: usize) {
        self.all.received.add(bytes as u64);
    }

    /// The peer took so many bytes.
    pub fn sent(&self, bytes: usize) {
        self.all.sent.add(bytes as u64);
        if self.state.stalled.load(Relaxed) != 0 {
            self.state.stalled.store(0, Relaxed);
        }
    }

    /// The peer takes nothing just now.
    pub fn stalled(&self) {
        if self.state.stalled.load(Relaxed) == 0 {
            self.state.stalled.store(self.all.millis(), Relaxed);
        }
    }

    /// Waits until this connection must make room.
    pub async fn must_close(&self) {
        self.state.close.notified().await;
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        let slot = &self.0;
        let was_last = slot.state.requests.fetch_sub(1, Relaxed) == 1;
        if was_last && !slot.state.is_upgraded.load(Relaxed) {
            slot.state.idle.store(slot.all.millis(), Relaxed);
            slot.all.open().move_to(slot.id, slot.peer);
        }
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let mut open = self.all.open();
        if self.state.is_agent.load(Relaxed) {
            open.agents -= 1;
        } else {
            open.remove(self.id);
            open.opened(self.id);
        }
    }
}

#[cfg(test)]
mod tests;
