//! [`Limits`]: how often each caller may call. What is counted is forgotten once it no longer matters.
//!
//! Signed-in callers are counted each for itself, so that nobody is slowed by a neighbour; everybody else by address.
//! Agents have a count of their own, since a site's fleet may come from one address: after a restart of the server
//! 2,000 link at once and 200 more each second, 10,000 within 40 s, and their own backoff (full jitter to a minute)
//! spreads them over more than that.

pub(super) mod answers;

use std::{
    hash::{BuildHasher, Hash, RandomState},
    net::IpAddr,
    num::NonZeroU32,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, Ordering::Relaxed},
    },
    time::Duration,
};

use governor::{
    Quota, RateLimiter,
    clock::{Clock, DefaultClock},
    state::keyed::DashMapStateStore,
};
use tokio::sync::{Semaphore, SemaphorePermit};

use self::answers::Answers;
use super::address::household;
use crate::{
    config::server::RateLimits,
    core::{access::Caller, error::Error, meter::Counter},
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
/// Sign-ins that wait for a core; more would wait longer than anybody does.
const SIGN_INS_WAITING: usize = 64;
/// How many callers are counted apart. Beyond it, those who come from an address share counts.
const MOST_KEYS: usize = 65_536;
/// Counts that are shared then.
const SHARED: u64 = 4096;
/// How many checks pass before what no longer matters is forgotten.
const TRIM_EVERY: u32 = 8192;

/// How often callers may call.
pub struct Limits {
    callers: Limit,
    strangers: Limit,
    links: Limit,
    sign_ins: Limit,
    tries: Limit,
    sign_in_places: Semaphore,
    /// Answers of nodes that callers read just now.
    pub(super) answers: Arc<Answers>,
    hashes: RandomState,
    /// Requests that were refused.
    pub(super) refused: Counter,
}

/// One limit, for many keys.
struct Limit {
    limiter: RateLimiter<u64, DashMapStateStore<u64>, DefaultClock>,
    clock: DefaultClock,
    checks: AtomicU32,
    full: AtomicBool,
}

impl Limits {
    /// Counts nobody yet.
    #[must_use]
    pub fn new(set: &RateLimits) -> Self {
        let in_window = |requests: u32| Limit::new(requests, set.window / requests.max(1));
        Self {
            callers: in_window(set.caller),
            strangers: in_window(set.anonymous),
            links: Limit::new(LINKS_AT_ONCE, Duration::from_secs(1) / LINKS_PER_SECOND),
            sign_ins: Limit::new(SIGN_INS_AT_ONCE, SIGN_IN_EVERY),
            tries: Limit::new(TRIES_AT_ONCE, TRY_EVERY),
            sign_in_places: Semaphore::new(SIGN_INS_WAITING),
            answers: Arc::default(),
            hashes: RandomState::new(),
            refused: Counter::default(),
        }
    }

    /// Counts a request of somebody whose credentials hold: a user, or each of its keys.
    pub(super) fn caller(&self, caller: &Caller) -> Result<(), Error> {
        self.check(&self.callers, &(caller.user, &caller.key), "requests of this caller")
    }

    /// Counts a request without credentials that hold.
    pub(super) fn stranger(&self, address: IpAddr) -> Result<(), Error> {
        self.check(
            &self.strangers,
            &household(address),
            "requests from this address; sign in for a limit of your own",
        )
    }

    /// Counts a node that links or joins.
    pub(super) fn link(&self, address: IpAddr) -> Result<(), Error> {
        self.check(&self.links, &household(address), "links from this address")
    }

    /// Counts an attempt to sign in, and keeps its place among those that wait for a core.
    pub(super) fn sign_in(&self, address: IpAddr, username: &str) -> Result<SemaphorePermit<'_>, Error> {
        let address = household(address);
        self.check(
            &self.tries,
            &(address, username),
            "attempts to sign in under this name from this address",
        )?;
        self.check(&self.sign_ins, &address, "attempts to sign in from this address")?;
        self.sign_in_places
            .try_acquire()
            .map_err(|_| self.too_many("attempts to sign in", Duration::from_secs(1)))
    }

    fn check(&self, limit: &Limit, key: &impl Hash, what: &str) -> Result<(), Error> {
        limit.check(self.hashes.hash_one(key)).map_err(|wait| self.too_many(what, wait))
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
            clock: DefaultClock::default(),
            checks: AtomicU32::new(0),
            full: AtomicBool::new(false),
        }
    }

    /// Counts one, or says how long to wait.
    fn check(&self, key: u64) -> Result<(), Duration> {
        if self.checks.fetch_add(1, Relaxed) % TRIM_EVERY == TRIM_EVERY - 1 {
            self.limiter.retain_recent();
            self.full.store(self.limiter.len() >= MOST_KEYS, Relaxed);
        }
        let key = if self.full.load(Relaxed) { key % SHARED } else { key };
        self.limiter.check_key(&key).map_err(|until| until.wait_time_from(self.clock.now()))
    }
}

#[cfg(test)]
mod tests;
