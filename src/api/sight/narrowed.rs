//! [`Narrowed`]: the parts of the fleet that scopes hold, kept while they are true.
//!
//! Which nodes a scope holds is asked of its patterns only when nodes come, go, or change their sites; what is known of those
//! nodes is gathered anew when it changed. A fleet is heard of many times a second, so that what changed by that alone is told
//! a moment late: otherwise each call of a key with a scope would gather everything. Neither is done under a lock that others
//! wait for, but for the copy out of the live fleet, which is as long as the part is large.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use crate::{
    core::fleet::{SharedFleet, Versions},
    id::AgentId,
    proto::{agent::Agent, auth::Scope},
};

/// How late it may be told when agents were heard of and what they measured.
pub(super) const MOMENT: Duration = Duration::from_secs(1);
/// How many parts are kept, each with all that is known of its nodes.
const FLEETS: usize = 8;
/// Of how many scopes is kept which nodes they hold.
const MEMBERS: usize = 128;

/// What was narrowed lately.
#[derive(Default)]
pub struct Narrowed {
    fleets: Mutex<Lately<Part>>,
    members: Mutex<Lately<Members>>,
}

/// The part of a fleet that a scope holds.
#[derive(Clone)]
struct Part {
    /// The versions of the whole that it was made of.
    versions: Versions,
    made: Instant,
    fleet: Arc<SharedFleet>,
}

/// Which nodes a scope holds, by their ids.
#[derive(Clone)]
struct Members {
    /// The version of the whole fleet's names that this was asked of.
    names: u64,
    ids: Arc<[AgentId]>,
}

/// What was made for scopes; what was used last is last.
struct Lately<T>(Vec<(Arc<Scope>, T)>);

impl<T> Default for Lately<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T: Clone> Lately<T> {
    fn get(&mut self, scope: &Scope) -> Option<T> {
        let place = self.0.iter().position(|(kept, _)| **kept == *scope)?;
        let used = self.0.remove(place);
        let found = used.1.clone();
        self.0.push(used);
        Some(found)
    }

    fn put(&mut self, scope: &Arc<Scope>, made: T, most: usize) {
        self.0.retain(|(kept, _)| kept != scope);
        if self.0.len() >= most {
            self.0.remove(0);
        }
        self.0.push((scope.clone(), made));
    }
}

impl Part {
    /// Whether it is still what the whole would give.
    fn is_of(&self, versions: Versions) -> bool {
        self.versions == versions
    }

    /// The same, but for what may be told late.
    fn is_lately_of(&self, versions: Versions) -> bool {
        let Versions { heard, telemetry, .. } = self.versions;
        self.is_of(versions)
            || self.made.elapsed() < MOMENT && self.is_of(Versions { heard, telemetry, ..versions })
    }
}

impl Narrowed {
    /// The part of a fleet that a scope holds, as it is now.
    pub(super) fn now(&self, scope: &Arc<Scope>, live: &SharedFleet) -> Arc<SharedFleet> {
        self.of(scope, live, Part::is_of)
    }

    /// The same, where what changes all the time may be told [a moment](MOMENT) late.
    pub(super) fn lately(&self, scope: &Arc<Scope>, live: &SharedFleet) -> Arc<SharedFleet> {
        self.of(scope, live, Part::is_lately_of)
    }

    fn of(
        &self,
        scope: &Arc<Scope>,
        live: &SharedFleet,
        holds: impl Fn(&Part, Versions) -> bool,
    ) -> Arc<SharedFleet> {
        let versions = live.read().versions();
        let kept = of_all(&self.fleets).get(scope).filter(|part| holds(part, versions));
        if let Some(part) = kept {
            return part.fleet;
        }
        let made = Instant::now();
        let (versions, fleet) = loop {
            let members = self.members(scope, live);
            let whole = live.read();
            // A node that came in between, or left, is not to be missed or shown.
            if whole.versions().names == members.names {
                break (whole.versions(), whole.narrowed(&members.ids));
            }
        };
        let fleet = Arc::new(SharedFleet::holding(fleet));
        of_all(&self.fleets).put(scope, Part { versions, made, fleet: fleet.clone() }, FLEETS);
        fleet
    }

    /// Which nodes a scope holds.
    fn members(&self, scope: &Arc<Scope>, live: &SharedFleet) -> Members {
        let names = live.read().versions().names;
        let kept = of_all(&self.members).get(scope).filter(|members| members.names == names);
        if let Some(members) = kept {
            return members;
        }
        let whole = live.read();
        let names = whole.versions().names;
        let agents: Vec<Arc<Agent>> = whole.agents_after(None).cloned().collect();
        drop(whole);
        let nodes = scope.nodes();
        let held = agents.iter().filter(|agent| nodes.hold((&***agent).into()));
        let members = Members { names, ids: held.map(|agent| agent.id).collect() };
        of_all(&self.members).put(scope, members.clone(), MEMBERS);
        members
    }
}

fn of_all<T>(kept: &Mutex<Lately<T>>) -> MutexGuard<'_, Lately<T>> {
    kept.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
