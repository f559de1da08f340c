//! [`Limits`]: how often each caller may call. What is counted is forgotten once it no longer matters.
//!
//! Signed-in callers are counted each for itself, so that nobody is slowed by a neighbour, and a user with all of its keys
//! together, so that nobody takes more by having more of them; everybody else by address.
//! Agents have a count of their own, since a site's fleet may come from one address: after a restart of the server
//! 2,000 link at once and 200 more each second, 10,000 within 40 s. Whoever is refused is given a turn of its own
//! (`Retry-After`), which agents keep.

pub(super) mod answers;
mod turns;

use std::{
    collections::{HashMap, HashSet},
    hash::{BuildHasher, Hash, RandomState},
    net::IpAddr,
    num::NonZeroU32,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU32, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use governor::{
    Quota, RateLimiter,
    clock::{Clock, DefaultClock},
    state::keyed::DashMapStateStore,
};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::timeout,
};

use self::{answers::Answers, turns::Turns};
use super::{
    address::{household, network},
    hashing::{Hashing, Place, ends},
};
use crate::{
    config::server::RateLimits,
    core::{access::Caller, error::Error, meter::Counter},
    id::AgentId,
};

/// Links and joins of one address: at once,
const LINKS_AT_ONCE: u32 = 2000;
/// and each second after.
const LINKS_PER_SECOND: u32 = 200;
/// Sign-ins of one address: an office behind one address signs in in the morning,
const SIGN_INS_AT_ONCE: u32 = 60;
/// and then one each so often. A password costs 19 MiB and tens of milliseconds of a core.
const SIGN_IN_EVERY: Duration = Duration::from_secs(1);
/// Sign-ins of one address under one name. The count is the pair's: whoever tries a name from elsewhere takes nothing
/// from its holder.
const TRIES_AT_ONCE: u32 = 10;
/// How often such a pair may try again: ten times a minute.
const TRY_EVERY: Duration = Duration::from_secs(6);
/// Sign-ins under one name from wherever its holder has not signed in from lately: at once,
const NAME_TRIES_AT_ONCE: u32 = 100;
/// and then one each so often, whoever it is: many addresses together guess no faster. From where its holder did sign in this
/// is not counted, so that nobody locks it out there.
const NAME_TRY_EVERY: Duration = Duration::from_secs(6);
/// How many places are remembered where somebody signed in.
const MOST_PLACES: usize = 65_536;
/// Credentials of one address that are not known yet: at once,
const UNPROVEN_AT_ONCE: u32 = 1000;
/// and each second after. Each costs a signature or a read of the store; those that hold are remembered then.
const UNPROVEN_PER_SECOND: u32 = 100;
/// Sign-ins of one wider network that are hashed or wait for it in the line of all: whoever has many addresses of one network
/// waits behind itself.
const SIGN_INS_OF_NETWORK: usize = 4;
/// How long a sign-in waits for its turn.
const TURN: Duration = Duration::from_secs(10);
/// Frames of one of our agents at once: several windows of what it kept during an outage,
const FRAMES_AT_ONCE: u32 = 4096;
/// and each second after.
const FRAMES_PER_SECOND: u32 = 1000;
/// Bytes of such frames: the largest inventory, and many measurements, at once,
const BYTES_AT_ONCE: u32 = 32 * 1024 * 1024;
/// and each second after.
const BYTES_PER_SECOND: u32 = 4 * 1024 * 1024;
/// Frames of a plain agent, which keeps nothing, at once,
const PLAIN_FRAMES_AT_ONCE: u32 = 300;
/// and each second after.
const PLAIN_FRAMES_PER_SECOND: u32 = 20;
/// Bytes of such frames at once: results of commands may have a megabyte,
const PLAIN_BYTES_AT_ONCE: u32 = 8 * 1024 * 1024;
/// and each second after.
const PLAIN_BYTES_PER_SECOND: u32 = 256 * 1024;
/// How often an agent may change its mind about itself at once,
const JUDGEMENTS_AT_ONCE: u32 = 5;
/// and then one change each so often.
const JUDGEMENT_EVERY: Duration = Duration::from_secs(1);
/// A user with all of its keys may have so many times what one caller may.
const USER_SHARE: u32 = 4;
/// Certificates that an agent is given over its link at once,
const CERTIFICATES_AT_ONCE: u32 = 4;
/// and then one each so often, or three within the life of one where that is shorter.
const CERTIFICATE_EVERY: Duration = Duration::from_secs(10);
/// How many callers are counted apart. Beyond it, those who come from an address share counts.
const MOST_KEYS: usize = 65_536;
/// Counts that are shared then.
const SHARED: u64 = 4096;
/// How many checks pass before what no longer matters is forgotten.
const TRIM_EVERY: u32 = 8192;

