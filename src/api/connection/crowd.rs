//! [`Crowd`]: connections that are counted together, and how many of them each household holds.

use std::{collections::HashMap, net::IpAddr, sync::Arc};

use super::State;

/// Connections that share room.
#[derive(Debug, Default)]
pub(super) struct Crowd {
    members: HashMap<u64, (IpAddr, Arc<State>)>,
    households: HashMap<IpAddr, usize>,
}

impl Crowd {
    /// How many they are.
    pub(super) fn len(&self) -> usize {
        self.members.len()
    }

    /// How many of them a household holds.
    pub(super) fn of(&self, household: IpAddr) -> usize {
        self.households.get(&household).copied().unwrap_or_default()
    }

    /// The household that a connection is counted as one of.
    pub(super) fn household(&self, id: u64) -> Option<IpAddr> {
        self.members.get(&id).map(|(household, _)| *household)
    }

    /// Every one of them.
    pub(super) fn members(&self) -> impl Iterator<Item = (u64, IpAddr, &State)> {
        self.members.iter().map(|(id, (household, state))| (*id, *household, &**state))
    }

    /// One more.
    pub(super) fn enter(&mut self, id: u64, household: IpAddr, state: Arc<State>) {
        self.members.insert(id, (household, state));
        *self.households.entry(household).or_default() += 1;
    }

    /// One less, when it was one of them.
    pub(super) fn leave(&mut self, id: u64) -> Option<Arc<State>> {
        let (household, state) = self.members.remove(&id)?;
        self.one_less(household);
        Some(state)
    }

    /// Counts a connection as another household's.
    pub(super) fn move_to(&mut self, id: u64, household: IpAddr) {
        let Some(entry) = self.members.get_mut(&id).filter(|(counted, _)| *counted != household) else {
            return;
        };
        let before = std::mem::replace(&mut entry.0, household);
        self.one_less(before);
        *self.households.entry(household).or_default() += 1;
    }

    fn one_less(&mut self, household: IpAddr) {
        if let Some(held) = self.households.get_mut(&household) {
            *held -= 1;
            if *held == 0 {
                self.households.remove(&household);
            }
        }
    }
}
