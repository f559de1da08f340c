//! What is ordered: whether it begins, how it goes on, and how its end is told, also a second time.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::time::Instant;
use tokio_tungstenite::tungstenite::{Bytes, protocol::frame::coding::Data};

use super::{End, Link};
use crate::{
    core::{
        output::{Body, Frame},
        verb::built_in,
    },
    id::ExecutionId,
    proto::{
        command::{CommandStatus, OutputSize},
        envelope::CommandOrder,
        link::{AgentFrame, Cancel, CommandResult, Sequenced},
        output::{Kept, LogStream, Piece},
        verb::Effect,
    },
    sim::{
        agent::{Printing, Running},
        link::say_bytes,
        order::Act,
        tally::{FrameKind, count},
    },
};

/// The most orders that are obeyed at a time.
const AT_A_TIME: usize = 64;
/// How many executions are remembered after their end.
const REMEMBERED: usize = 64;
/// How long it takes to change a container, milliseconds.
const OBEYING_MS: (u64, u64) = (20, 400);
/// What takes so long is told to have started; what is faster is told by its end alone.
const WORTH_TELLING: Duration = Duration::from_millis(20);
/// What is printed at a time; the next follows once it is kept.
const PIECE_BYTES: u64 = 32 * 1024;
/// What simulated programs print, over and over.
const PRINTED: &[u8] = b"a simulated program says so\n";

