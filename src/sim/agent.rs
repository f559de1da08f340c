//! [`Agent`]: the life of one simulated agent, from its invitation to the end of the run.

use std::{
    collections::VecDeque,
    sync::{Arc, atomic::Ordering::Relaxed},
    time::Duration,
};

use jiff::Timestamp;
use rustls::ClientConfig;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use super::{
    SimError,
    address::Address,
    certificate::certify,
    enroll::Door,
    host::Host,
    identity::{Keep, Membership, key},
    link::{self, End},
    order::Act,
    outbox::Outbox,
    plan::Plan,
    random::Random,
    tally::{Tally, count},
};
use crate::{
    core::signing::{PublicKey, SigningKey},
    proto::{envelope::CommandOrder, link::CommandResult},
};

/// The most that the first attempt waits.
const BASE: Duration = Duration::from_millis(500);
/// The most that any attempt waits.
const MOST: Duration = Duration::from_secs(60);
/// A link that lasted this long shows that all is well again.
const WELL: Duration = Duration::from_secs(60);
/// How often an agent tries to join.
const JOIN_ATTEMPTS: u32 = 5;

/// What all agents share.
pub(super) struct World {
    /// What is to be done.
    pub(super) plan: Plan,
    /// The server.
    pub(super) address: Address,
    /// Where agents are managed, if they link there with certificates.
    pub(super) managed: Option<Address>,
    /// How the server's certificate is judged elsewhere.
    pub(super) tls: Arc<ClientConfig>,
    /// Where agents join.
    pub(super) door: Door,
    /// Where identities are kept.
    pub(super) keep: Keep,
    /// What was done.
    pub(super) tally: Tally,
    /// Ends everything.
    pub(super) stop: CancellationToken,
}

/// An order that is being obeyed.
pub(super) struct Running {
    /// When it will be done.
    pub(super) due: Instant,
    /// When it began.
    pub(super) began: Timestamp,
    /// The order.
    pub(super) order: Box<CommandOrder>,
    /// What it asks.
    pub(super) act: Act,
}

/// A program that ended, of which not everything that it printed is kept.
pub(super) struct Printing {
    /// The order.
    pub(super) order: Box<CommandOrder>,
    /// When it began.
    pub(super) began: Timestamp,
    /// Bytes that the server keeps.
    pub(super) kept: u64,
    /// Bytes in all.
    pub(super) bytes: u64,
}

/// A simulated agent; everything that outlives a link.
pub(super) struct Agent {
    /// Its name.
    pub(super) name: String,
    /// Its key.
    pub(super) key: SigningKey,
    /// Who it is to the server.
    pub(super) membership: Membership,
    /// How it shakes hands where agents are managed.
    pub(super) certified: Option<Arc<ClientConfig>>,
    /// The keys that may order it.
    pub(super) trusted: Vec<PublicKey>,
    /// Tells this process from another with the same identity.
    pub(super) instance: String,
    /// Its own randomness.
    pub(super) random: Random,
    /// The node that it pretends to be.
    pub(super) host: Host,
    /// What is not acknowledged.
    pub(super) outbox: Outbox,
    /// When the next measurement is due; `None` before the first link.
    pub(super) measures: Option<Instant>,
    /// What it obeys just now.
    pub(super) running: Vec<Running>,
    /// What it printed.
    pub(super) printing: Vec<Printing>,
    /// How what it obeyed lately ended.
    pub(super) done: VecDeque<CommandResult>,
}

