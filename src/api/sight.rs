//! [`Sight`]: what of the fleet a caller is shown. Whoever has no scope is shown the fleet itself; for a key with one there is
//! a fleet that holds its nodes alone, so that no count, name, filter, order or refusal can tell of another.

mod narrowed;

use std::sync::Arc;

pub use self::narrowed::Narrowed;
use super::app::App;
use crate::{
    core::{
        access::{Caller, Node, account_of, command_for, event_for},
        fleet::{Fleet, SharedFleet},
    },
    proto::{auth::Scope, command::Command, event::Event, user::Role},
};

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

    /// The fleet as the caller is shown it now; for a scope, when its agents were heard of and what they measured may be told
    /// [a moment late](narrowed::MOMENT).
    pub(super) fn fleet(&self) -> Arc<SharedFleet> {
        match &self.scope {
            None => self.live.clone(),
            Some(scope) => self.narrowed.lately(scope, &self.live),
        }
    }

    /// The same with nothing late, for those who look when something changed and rest in between.
    pub(super) fn fleet_now(&self) -> Arc<SharedFleet> {
        match &self.scope {
            None => self.live.clone(),
            Some(scope) => self.narrowed.now(scope, &self.live),
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
