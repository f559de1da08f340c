//! What an execution waits for, in words.

use jiff::Timestamp;

use super::{Queue, Stage};
use crate::id::ExecutionId;

impl Queue {
    /// What an execution waits for; `None` when it does not wait.
    #[must_use]
    pub fn waits_for(&self, id: ExecutionId, now: Timestamp) -> Option<String> {
        let open = self.open.get(&id)?;
        let lane = self.lanes.get(&open.entry.agent)?;
        if open.entry.is_cancelled && open.entry.stage != Stage::Started {
            return Some("its node, which may have it, to say that it is stopped".into());
        }
        Some(match open.entry.stage {
            Stage::Started => return None,
            Stage::Held => format!("part {} of its rollout", open.entry.batch),
            Stage::Unripe(at) if open.entry.attempt > 1 => {
                format!("attempt {}, at {}", open.entry.attempt, at.round(jiff::Unit::Second).unwrap_or(at))
            }
            Stage::Unripe(at) => format!("its time, {at}"),
            Stage::Sent => "its node's answer".into(),
            Stage::Ready if lane.link.is_none() => match open.entry.due_at {
                Some(due) if due > now => format!("its node, which is not linked; it expires at {due}"),
                _ => "its node, which is not linked".into(),
            },
            Stage::Ready if lane.underway >= self.limits.per_agent => {
                format!("one of the {} others that its node runs", lane.underway)
            }
            Stage::Ready if self.underway >= self.limits.in_all => {
                format!("one of the {} others that run on all nodes", self.underway)
            }
            Stage::Ready => "its turn".into(),
        })
    }
}