impl Link<'_> {
    /// Begins what an order asks, unless it is known: then its end is told again, or comes.
    pub(super) async fn begin(&mut self, order: CommandOrder, act: Act) -> Result<(), End> {
        let agent = &*self.agent;
        if let Some(told) = agent.done.iter().find(|result| result.execution_id == Some(order.execution)) {
            let again = told.clone();
            self.tell_result(again);
            return Ok(());
        }
        let is_meant = |running: &CommandOrder| running.execution == order.execution;
        if agent.running.iter().any(|running| is_meant(&running.order))
            || agent.printing.iter().any(|printing| is_meant(&printing.order))
        {
            return Ok(());
        }
        if order.has_begun && built_in(&order.verb).is_none_or(|verb| verb.effect == Effect::Acts) {
            let why = "a simulated agent knows nothing of it; it may have taken effect";
            self.end(&order, None, CommandStatus::Unknown, Err(why.to_owned()));
            return Ok(());
        }
        if agent.running.len() + agent.printing.len() >= AT_A_TIME {
            count(&self.world.tally.refused);
            self.end(&order, None, CommandStatus::Refused, Err("it obeys enough orders".to_owned()));
            return Ok(());
        }
        let takes = match act {
            Act::Program => self.world.plan.exec_time,
            Act::Container(_) => {
                let (from, to) = OBEYING_MS;
                Duration::from_millis(from + self.agent.random.below(to - from))
            }
        };
        let running =
            Running { due: Instant::now() + takes, began: Timestamp::now(), order: Box::new(order), act };
        if takes.is_zero() {
            return self.obey(running).await;
        }
        if takes >= WORTH_TELLING {
            let mut result = blank(&running.order, CommandStatus::Started);
            result.time = Some(running.began);
            self.tell_result(result);
        }
        self.agent.running.push(running);
        Ok(())
    }

    /// Does what was ordered, and tells what came of it.
    pub(super) async fn obey(&mut self, Running { order, act, began, .. }: Running) -> Result<(), End> {
        if self.agent.random.unit() < self.world.plan.failures {
            let why = "the simulation lets this order fail".to_owned();
            self.end(&order, Some(began), CommandStatus::Failed, Err(why));
            return Ok(());
        }
        match act {
            Act::Program => {
                let bytes = u64::from(self.world.plan.output_bytes.min(order.output_bytes));
                let printing = Printing { order, began, kept: 0, bytes };
                if bytes == 0 {
                    self.exited(&printing);
                    return Ok(());
                }
                let piece = piece(&printing);
                self.agent.printing.push(printing);
                self.print(piece).await
            }
            Act::Container(deed) => {
                match self.agent.host.act(&self.agent.name, &deed, Timestamp::now()) {
                    Ok((given, happened)) => {
                        happened.into_iter().for_each(|happening| self.tell(happening, Some(&order)));
                        self.end(&order, Some(began), CommandStatus::Succeeded, Ok(given));
                    }
                    Err(why) => self.end(&order, Some(began), CommandStatus::Failed, Err(why)),
                }
                Ok(())
            }
        }
    }

    /// Says again, on a new link, what was printed and is not known to be kept.
    pub(super) async fn print_again(&mut self) -> Result<(), End> {
        let pieces: Vec<_> = self.agent.printing.iter().map(piece).collect();
        for piece in pieces {
            self.print(piece).await?;
        }
        Ok(())
    }

    /// Output is kept: the next piece follows, or the end.
    pub(super) async fn kept(&mut self, Kept { execution_id, offset }: Kept) -> Result<(), End> {
        let printing = &mut self.agent.printing;
        let is_meant = |printing: &Printing| printing.order.execution == execution_id;
        let Some(place) = printing.iter().position(is_meant) else { return Ok(()) };
        if offset <= printing[place].kept {
            return Ok(());
        }
        printing[place].kept = offset;
        if offset < printing[place].bytes {
            let piece = piece(&printing[place]);
            return self.print(piece).await;
        }
        let over = printing.swap_remove(place);
        self.exited(&over);
        Ok(())
    }

    async fn print(&mut self, piece: Frame) -> Result<(), End> {
        let bytes = (Data::Binary, Bytes::from(piece.encode().0));
        say_bytes(&mut self.socket, self.world, FrameKind::Output, bytes).await
    }

    /// Stops what is meant. An execution that is named and did not come never begins when it comes.
    pub(super) fn cancel(&mut self, cancel: Cancel) {
        self.questions.cancel(cancel.command_id);
        let is_meant = |order: &CommandOrder| {
            cancel.execution_id.map_or(order.command == cancel.command_id, |meant| meant == order.execution)
        };
        let mut stopped = Vec::new();
        self.agent.running.retain(|running| {
            let goes_on = !is_meant(&running.order);
            if !goes_on {
                stopped.push((running.order.clone(), running.began));
            }
            goes_on
        });
        self.agent.printing.retain(|printing| {
            let goes_on = !is_meant(&printing.order);
            if !goes_on {
                stopped.push((printing.order.clone(), printing.began));
            }
            goes_on
        });
        match cancel.execution_id {
            Some(execution) if stopped.is_empty() => self.forestall(cancel, execution),
            _ => {
                for (order, began) in stopped {
                    let why = "somebody stopped it".to_owned();
                    self.end(&order, Some(began), CommandStatus::Cancelled, Err(why));
                }
            }
        }
    }

    /// Answers for an execution that does not run: as it ended, or that it never will begin.
    fn forestall(&mut self, cancel: Cancel, execution: ExecutionId) {
        let told = self.agent.done.iter().find(|result| result.execution_id == Some(execution));
        if let Some(again) = told.cloned() {
            return self.tell_result(again);
        }
        let result = CommandResult {
            command_id: cancel.command_id,
            execution_id: Some(execution),
            status: CommandStatus::Cancelled,
            result: None,
            error_message: Some("somebody stopped it before it began".to_owned()),
            time: Some(Timestamp::now()),
            started_at: None,
            not_begun: true,
            output: None,
        };
        self.remember(&result);
        self.tell_result(result);
    }

    /// A program ended by itself.
    fn exited(&mut self, over: &Printing) {
        let mut result = blank(&over.order, CommandStatus::Succeeded);
        result.result = Some(json!({ "exit_code": 0 }));
        result.started_at = Some(over.began);
        result.output = (over.bytes > 0).then_some(OutputSize { bytes: over.bytes, kept: over.kept });
        count(&self.world.tally.succeeded);
        self.remember(&result);
        self.tell_result(result);
    }

    /// Tells how an execution ended, and when it began if it did.
    pub(super) fn end(
        &mut self,
        order: &CommandOrder,
        began: Option<Timestamp>,
        status: CommandStatus,
        given: Result<Value, String>,
    ) {
        let tally = &self.world.tally;
        match status {
            CommandStatus::Succeeded => count(&tally.succeeded),
            CommandStatus::Failed | CommandStatus::Cancelled => count(&tally.failed),
            _ => {}
        }
        let mut result = blank(order, status);
        match given {
            Ok(given) => result.result = Some(given),
            Err(why) => result.error_message = Some(why),
        }
        result.started_at = began;
        result.not_begun = began.is_none() && status != CommandStatus::Unknown;
        self.remember(&result);
        self.tell_result(result);
    }

    fn remember(&mut self, result: &CommandResult) {
        if self.agent.done.len() >= REMEMBERED {
            self.agent.done.pop_front();
        }
        self.agent.done.push_back(result.clone());
    }

    fn tell_result(&mut self, body: CommandResult) {
        self.agent.outbox.push(FrameKind::Result, |sequence| {
            AgentFrame::CommandResult(Sequenced { sequence: Some(sequence), body })
        });
    }
}

/// How an execution stands, with nothing else said.
fn blank(order: &CommandOrder, status: CommandStatus) -> CommandResult {
    CommandResult {
        command_id: order.command,
        execution_id: Some(order.execution),
        status,
        result: None,
        error_message: None,
        time: Some(Timestamp::now()),
        started_at: None,
        not_begun: false,
        output: None,
    }
}

/// The first piece that is not known to be kept; the same whenever it is said.
fn piece(printing: &Printing) -> Frame {
    let many = (printing.bytes - printing.kept).min(PIECE_BYTES);
    let bytes = (printing.kept..printing.kept + many).map(|at| PRINTED[(at % PRINTED.len() as u64) as usize]);
    Frame {
        execution: printing.order.execution,
        body: Body::Printed(Piece {
            stream: LogStream::Stdout,
            offset: printing.kept,
            time: printing.began,
            bytes: bytes.collect(),
        }),
    }
}