/// How often callers may call.
pub struct Limits {
    callers: Limit,
    users: Limit,
    strangers: Limit,
    links: Limit,
    /// Turns of those who were refused to link.
    turns: Mutex<Turns>,
    unproven: Limit,
    sign_ins: Limit,
    tries: Limit,
    names: Limit,
    /// Hashes of the addresses and names under which somebody signed in.
    places: Mutex<HashSet<u64>>,
    lines: Mutex<HashMap<IpAddr, Arc<Semaphore>>>,
    frames: Limit,
    bytes: Limit,
    plain_frames: Limit,
    plain_bytes: Limit,
    judgements: Limit,
    certificates: Limit,
    /// Answers of nodes that callers read just now.
    pub(super) answers: Arc<Answers>,
    hashes: RandomState,
    /// Requests that were refused.
    pub(super) refused: Counter,
}

/// The turn of a sign-in. Dropping it is the next one's.
pub(super) struct Turn {
    /// Where it is hashed.
    pub(super) place: Place,
    _of_network: OwnedSemaphorePermit,
}

/// One limit, for many keys.
struct Limit {
    limiter: RateLimiter<u64, DashMapStateStore<u64>, DefaultClock>,
    at_once: NonZeroU32,
    clock: DefaultClock,
    checks: AtomicU32,
    full: AtomicBool,
}

impl Limits {
    /// Counts nobody yet, where certificates hold so long.
    #[must_use]
    pub fn new(set: &RateLimits, certificate_life: Duration) -> Self {
        let in_window = |requests: u32| Limit::new(requests, set.window / requests.max(1));
        Self {
            callers: in_window(set.caller),
            users: in_window(set.caller.saturating_mul(USER_SHARE)),
            strangers: in_window(set.anonymous),
            links: Limit::per_second(LINKS_AT_ONCE, LINKS_PER_SECOND),
            turns: Mutex::default(),
            unproven: Limit::per_second(UNPROVEN_AT_ONCE, UNPROVEN_PER_SECOND),
            sign_ins: Limit::new(SIGN_INS_AT_ONCE, SIGN_IN_EVERY),
            tries: Limit::new(TRIES_AT_ONCE, TRY_EVERY),
            names: Limit::new(NAME_TRIES_AT_ONCE, NAME_TRY_EVERY),
            places: Mutex::default(),
            lines: Mutex::default(),
            frames: Limit::per_second(FRAMES_AT_ONCE, FRAMES_PER_SECOND),
            bytes: Limit::per_second(BYTES_AT_ONCE, BYTES_PER_SECOND),
            plain_frames: Limit::per_second(PLAIN_FRAMES_AT_ONCE, PLAIN_FRAMES_PER_SECOND),
            plain_bytes: Limit::per_second(PLAIN_BYTES_AT_ONCE, PLAIN_BYTES_PER_SECOND),
            judgements: Limit::new(JUDGEMENTS_AT_ONCE, JUDGEMENT_EVERY),
            certificates: Limit::new(CERTIFICATES_AT_ONCE, CERTIFICATE_EVERY.min(certificate_life / 3)),
            answers: Arc::default(),
            hashes: RandomState::new(),
            refused: Counter::default(),
        }
    }

    /// Counts a request of somebody whose credentials hold: a user, or each of its keys.
    pub(super) fn caller(&self, caller: &Caller) -> Result<(), Error> {
        self.check(
            &self.callers,
            &(caller.user, caller.key.as_ref().map(|key| &key.name)),
            "requests of this caller",
        )?;
        self.check(&self.users, &caller.user, "requests of this user, by all of its keys")
    }

    /// Counts a request without credentials that hold.
    pub(super) fn stranger(&self, address: IpAddr) -> Result<(), Error> {
        self.check(
            &self.strangers,
            &household(address),
            "requests from this address; sign in for a limit of your own",
        )
    }

    /// Counts credentials that are not known yet, before they cost anything.
    pub(super) fn unproven(&self, address: IpAddr) -> Result<(), Error> {
        self.check(&self.unproven, &household(address), "unknown credentials from this address")
    }

    /// Counts a node that links or joins.
    pub(super) fn link(&self, address: IpAddr) -> Result<(), Error> {
        let household = household(address);
        match self.check(&self.links, &household, "links from this address") {
            Err(Error::TooMany { detail, .. }) => {
                let mut turns = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
                let wait = turns.next(household, LINKS_PER_SECOND, Instant::now());
                Err(Error::TooMany { detail, retry_after_s: wait.as_secs() + 1 })
            }
            other => other,
        }
    }

    /// Counts a frame of one of our agents, or says how long to wait before it is taken. It counts over the agent's links.
    pub(super) fn frame(&self, agent: AgentId, bytes: usize) -> Result<(), Duration> {
        self.of_agent((&self.frames, &self.bytes), agent, bytes)
    }

    /// Counts a frame of a plain agent, or says how long to wait before it can be taken.
    pub(super) fn plain_frame(&self, agent: AgentId, bytes: usize) -> Result<(), Duration> {
        self.of_agent((&self.plain_frames, &self.plain_bytes), agent, bytes)
    }

