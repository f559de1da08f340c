//! [`Windows`]: what all windows share: the signal that the fleet changed, and what is made once for all.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use tokio::sync::watch;

use crate::{
    api::statistics::{in_words, tally},
    core::{fleet::SharedFleet, window::Standing},
};

/// What all windows share.
#[derive(Default)]
pub struct Windows {
    changes: watch::Sender<u64>,
    standing: Mutex<Arc<Standing>>,
    states: Mutex<Option<States>>,
}

/// Containers by state, and the version of the containers that they were counted at.
struct States {
    version: u64,
    counted: BTreeMap<String, u64>,
}

impl Windows {
    /// Wakes whoever watches: the fleet has changed.
    pub fn changed(&self) {
        self.changes.send_modify(|changes| *changes += 1);
    }

    /// Changes whenever the fleet does; its value counts how often.
    pub(super) fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    /// The agents in order, made anew only when one came or went.
    pub(super) fn standing(&self, fleet: &SharedFleet) -> Arc<Standing> {
        let mut standing = self.standing.lock().unwrap_or_else(PoisonError::into_inner);
        let fleet = fleet.read();
        if !standing.is_of(&fleet) {
            *standing = Arc::new(Standing::of(&fleet));
        }
        standing.clone()
    }

    /// The containers by state, counted anew only when one changed.
    pub(super) fn containers_by_state(&self, fleet: &SharedFleet) -> BTreeMap<String, u64> {
        let mut states = self.states.lock().unwrap_or_else(PoisonError::into_inner);
        let fleet = fleet.read();
        let version = fleet.versions().containers;
        if let Some(States { counted, .. }) = states.as_ref().filter(|states| states.version == version) {
            return counted.clone();
        }
        let counted = in_words(tally(fleet.containers().map(|container| container.facts.state)));
        drop(fleet);
        *states = Some(States { version, counted: counted.clone() });
        counted
    }
}
