//! [`Sight`]: what of the fleet a caller is shown. Whoever has no scope is shown the fleet itself; for a key with one there is
//! a fleet that holds its nodes alone, so that no count, name, filter, order or refusal can tell of another.

use std::sync::{Arc, Mutex, PoisonError};

use super::app::App;
use crate::{
    core::{
        access::{Caller, Node, account_of, command_for, event_for},
        fleet::{Fleet, SharedFleet, Versions},
    },
    proto::{auth::Scope, command::Command, event::Event, user::Role},
};

/// How many narrowed fleets are kept.
const KEPT: usize = 8;

/// Fleets that were narrowed lately; each holds while the whole does not change.
#[derive(Default)]
pub struct Narrowed(Mutex<Vec<Part>>);

/// The part of a fleet that a scope holds.
struct Part {
    scope: Arc<Scope>,
    /// The versions of the whole that it was made of.
    versions: Versions,
    fleet: Arc<SharedFleet>,
}

impl Narrowed {
    /// The part of a fleet that a scope holds, as it is now.
    fn of(&self, scope: &Arc<Scope>, live: &SharedFleet) -> Arc<SharedFleet> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let whole = live.read();
        let versions = whole.versions();
        if let Some(place) = kept.iter().position(|part| part.scope == *scope) {
            let part = kept.remove(place);
            if part.versions == versions {
                let fleet = part.fleet.clone();
                kept.push(part);
                return fleet;
            }
        }
        let fleet = Arc::new(SharedFleet::holding(whole.narrowed(|agent| scope.holds_node(agent.into()))));
        drop(whole);
        if kept.len() >= KEPT {
            kept.remove(0);
        }
        kept.push(Part { scope: scope.clone(), versions, fleet: fleet.clone() });
        fleet
    }
}

/// What a caller is shown.
#[derive(Clone)]
pub(super) struct Sight {
    live: Arc<SharedFleet>,
    narrowed: Arc<Narrowed>,
    scope: Option<Arc<Scope>>,
    /// The user of whose account alone it is told; `None` for all.
    account: Option<Arc<str>>,
}

impl Sight {
    /// Of a caller. Accounts other than one's own are an admin's to see, in the event log as in their lists.
    pub(super) fn of(app: &App, caller: Option<&Caller>) -> Self {
        let account = caller.filter(|caller| caller.role < Role::Admin);
        let account = account.map(|caller| caller.username.as_str().into());
        Self { account, ..Self::within(app, caller.and_then(Caller::scope).cloned()) }
    }

    /// Of whoever has this scope.
    pub(super) fn within(app: &App, scope: Option<Scope>) -> Self {
        let (live, narrowed) = (app.fleet.clone(), app.narrowed.clone());
        Self { live, narrowed, scope: scope.map(Arc::new), account: None }
    }

    /// The fleet as the caller is shown it now.
    pub(super) fn fleet(&self) -> Arc<SharedFleet> {
        match &self.scope {
            None => self.live.clone(),
            Some(scope) => self.narrowed.of(scope, &self.live),
        }
    }

    /// Whether that is all of it.
    pub(super) const fn is_whole(&self) -> bool {
        self.scope.is_none()
    }

    /// What sets apart what is made for this sight from what is made for others; empty for the whole.
    pub(super) fn key(&self) -> String {
        self.scope.as_ref().map_or_else(String::new, |scope| {
            serde_json::to_string(&**scope).expect("a scope is plain data and always serializes")
        })
    }

    /// A command as the caller is shown it; `None` when none of its targets is.
    pub(super) fn command(&self, command: Command) -> Option<Command> {
        command_for(self.scope.as_deref(), &self.looked_at(), command)
    }

    /// An event as the caller is shown it; `None` when it is not.
    pub(super) fn event(&self, event: &Arc<Event>) -> Option<Arc<Event>> {
        if account_of(event).is_some_and(|of| self.account.as_deref().is_some_and(|own| own != of)) {
            return None;
        }
        if self.is_whole() {
            return Some(event.clone());
        }
        event_for(self.scope.as_deref(), &self.looked_at(), event)
    }

    /// Whether the caller is shown the node of this name.
    pub(super) fn shows(&self, name: &str) -> bool {
        self.scope.as_ref().is_none_or(|scope| {
            let fleet = self.looked_at();
            let site = fleet.agent(name).ok().map(|agent| agent.site.as_str());
            scope.holds_node(Node { name, site })
        })
    }

    fn looked_at(&self) -> std::sync::RwLockReadGuard<'_, Fleet> {
        self.live.read()
    }
}