    /// Counts a change of an agent's mind about itself.
    pub(super) fn judgement(&self, agent: AgentId) -> Result<(), Duration> {
        self.judgements.check(self.hashes.hash_one(agent), 1)
    }

    /// Counts a certificate that an agent asks for over its link: each is a signature, a row and an event.
    pub(super) fn certificate(&self, agent: AgentId) -> Result<(), Duration> {
        self.certificates.check(self.hashes.hash_one(agent), 1)
    }

    fn of_agent(
        &self,
        (frames, all): (&Limit, &Limit),
        agent: AgentId,
        bytes: usize,
    ) -> Result<(), Duration> {
        let (key, bytes) = (self.hashes.hash_one(agent), u32::try_from(bytes).unwrap_or(u32::MAX));
        frames.check(key, 1).and_then(|()| all.check(key, bytes))
    }

    /// Counts an attempt to sign in, and waits for its turn to be hashed: each network has a line of its own, and of each only
    /// a few stand in the line of all, so that nobody is kept out by whoever has many addresses.
    pub(super) async fn sign_in(
        &self,
        address: IpAddr,
        username: &str,
        hashing: &Hashing,
    ) -> Result<Turn, Error> {
        self.try_sign_in(address, username)?;
        let line = self.line(network(address));
        let turn = async {
            let of_network = line.acquire_owned().await.map_err(|_| ends())?;
            Ok(Turn { place: hashing.place().await?, _of_network: of_network })
        };
        let late = |_| self.too_many("attempts to sign in", Duration::from_secs(1));
        timeout(TURN, turn).await.map_err(late)?
    }

    /// The line of a network; those in which nobody stands are forgotten.
    fn line(&self, network: IpAddr) -> Arc<Semaphore> {
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        lines.retain(|_, line| Arc::strong_count(line) > 1);
        lines.entry(network).or_insert_with(|| Arc::new(Semaphore::new(SIGN_INS_OF_NETWORK))).clone()
    }

    fn try_sign_in(&self, address: IpAddr, username: &str) -> Result<(), Error> {
        let address = household(address);
        self.check(
            &self.tries,
            &(address, username),
            "attempts to sign in under this name from this address",
        )?;
        self.check(&self.sign_ins, &address, "attempts to sign in from this address")?;
        if self.places().contains(&self.hashes.hash_one((address, username))) {
            return Ok(());
        }
        self.check(&self.names, &username, "attempts to sign in under this name from new addresses")
    }

    /// Remembers that somebody signed in under a name from an address.
    pub(super) fn signed_in(&self, address: IpAddr, username: &str) {
        let place = self.hashes.hash_one((household(address), username));
        let mut places = self.places();
        if places.len() >= MOST_PLACES {
            places.clear();
        }
        places.insert(place);
    }

    fn places(&self) -> MutexGuard<'_, HashSet<u64>> {
        self.places.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn check(&self, limit: &Limit, key: &impl Hash, what: &str) -> Result<(), Error> {
        limit.check(self.hashes.hash_one(key), 1).map_err(|wait| self.too_many(what, wait))
    }

    fn too_many(&self, what: &str, wait: Duration) -> Error {
        self.refused.one();
        // Whole seconds, rounded up: whoever waits so long is let in.
        let retry_after_s = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
        Error::TooMany { detail: format!("too many {what}; try again in {retry_after_s} s"), retry_after_s }
    }
}

impl Limit {
    fn new(at_once: u32, every: Duration) -> Self {
        let every = every.max(Duration::from_nanos(1));
        let quota = Quota::with_period(every).expect("a period of at least a nanosecond is no zero");
        let at_once = NonZeroU32::new(at_once).unwrap_or(NonZeroU32::MIN);
        Self {
            limiter: RateLimiter::dashmap(quota.allow_burst(at_once)),
            at_once,
            clock: DefaultClock::default(),
            checks: AtomicU32::new(0),
            full: AtomicBool::new(false),
        }
    }

    fn per_second(at_once: u32, each_second: u32) -> Self {
        Self::new(at_once, Duration::from_secs(1) / each_second)
    }

    /// Counts so many, or says how long to wait. More than may be at once count as that many.
    fn check(&self, key: u64, count: u32) -> Result<(), Duration> {
        if self.checks.fetch_add(1, Relaxed) % TRIM_EVERY == TRIM_EVERY - 1 {
            self.limiter.retain_recent();
            self.full.store(self.limiter.len() >= MOST_KEYS, Relaxed);
        }
        let key = if self.full.load(Relaxed) { key % SHARED } else { key };
        let count = NonZeroU32::new(count.min(self.at_once.get())).unwrap_or(NonZeroU32::MIN);
        match self.limiter.check_key_n(&key, count) {
            Ok(checked) => checked.map_err(|until| until.wait_time_from(self.clock.now())),
            // It is no more than may be at once.
            Err(_) => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests;
