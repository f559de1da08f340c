//! [`Kept`]: pages that were made, each with the versions of what it was made of.
//!
//! A page is served again, without a copy, until one of them changes; all together weigh [`KEPT_BYTES`] at most. When
//! agents were last heard of changes all the time: a list shows it [`HEARD_AFTER`] late at most, so that a fleet's
//! heartbeats do not cost a list each.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use super::super::{app::App, fixed::Fixed};
use crate::core::selector::Needs;

/// What kept pages may weigh together.
const KEPT_BYTES: usize = 16 * 1024 * 1024;
/// How many may be kept.
const KEPT_PAGES: usize = 1024;
/// How late a list may show when agents were last heard of.
const HEARD_AFTER: Duration = Duration::from_secs(10);

/// The pages.
#[derive(Default)]
pub(in crate::api) struct Kept(Mutex<Pages>);

/// What a page was made of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Stamp {
    agents: u64,
    containers: u64,
    images: u64,
    telemetry: u64,
    links: u64,
}

/// The stamp of now, and how often agents were heard of.
#[derive(Clone, Copy, Debug)]
pub(in crate::api) struct State {
    stamp: Stamp,
    heard: u64,
}

#[derive(Default)]
struct Pages {
    pages: HashMap<String, KeptPage>,
    bytes: usize,
    uses: u64,
}

struct KeptPage {
    page: Arc<Fixed>,
    state: State,
    made: Instant,
    bytes: usize,
    used: u64,
}

impl State {
    /// Of what such a page would be made now; `None` when it holds for this moment only.
    pub(in crate::api) fn of(app: &App, needs: Needs) -> Option<Self> {
        if needs.include(Needs::CLOCK) {
            return None;
        }
        // The links first: whoever enters them later changes the fleet later.
        let links = app.hub.changes();
        let versions = app.fleet.read().versions();
        let of = |need, version| if needs.include(need) { version } else { 0 };
        let stamp = Stamp {
            agents: versions.agents,
            containers: of(Needs::CONTAINERS, versions.containers),
            images: of(Needs::IMAGES, versions.images),
            telemetry: of(Needs::TELEMETRY, versions.telemetry),
            links: of(Needs::LINK, links),
        };
        Some(Self { stamp, heard: of(Needs::HEARD, versions.heard) })
    }
}

impl Kept {
    /// What was made for this key, while nothing changed that it was made of.
    pub(in crate::api) fn recall(&self, key: &str, state: State) -> Option<Arc<Fixed>> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.uses += 1;
        let uses = kept.uses;
        let entry = kept.pages.get_mut(key)?;
        let holds = entry.state.stamp == state.stamp
            && (entry.state.heard == state.heard || entry.made.elapsed() < HEARD_AFTER);
        entry.used = uses;
        holds.then(|| entry.page.clone())
    }

    /// Keeps what was made, and lets go of what was not asked for the longest.
    pub(in crate::api) fn keep(&self, key: String, state: State, page: &Arc<Fixed>) {
        let bytes = page.weight() + key.len();
        if bytes > KEPT_BYTES / 4 {
            return;
        }
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let used = kept.uses;
        let entry = KeptPage { page: page.clone(), state, made: Instant::now(), bytes, used };
        kept.bytes += bytes;
        if let Some(old) = kept.pages.insert(key, entry) {
            kept.bytes -= old.bytes;
        }
        while kept.bytes > KEPT_BYTES || kept.pages.len() > KEPT_PAGES {
            let oldest = kept.pages.iter().min_by_key(|(_, entry)| entry.used).map(|(key, _)| key.clone());
            let Some(gone) = oldest.and_then(|key| kept.pages.remove(&key)) else { return };
            kept.bytes -= gone.bytes;
        }
    }
}

#[cfg(test)]
mod tests;
