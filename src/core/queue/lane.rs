//! [`Lane`]: what is open on one node.

use std::collections::BTreeSet;

use super::FAIR_TURN;
use crate::{id::ExecutionId, proto::command::Priority};

/// What is open on one node. Ids rise with time, so that the least is the oldest.
#[derive(Default)]
pub(super) struct Lane {
    /// The link that it has now.
    pub(super) link: Option<u64>,
    pub(super) open: BTreeSet<ExecutionId>,
    /// What may be sent, by priority.
    pub(super) ready: [BTreeSet<ExecutionId>; Priority::ALL.len()],
    /// What began before this link, to be said again.
    pub(super) resend: BTreeSet<ExecutionId>,
    /// What is to be stopped.
    pub(super) cancels: BTreeSet<ExecutionId>,
    /// Sent or started.
    pub(super) underway: usize,
    /// What the limit of the whole server holds back, and its rank.
    pub(super) stalled: Option<(u32, ExecutionId)>,
    turn: u8,
}

impl Lane {
    /// Lets an execution wait for the node; `true` when a link is to be nudged.
    pub(super) fn ready(&mut self, priority: Priority, id: ExecutionId) -> bool {
        self.ready[priority.rank() as usize].insert(id);
        self.link.is_some()
    }

    /// Whether its link would take something, with so many underway at most.
    pub(super) fn may_take(&self, most: usize) -> bool {
        self.link.is_some() && self.underway < most && self.next().is_some()
    }

    /// What goes next, and its rank.
    pub(super) fn next(&self) -> Option<(u32, ExecutionId)> {
        let mut firsts = (0..).zip(&self.ready).filter_map(|(rank, line)| Some((rank, *line.first()?)));
        if self.turn + 1 == FAIR_TURN { firsts.min_by_key(|(_, id)| *id) } else { firsts.next() }
    }

    /// Takes out what goes next.
    pub(super) fn take(&mut self, id: ExecutionId) {
        self.ready.iter_mut().any(|line| line.remove(&id));
        self.turn = (self.turn + 1) % FAIR_TURN;
    }

    /// Takes an execution out of every line.
    pub(super) fn forget(&mut self, id: ExecutionId) {
        self.ready.iter_mut().any(|line| line.remove(&id));
        self.resend.remove(&id);
        self.cancels.remove(&id);
    }
}
