//! [`Connections`]: how many there may be, from whom, and which makes room when there are more.
//!
//! A connection belongs to a caller, or where agents are managed to a node, until it asks to become an agent's link. It
//! knocks then, among few, until the agent showed who it is; only after that it counts as a link, so that no stranger takes
//! an agent's place. Who showed a certificate in the handshake knocks apart from those who did not. None of these crowds
//! keeps another out. When one of them is full, the connection that makes room has been idle for longest, or has not taken
//! its answer for long: whoever opens connections and says nothing keeps nobody out. A connection is at work while the
//! server is at work on one of its requests: not while a stranger's body comes byte by byte, nor while an answer waits until
//! its reader takes it. The connection of somebody known counts as idle a minute late, and its answers wait longer: a fleet
//! that comes back at once closes no operator's.

mod busy;
mod crowd;

use std::{
    net::IpAddr,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use tokio::sync::Notify;

pub use self::busy::Busy;
use self::crowd::Crowd;
use super::address::household;
use crate::{config::network::Networks, core::meter::Counter};

/// One in so many of the links that there may be is how many may knock: after a start of the server all come at once.
const KNOCKING_SHARE: usize = 4;
/// So many may knock at least.
const KNOCKING_LEAST: usize = 64;

/// So much later a connection that served somebody known makes room.
const KNOWN_STAYS: Duration = Duration::from_secs(60);

/// Where a connection came in. Each entrance has room of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entrance {
    /// Where callers call.
    Callers,
    /// Where agents are managed.
    Agents,
}

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
    callers: Crowd,
    /// Those where agents are managed, until they knock.
    nodes: Crowd,
    /// Those that knock and showed nothing yet.
    knocking: Crowd,
    /// Those that knock and showed a certificate.
    certified: Crowd,
    agents: usize,
}

/// How a connection stands; times are milliseconds since the server began, and one.
#[derive(Debug, Default)]
struct State {
    /// Since when the server is at work on none of its requests, while it is not.
    idle: AtomicU64,
    /// Since when the peer takes nothing of what is sent; 0 while it does.
    stalled: AtomicU64,
    is_agent: AtomicBool,
    /// Somebody who is known called through it, or it showed an agent's certificate.
    is_known: AtomicBool,
    is_certified: AtomicBool,
    is_upgraded: AtomicBool,
    /// Requests on their way,
    requests: AtomicUsize,
    /// those of them that the server is at work on,
    at_work: AtomicUsize,
    /// and those whose answers wait until the peer takes them.
    offered: AtomicUsize,
    close: Notify,
}

/// A connection's place. Dropping it makes room.
#[derive(Debug)]
pub struct Slot {
    all: Arc<Connections>,
    id: u64,
    /// The household of the peer, to which the connection belongs between requests.
    peer: IpAddr,
    entrance: Entrance,
    state: Arc<State>,
}

impl Connections {
    /// No connection yet. Callers may hold `max`, agents `max_agents`; a peer that takes nothing for `patience` counts
    /// as idle, a stranger that does not take its answer at once. What comes through a trusted proxy is counted by the address of whom it speaks for.
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

    /// How many may show who they are at a time, before they are linked: so many with certificates, and as many without.
    #[must_use]
    pub fn max_knocking(&self) -> usize {
        (self.max_agents / KNOCKING_SHARE).max(KNOCKING_LEAST)
    }

    /// How many there may be in all.
    #[must_use]
    pub fn most(&self) -> usize {
        // Those that knock with certificates, those that knock without, and those where agents are managed that do not yet.
        self.max + self.max_agents + 3 * self.max_knocking()
    }

    /// How many callers hold now, and how many agents.
    #[must_use]
    pub fn count(&self) -> (usize, usize) {
        let open = self.open();
        (open.callers.len(), open.agents)
    }

    /// How many may become links, and are none yet.
    #[must_use]
    pub fn count_coming(&self) -> usize {
        let open = self.open();
        open.nodes.len() + open.knocking.len() + open.certified.len()
    }

    /// Gives a new connection its place, making room where there is none; `None` when all others are at work.
    #[must_use]
    pub fn admit(self: &Arc<Self>, peer: IpAddr, entrance: Entrance) -> Option<Slot> {
        let household = household(peer);
        let most = match entrance {
            Entrance::Callers => self.max,
            Entrance::Agents => self.max_knocking(),
        };
        let mut open = self.open();
        self.accepted.one();
        let crowd = open.at(entrance);
        let room = (crowd.of(household) < self.share(peer, most) || self.evict(crowd, Some(household)))
            && (crowd.len() < most || self.evict(crowd, None));
        if !room {
            self.refused.one();
            return None;
        }
        open.next += 1;
        let (id, state) = (open.next, Arc::new(State::default()));
        state.idle.store(self.millis(), Relaxed);
        open.at(entrance).enter(id, household, state.clone());
        drop(open);
        Some(Slot { all: self.clone(), id, peer: household, entrance, state })
    }