impl Agent {
    /// Brings an agent in: as it was kept, or with an invitation.
    pub(super) async fn enter(world: &World, index: u32) -> Result<Self, SimError> {
        let name = world.plan.name(index);
        let key = key(world.plan.seed, &name);
        let mut random = Random::of(world.plan.seed, &name);
        let host = Host::new(world.plan.seed, world.plan.containers, &mut random);
        let membership = match world.keep.find(&name) {
            Some(membership) => membership,
            None => join(world, &name, &key, &mut random).await?,
        };
        let certified = match &world.managed {
            Some(address) => Some(certified(world, address, &name, &membership, &key, &mut random).await?),
            None => None,
        };
        Ok(Self {
            certified,
            trusted: membership.trusted(),
            instance: link::nonce(),
            name,
            key,
            membership,
            random,
            host,
            outbox: Outbox::default(),
            measures: None,
            running: Vec::new(),
            printing: Vec::new(),
            done: VecDeque::new(),
        })
    }

    /// Stays linked until the end: whenever the link is lost, it comes back with backoff and full jitter.
    pub(super) async fn live(mut self, world: &World) {
        let mut failures = 0;
        loop {
            let (lasted, end) = link::serve(&mut self, world).await;
            match end {
                End::Stopped => break,
                End::Cut => count(&world.tally.cuts),
                End::Later(after) => {
                    world.tally.error("later", || format!("{}: come again in {after:?}", self.name));
                    let spread = Duration::from_secs(1).mul_f64(self.random.unit());
                    tokio::select! {
                        () = sleep(after + spread) => continue,
                        () = world.stop.cancelled() => break,
                    }
                }
                End::Lost(kind, detail) => world.tally.error(kind, || format!("{}: {detail}", self.name)),
                End::Over(kind, detail) => {
                    world.tally.error(kind, || format!("{}: {detail}", self.name));
                    break;
                }
            }
            if lasted >= WELL {
                failures = 0;
            }
            if !pause(world, failures, &mut self.random).await {
                break;
            }
            failures += 1;
        }
        world.tally.unacknowledged.fetch_add(self.outbox.len() as u64, Relaxed);
        world.keep.note(&self.name, &self.membership);
    }
}

/// Joins with an invitation; a server that cannot just now is asked again with the same one.
async fn join(
    world: &World,
    name: &str,
    key: &SigningKey,
    random: &mut Random,
) -> Result<Membership, SimError> {
    let mut invitation = None;
    let mut failures = 0;
    loop {
        let joined = async {
            let token = match invitation {
                Some(token) => token,
                None => *invitation.insert(world.door.invite(name).await?),
            };
            world.door.join(name, &token, key).await
        };
        let error = match joined.await {
            Ok(joined) => {
                count(&world.tally.joins);
                let membership = Membership::from(joined);
                world.keep.note(name, &membership);
                return Ok(membership);
            }
            Err(error) => error,
        };
        let may_pass = matches!(error, SimError::Unreachable { .. } | SimError::NotTaken { .. });
        failures += 1;
        if !may_pass || failures >= JOIN_ATTEMPTS || !pause(world, failures, random).await {
            return Err(error);
        }
        world.tally.error("join", || format!("{name}: {error}"));
    }
}

/// Gets a certificate; a server that cannot just now is asked again.
async fn certified(
    world: &World,
    address: &Address,
    name: &str,
    membership: &Membership,
    key: &SigningKey,
    random: &mut Random,
) -> Result<Arc<ClientConfig>, SimError> {
    let mut failures = 0;
    loop {
        let error = match certify(address, membership, key).await {
            Ok(certified) => return Ok(certified),
            Err(error) => error.to_string(),
        };
        failures += 1;
        world.tally.error("certify", || format!("{name}: {error}"));
        if failures >= JOIN_ATTEMPTS || !pause(world, failures, random).await {
            return Err(SimError::NotTaken { name: name.to_owned(), detail: error });
        }
    }
}

/// Waits before the next attempt; `false` when the run ended meanwhile.
async fn pause(world: &World, failures: u32, random: &mut Random) -> bool {
    let ceiling = BASE.saturating_mul(1 << failures.min(16)).min(MOST);
    tokio::select! {
        () = sleep(ceiling.mul_f64(random.unit())) => true,
        () = world.stop.cancelled() => false,
    }
}

#[cfg(test)]
mod tests;
