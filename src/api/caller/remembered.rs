//! [`Remembered`]: what the store said of somebody, until it may say something else.

use std::{
    collections::HashMap,
    hash::Hash,
    sync::{Mutex, MutexGuard, PoisonError},
};

use jiff::Timestamp;

/// How many are remembered.
pub(super) const MOST: usize = 1024;

/// What is known, each until a moment, and all until somebody changes.
pub(in crate::api) struct Remembered<K, V>(Mutex<Known<K, V>>);

struct Known<K, V> {
    /// How often everything was forgotten.
    forgotten: u64,
    values: HashMap<K, (V, Timestamp)>,
}

impl<K, V> Default for Remembered<K, V> {
    fn default() -> Self {
        Self(Mutex::new(Known { forgotten: 0, values: HashMap::new() }))
    }
}

impl<K: Eq + Hash, V: Clone> Remembered<K, V> {
    fn known(&self) -> MutexGuard<'_, Known<K, V>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is known and still holds, and how often everything was forgotten.
    pub(in crate::api) fn recall(&self, key: &K, now: Timestamp) -> (Option<V>, u64) {
        let known = self.known();
        let value = known.values.get(key).filter(|(_, until)| *until > now).map(|(value, _)| value.clone());
        (value, known.forgotten)
    }

    /// Remembers what the store said, unless everything was forgotten since it was asked.
    pub(in crate::api) fn remember(&self, key: K, value: &V, until: Timestamp, forgotten: u64) {
        let mut known = self.known();
        if known.forgotten != forgotten {
            return;
        }
        if known.values.len() >= MOST {
            known.values.clear();
        }
        known.values.insert(key, (value.clone(), until));
    }

    /// Forgets everything.
    pub(super) fn forget(&self) {
        let mut known = self.known();
        known.forgotten += 1;
        known.values.clear();
    }

    #[cfg(test)]
    pub(super) fn count(&self) -> usize {
        self.known().values.len()
    }
}
