//! [`Outbox`]: what was said and is not acknowledged, in memory and bounded.

use std::collections::VecDeque;

use tokio::time::Instant;
use tokio_tungstenite::tungstenite::Utf8Bytes;

use super::tally::FrameKind;
use crate::proto::link::AgentFrame;

/// The most frames that wait.
const CAPACITY: usize = 256;
/// The most frames that are on their way at a time.
const WINDOW: usize = 64;

struct Waiting {
    sequence: u64,
    kind: FrameKind,
    text: Utf8Bytes,
    said: Option<Instant>,
}

/// A frame to send now.
pub(super) struct Outgoing {
    /// Its kind.
    pub(super) kind: FrameKind,
    /// Its text.
    pub(super) text: Utf8Bytes,
    /// Whether it was sent on a link before this one.
    pub(super) again: bool,
}

/// Frames that must not be lost while the process lives.
#[derive(Default)]
pub(super) struct Outbox {
    last: u64,
    waiting: VecDeque<Waiting>,
    /// How many of them, from the front, were sent on this link.
    flying: usize,
}

impl Outbox {
    /// Numbers a frame and keeps it; `false` when there is no room. A command's result always has room.
    pub(super) fn push(&mut self, kind: FrameKind, frame: impl FnOnce(u64) -> AgentFrame) -> bool {
        if self.waiting.len() >= CAPACITY && kind != FrameKind::Result {
            return false;
        }
        let sequence = self.last + 1;
        let Ok(text) = serde_json::to_string(&frame(sequence)) else { return false };
        self.last = sequence;
        self.waiting.push_back(Waiting { sequence, kind, text: text.into(), said: None });
        true
    }

    /// The next frame that was not sent on this link, as far as the window allows.
    pub(super) fn next(&mut self) -> Option<Outgoing> {
        if self.flying >= WINDOW {
            return None;
        }
        let waiting = self.waiting.get_mut(self.flying)?;
        self.flying += 1;
        let again = waiting.said.replace(Instant::now()).is_some();
        Some(Outgoing { kind: waiting.kind, text: waiting.text.clone(), again })
    }

    /// Forgets everything up to a sequence; `landed` is told when each was sent.
    pub(super) fn acknowledge(&mut self, sequence: u64, mut landed: impl FnMut(Instant)) {
        while self.waiting.front().is_some_and(|waiting| waiting.sequence <= sequence) {
            if let Some(said) = self.waiting.pop_front().and_then(|waiting| waiting.said) {
                landed(said);
            }
            self.flying = self.flying.saturating_sub(1);
        }
        if self.waiting.capacity() > 2 * WINDOW && self.waiting.is_empty() {
            self.waiting.shrink_to(WINDOW);
        }
    }

    /// Takes up where the server stands when a link opens; whatever it has not committed is sent again.
    pub(super) fn resume(&mut self, acknowledged: u64) {
        self.acknowledge(acknowledged, |_| {});
        self.last = self.last.max(acknowledged);
        self.flying = 0;
    }

    /// How many frames wait.
    pub(super) fn len(&self) -> usize {
        self.waiting.len()
    }
}

#[cfg(test)]
mod tests;
