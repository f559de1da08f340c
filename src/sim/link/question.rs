//! [`Questions`]: what the server asks of a simulated engine, answered under credit. An answer is over when its link is;
//! of a log only the place is kept where its reader stands.

use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;
use tokio::time::Instant;

use crate::{
    core::output::{Body, Frame, WINDOW_BYTES},
    id::{CommandId, ExecutionId},
    proto::{
        envelope::CommandOrder,
        output::{Credit, Ended, Outcome},
    },
    sim::{
        host::Host,
        log::{Next, Reading},
        order::{About, Question},
        tally::{Tally, count},
    },
};

/// How many logs are read at a time.
const AT_A_TIME: usize = 64;
/// Lines are sent once they weigh so much, or when no other is there.
const PIECE_BYTES: usize = 16 * 1024;
/// What is left for the end of an answer, and for the line that fills a piece.
const RESERVE_BYTES: u32 = 4 * 1024;

/// The logs that are read over one link.
#[derive(Default)]
pub(super) struct Questions {
    open: Vec<Open>,
}

struct Open {
    execution: ExecutionId,
    command: CommandId,
    /// The container's number.
    container: u32,
    reading: Reading,
    /// Bytes that may be sent.
    credit: u32,
    /// When there is something to do; `None` until something happens.
    due: Option<Instant>,
}

/// Where an agent stands when it is asked.
pub(super) struct Asked<'a> {
    /// Its node.
    pub(super) host: &'a Host,
    /// Its name.
    pub(super) name: &'a str,
    /// Lines that a container writes per minute.
    pub(super) log_lines: f64,
    /// What was done.
    pub(super) tally: &'a Tally,
}

impl Questions {
    /// Takes a question up; returns the frames to send at once.
    pub(super) fn take(
        &mut self,
        order: &CommandOrder,
        question: &Question,
        asked: &Asked<'_>,
    ) -> Vec<Vec<u8>> {
        let (now, wanted) = (Timestamp::now(), &question.container);
        let told = match question.about {
            About::Log(_) if self.open.len() >= AT_A_TIME => {
                let detail = format!("{AT_A_TIME} logs are being read on this node; ask again shortly");
                Err(Ended { outcome: Outcome::Refused, detail: Some(detail) })
            }
            About::Log(span) => {
                asked.host.log(asked.name, wanted, asked.log_lines).map(|(container, log)| {
                    self.open.push(Open {
                        execution: order.execution,
                        command: order.command,
                        container,
                        reading: Reading::new(log, span, now),
                        credit: WINDOW_BYTES,
                        due: Some(Instant::now()),
                    });
                    None
                })
            }
            About::Stats => asked.host.stats(asked.name, wanted, now).and_then(|stats| document(&stats)),
            About::Everything => asked.host.inspect(asked.name, wanted).and_then(|known| document(&known)),
        };
        match told {
            Err(ended) => refusal(order, ended, asked.tally),
            Ok(document) => {
                count(&asked.tally.answered);
                let mut bodies = vec![Body::Begun(now)];
                bodies.extend(document.into_iter().flat_map(|document| [Body::Document(document), whole()]));
                bodies.into_iter().map(|body| frame(order.execution, body).0).collect()
            }
        }
    }

    /// Lets an answer go on. Credit for one that is over counts for nothing.
    pub(super) fn credit(&mut self, credit: Credit) {
        if let Some(open) = self.open.iter_mut().find(|open| open.execution == credit.execution_id) {
            open.credit = open.credit.saturating_add(credit.bytes).min(WINDOW_BYTES);
            open.due = Some(Instant::now());
        }
    }

    /// Ends an answer that nobody reads any more.
    pub(super) fn cancel(&mut self, command: CommandId) {
        self.open.retain(|open| open.command != command);
    }

    /// Something happened to a container: whoever follows a log looks whether it goes on.
    pub(super) fn wake(&mut self) {
        let now = Instant::now();
        self.open.iter_mut().for_each(|open| open.due = Some(now));
    }

    /// When the next answer goes on.
    pub(super) fn due(&self) -> Option<Instant> {
        self.open.iter().filter_map(|open| open.due).min()
    }

    /// Lets every answer whose time has come go on by one piece; returns the frames to send.
    pub(super) fn go_on(&mut self, host: &Host, tally: &Tally) -> Vec<Vec<u8>> {
        let (now, mut frames) = (Instant::now(), Vec::new());
        self.open.retain_mut(|open| {
            if open.due.is_none_or(|due| due > now) {
                return true;
            }
            let body = open.next(host, Timestamp::now(), tally);
            let over = matches!(body, Some(Body::Ended(_)));
            if let Some(body) = body {
                let (bytes, cost) = frame(open.execution, body);
                open.credit = open.credit.saturating_sub(cost);
                frames.push(bytes);
            }
            !over
        });
        if self.open.is_empty() {
            self.open = Vec::new();
        }
        frames
    }
}

impl Open {
    /// The next piece, when there is one and credit for it; notes when to look again.
    fn next(&mut self, host: &Host, now: Timestamp, tally: &Tally) -> Option<Body> {
        self.due = None;
        if self.credit < PIECE_BYTES as u32 + RESERVE_BYTES {
            return None;
        }
        if let Some(ended) = self.reading.follows().and_then(|began| host.ended(self.container, began, now)) {
            self.reading.close(ended);
        }
        match self.reading.next(now) {
            Next::Line => {
                let lines = self.reading.take(now, PIECE_BYTES);
                tally.told(lines.len());
                self.due = Some(Instant::now());
                Some(Body::Lines(lines))
            }
            Next::At(moment) => {
                let wait = Duration::try_from(now.duration_until(moment)).unwrap_or_default();
                // Nobody waits for a moment that no clock reaches.
                self.due = Instant::now().checked_add(wait);
                None
            }
            Next::Nothing => None,
            Next::Over => Some(whole()),
        }
    }
}

/// The frames that answer a question with a no.
pub(super) fn refusal(order: &CommandOrder, ended: Ended, tally: &Tally) -> Vec<Vec<u8>> {
    count(&tally.unanswered);
    vec![frame(order.execution, Body::Ended(ended)).0]
}

fn frame(execution: ExecutionId, body: Body) -> (Vec<u8>, u32) {
    Frame { execution, body }.encode()
}

const fn whole() -> Body {
    Body::Ended(Ended { outcome: Outcome::Whole, detail: None })
}

fn document(told: &impl Serialize) -> Result<Option<Vec<u8>>, Ended> {
    let broken = |error: serde_json::Error| Ended {
        outcome: Outcome::Broken,
        detail: Some(format!("the answer cannot be written: {error}")),
    };
    serde_json::to_vec(told).map(Some).map_err(broken)
}

#[cfg(test)]
mod tests;