    /// How many of so many connections one peer may hold.
    fn share(&self, peer: IpAddr, all: usize) -> usize {
        if self.trusted.contain(peer) { all } else { all.div_ceil(2) }
    }

    /// Closes the connection of a crowd, of this household or of all, that has been idle or stalled for longest.
    fn evict(&self, crowd: &mut Crowd, of: Option<IpAddr>) -> bool {
        let now = self.millis();
        let candidates = crowd.members().filter(|(_, household, _)| of.is_none_or(|of| of == *household));
        let longest =
            candidates.filter_map(|(id, _, state)| Some((state.unused_since(now, self.patience)?, id)));
        let Some((_, id)) = longest.min() else { return false };
        if let Some(state) = crowd.leave(id) {
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
    /// Those that came in there and neither knock nor are links.
    const fn at(&mut self, entrance: Entrance) -> &mut Crowd {
        match entrance {
            Entrance::Callers => &mut self.callers,
            Entrance::Agents => &mut self.nodes,
        }
    }

    /// Takes a connection from those that knock.
    fn opened(&mut self, id: u64) {
        self.knocking.leave(id);
        self.certified.leave(id);
    }
}

impl State {
    /// Since when it is of no use to anybody; `None` while it is.
    fn unused_since(&self, now: u64, patience: Duration) -> Option<u64> {
        let millis = |span: Duration| u64::try_from(span.as_millis()).unwrap_or(u64::MAX);
        let patience = millis(patience);
        let is_late = |since: u64| now.saturating_sub(since) >= patience;
        let stalled = Some(self.stalled.load(Relaxed)).filter(|since| *since > 0 && is_late(*since));
        self.idle_since(is_late, millis(KNOWN_STAYS)).into_iter().chain(stalled).min()
    }

    fn idle_since(&self, is_late: impl Fn(u64) -> bool, stays: u64) -> Option<u64> {
        if self.at_work.load(Relaxed) > 0 || self.is_upgraded.load(Relaxed) {
            return None;
        }
        let idle = self.idle.load(Relaxed);
        if !self.is_known.load(Relaxed) {
            return Some(idle);
        }
        // Who is known may be slow to take an answer.
        (self.offered.load(Relaxed) == 0 || is_late(idle)).then_some(idle + stays)
    }
}

impl Slot {
    /// Counts this connection among those that may become links, until the agent behind this address showed who it is;
    /// `false` when there are as many of either as there may be. Who showed a certificate knocks where no stranger does.
    pub fn knocks(&self, client: IpAddr) -> bool {
        let (household, most) = (household(client), self.all.max_knocking());
        let mut open = self.all.open();
        let is_certified = self.state.is_certified.load(Relaxed);
        let knocking = if is_certified { &open.certified } else { &open.knocking };
        let room = open.agents < self.all.max_agents
            && knocking.len() < most
            && knocking.of(household) < self.all.share(client, most);
        if room && let Some(state) = open.at(self.entrance).leave(self.id) {
            let knocking = if is_certified { &mut open.certified } else { &mut open.knocking };
            knocking.enter(self.id, household, state);
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
        open.at(self.entrance).leave(self.id);
        open.opened(self.id);
        open.agents += 1;
        true
    }

    /// This connection is a WebSocket from now on, and at work until it ends.
    pub fn becomes_websocket(&self) {
        self.state.is_upgraded.store(true, Relaxed);
    }

    /// A request is on its way. Until the server is [at work](Busy::works) on it, its connection makes room like one that is
    /// idle.
    #[must_use]
    pub fn request(self: &Arc<Self>) -> Busy {
        Busy::new(self.clone())
    }

    /// The peer showed a certificate that holds: it is an agent's, and outstays strangers.
    pub fn is_certified(&self) {
        self.state.is_certified.store(true, Relaxed);
        self.is_known();
    }

    fn is_known(&self) {
        self.state.is_known.store(true, Relaxed);
    }

    /// Counts this connection as one of the client's for whom a proxy sends the request that is on its way; `false` when
    /// that client holds its share and all of it is at work.
    pub fn serves(&self, client: IpAddr) -> bool {
        let (client, most) = (household(client), self.all.max);
        let mut open = self.all.open();
        let crowd = open.at(self.entrance);
        if client == self.peer || crowd.household(self.id).is_none_or(|counted| counted == client) {
            return true;
        }
        if crowd.of(client) >= self.all.share(client, most) && !self.all.evict(crowd, Some(client)) {
            self.all.refused.one();
            return false;
        }
        crowd.move_to(self.id, client);
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

impl Drop for Slot {
    fn drop(&mut self) {
        let mut open = self.all.open();
        if self.state.is_agent.load(Relaxed) {
            open.agents -= 1;
        } else {
            open.at(self.entrance).leave(self.id);
            open.opened(self.id);
        }
    }
}

#[cfg(test)]
mod tests;
