//! [`Busy`]: a request on its way, from its head to the end of its answer, and whose turn it is.
//!
//! A connection of HTTP/2 carries many requests, so that each says for itself whether the server is at work on it. One
//! whose body has not come waits for its sender, and one whose answer is not taken waits for its reader: neither holds a
//! place against somebody who has none.

use std::sync::{
    Arc,
    atomic::{AtomicU8, Ordering::Relaxed},
};

use super::Slot;

/// Its body has not come.
const COMES: u8 = 0;
/// The server is at work on it.
const AT_WORK: u8 = 1;
/// A part of its answer, or all of it, waits until the peer takes it.
const OFFERED: u8 = 2;

/// A request on its way.
#[derive(Debug)]
pub struct Busy {
    slot: Arc<Slot>,
    turn: AtomicU8,
}

impl Busy {
    /// A request whose head has come.
    pub(super) fn new(slot: Arc<Slot>) -> Self {
        slot.state.requests.fetch_add(1, Relaxed);
        Self { slot, turn: AtomicU8::new(COMES) }
    }

    /// It has come whole, or the peer took what was offered: the server is at work on it.
    pub fn works(&self) {
        self.turns(AT_WORK);
    }

    /// It is that of somebody known, who may take the time that a body takes.
    pub fn works_for_known(&self) {
        self.slot.is_known();
        self.works();
    }

    /// An answer, or the next part of it, is there for the peer to take.
    pub fn offers(&self) {
        self.turns(OFFERED);
    }

    fn turns(&self, turn: u8) {
        let before = self.turn.swap(turn, Relaxed);
        if before == turn {
            return;
        }
        let (state, now) = (&self.slot.state, self.slot.all.millis());
        match turn {
            AT_WORK => _ = state.at_work.fetch_add(1, Relaxed),
            OFFERED => _ = state.offered.fetch_add(1, Relaxed),
            _ => {}
        }
        match before {
            AT_WORK => {
                state.idle.store(now, Relaxed);
                state.at_work.fetch_sub(1, Relaxed);
            }
            OFFERED => _ = state.offered.fetch_sub(1, Relaxed),
            _ => {}
        }
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.turns(COMES);
        let Slot { all, id, peer, entrance, state } = &*self.slot;
        state.idle.store(all.millis(), Relaxed);
        let was_last = state.requests.fetch_sub(1, Relaxed) == 1;
        if was_last && !state.is_upgraded.load(Relaxed) {
            all.open().at(*entrance).move_to(*id, *peer);
        }
    }
}
