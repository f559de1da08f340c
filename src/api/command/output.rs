//! What a command printed, as it comes.
//!
//! Pieces are read from the store, where they are before anybody hears of them, a quarter of a megabyte at a time and as fast
//! as the caller reads; who came late or was away begins wherever it wants.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    io,
    sync::Arc,
    time::Duration,
};

use axum::body::{Body, Bytes};
use base64::{Engine, engine::general_purpose::STANDARD};
use futures_util::stream;
use serde::Serialize;
use serde_json::Value;
use tokio::{
    sync::{broadcast, watch},
    time::{Instant, Interval, MissedTickBehavior, interval_at, sleep_until},
};

use crate::{
    api::{
        app::App,
        call::{Answer, Call},
        clock,
        sight::Sight,
        standing::Standing,
        ws::feed::sequence_of,
    },
    core::{
        command::{aggregate, has_ended},
        error::Error,
        queue::Target,
    },
    id::{AgentId, CommandId, ExecutionId},
    proto::{
        command::{Command, CommandStatus, Execution, GetCommandOutput, OutputSize},
        endpoint::NDJSON,
        event::{Event, EventKind},
        output::{OutputItem, Piece},
    },
};

/// Bytes of pieces that are read together.
const READ_BYTES: usize = 256 * 1024;
/// How long the rest of an output is waited for once its execution ended.
const LATE: Duration = Duration::from_secs(10);
/// How often an idle stream says that it stands.
const SIGN_OF_LIFE: Duration = Duration::from_secs(15);

pub(in crate::api) async fn get(call: Call<GetCommandOutput>) -> Result<Answer<GetCommandOutput>, Error> {
    let (app, request) = (&call.app, &call.request);
    let only = request.agent.as_deref().map(|agent| super::list::target(&call.sight, agent)).transpose()?;
    let begin = Instant::now();
    let mut telling = Telling {
        changes: app.feed.changes(),
        seen: app.feed.last(),
        printed: app.printed.subscribe(),
        standing: Standing::new(app, call.credentials.clone()),
        app: app.clone(),
        sight: call.sight.clone(),
        command: request.id,
        only,
        from: request.from.unwrap_or_default(),
        follow: request.follow.unwrap_or(true),
        tellers: BTreeMap::new(),
        unread: BTreeSet::new(),
        ready: VecDeque::new(),
        idle: interval_at(begin + SIGN_OF_LIFE, SIGN_OF_LIFE),
        over: false,
    };
    telling.idle.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let command = super::read(app, &call.sight, request.id).await?;
    telling.take_all(command);
    let pieces = stream::unfold(telling, |mut telling| async move {
        let piece = telling.next().await?;
        Some((piece, telling))
    });
    Ok(Answer::streamed(NDJSON, Body::from_stream(pieces)))
}

/// The output of a command that is being told.
struct Telling {
    app: Arc<App>,
    /// Of which of its targets the caller is shown something.
    sight: Sight,
    command: CommandId,
    only: Option<AgentId>,
    from: u64,
    follow: bool,
    tellers: BTreeMap<ExecutionId, Teller>,
    /// Executions of which there may be more to read.
    unread: BTreeSet<ExecutionId>,
    ready: VecDeque<Bytes>,
    changes: watch::Receiver<u64>,
    /// The last event that was looked at.
    seen: u64,
    printed: broadcast::Receiver<ExecutionId>,
    standing: Standing,
    idle: Interval,
    over: bool,
}

/// How far an execution is told.
struct Teller {
    agent: AgentId,
    node: String,
    attempt: u32,
    status: CommandStatus,
    began: Option<jiff::Timestamp>,
    /// Where the next piece begins.
    offset: u64,
    /// How it ended, to be told after its output; how much that is; and until when the rest of it is waited for.
    end: Option<End>,
    is_done: bool,
}

struct End {
    item: OutputItem,
    output: OutputSize,
    until: Instant,
}

impl Telling {
    /// The next lines; `None` at the end. An error breaks the connection, so that nobody takes it for the end.
    async fn next(&mut self) -> Option<io::Result<Bytes>> {
        let app = self.app.clone();
        loop {
            if let Some(bytes) = self.ready.pop_front() {
                return Some(Ok(bytes));
            }
            if self.over {
                return None;
            }
            if app.shutdown.is_cancelled() {
                return Some(Err(io::Error::other("the server stops")));
            }
            // Asked before each piece: there may be more to read for as long as its reader takes.
            if !self.standing.hold().await {
                return Some(Err(io::Error::other("the credentials no longer hold")));
            }
            if let Some(id) = self.unread.pop_first() {
                if let Err(error) = self.read(id).await {
                    return Some(Err(io::Error::other(error.to_string())));
                }
                continue;
            }
            if !self.follow || self.tellers.values().all(|teller| teller.is_done) {
                self.finish();
                continue;
            }
            let late =
                self.tellers.values().filter_map(|teller| teller.end.as_ref()).map(|end| end.until).min();
            let late = async {
                match late {
                    Some(until) => sleep_until(until).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                biased;
                () = app.shutdown.cancelled() => return Some(Err(io::Error::other("the server stops"))),
                () = self.standing.lost() => return Some(Err(io::Error::other("the credentials no longer hold"))),
                printed = self.printed.recv() => match printed {
                    Ok(id) => {
                        if self.tellers.contains_key(&id) {
                            self.unread.insert(id);
                        }
                    }
                    Err(_) => self.look_at_all(),
                },
                changed = self.changes.changed() => {
                    if changed.is_err() {
                        return None;
                    }
                    if let Err(error) = self.hear().await {
                        return Some(Err(io::Error::other(error.to_string())));
                    }
                }
                () = late => self.look_at_all(),
                _ = self.idle.tick() => return Some(Ok(Bytes::from_static(b"\n"))),
            }
        }
    }

    fn look_at_all(&mut self) {
        self.unread.extend(self.tellers.iter().filter(|(_, teller)| !teller.is_done).map(|(id, _)| *id));
    }

    /// Takes the command as the store has it.
    fn take_all(&mut self, command: Command) {
        for execution in command.executions {
            if self.only.is_some_and(|only| only != execution.agent) {
                continue;
            }
            let known = self.tellers.entry(execution.id).or_insert_with(|| Teller {
                agent: execution.agent,
                node: execution.node.clone(),
                attempt: execution.attempt,
                status: CommandStatus::Queued,
                began: execution.started_at,
                offset: self.from,
                end: None,
                is_done: false,
            });
            if known.is_done || known.end.is_some() {
                continue;
            }
            known.began = known.began.or(execution.started_at);
            if has_ended(execution.status) {
                let output = execution.output.unwrap_or_default();
                known.status = execution.status;
                known.end = Some(End { item: ended(&execution), output, until: Instant::now() + LATE });
            } else {
                known.status = execution.status;
                let waits_for = self.app.queue.lock().waits_for(execution.id, clock::now());
                let item = status(known, execution.id, waits_for);
                self.ready.push_back(line(&item));
            }
            self.unread.insert(execution.id);
        }
    }

    /// Takes the events since the last look.
    async fn hear(&mut self) -> Result<(), Error> {
        let last = *self.changes.borrow_and_update();
        let Some(events) = self.app.feed.after(self.seen, usize::MAX) else {
            // Memory does not reach back so far.
            self.seen = last;
            let command = super::read(&self.app, &self.sight, self.command).await?;
            self.take_all(command);
            return Ok(());
        };
        self.seen = events.last().map_or(last, |event| sequence_of(event));
        let correlation = self.command.to_string();
        for event in events {
            if event.correlationid.as_deref() == Some(&*correlation) {
                self.take(&event);
            }
        }
        Ok(())
    }

    fn take(&mut self, event: &Event) {
        let named = || event.data.get("execution_id")?.as_str()?.parse::<ExecutionId>().ok();
        match event.kind {
            EventKind::CommandRetried => {
                use serde::Deserialize;
                let target = event.data.get("target").and_then(|target| Target::deserialize(target).ok());
                let is_told = |target: &Target| {
                    self.only.is_none_or(|only| only == target.agent) && self.sight.shows(&target.node)
                };
                let Some(target) = target.filter(is_told) else {
                    return;
                };
                let teller = Teller {
                    agent: target.agent,
                    node: target.node,
                    attempt: target.attempt,
                    status: CommandStatus::Queued,
                    began: None,
                    offset: 0,
                    end: None,
                    is_done: false,
                };
                let waits_for = self.app.queue.lock().waits_for(target.execution, clock::now());
                self.ready.push_back(line(&status(&teller, target.execution, waits_for)));
                self.tellers.entry(target.execution).or_insert(teller);
            }
            EventKind::CommandStarted => {
                let Some((id, teller)) = named().and_then(|id| Some((id, self.tellers.get_mut(&id)?))) else {
                    return;
                };
                if teller.status == CommandStatus::Queued {
                    (teller.status, teller.began) = (CommandStatus::Started, Some(event.time));
                    self.ready.push_back(line(&status(teller, id, None)));
                }
            }
            EventKind::CommandEnded => {
                let Some((id, teller)) = named().and_then(|id| Some((id, self.tellers.get_mut(&id)?))) else {
                    return;
                };
                if teller.is_done {
                    return;
                }
                let word = event.data.get("status").cloned().unwrap_or_default();
                teller.status = serde_json::from_value(word).unwrap_or(CommandStatus::Unknown);
                let output = event.data.get("output").cloned().unwrap_or_default();
                let output = serde_json::from_value(output).unwrap_or_default();
                let took = teller.began.map(|began| began.duration_until(event.time).as_millis());
                let item = OutputItem::Status {
                    node: teller.node.clone(),
                    execution: id,
                    attempt: teller.attempt,
                    status: teller.status,
                    waits_for: None,
                    result: event.data.get("result").filter(|result| !result.is_null()).cloned(),
                    error_message: event.data.get("error_message").and_then(Value::as_str).map(str::to_owned),
                    took_ms: took.and_then(|took| u64::try_from(took).ok()),
                };
                teller.end = Some(End { item, output, until: Instant::now() + LATE });
                self.unread.insert(id);
            }
            _ => {}
        }
    }

    /// Reads what there is of an execution's output beyond what was told.
    async fn read(&mut self, id: ExecutionId) -> Result<(), Error> {
        let Some(teller) = self.tellers.get_mut(&id).filter(|teller| !teller.is_done) else { return Ok(()) };
        let pieces = self.app.outputs.read(id, teller.offset, READ_BYTES).await?;
        if !pieces.is_empty() {
            self.idle.reset();
            let mut text = Vec::new();
            for piece in pieces {
                if piece.offset > teller.offset {
                    write(&mut text, &gap(teller, id, piece.offset));
                }
                teller.offset = piece.offset + piece.bytes.len() as u64;
                write(&mut text, &shown(teller, id, piece));
            }
            self.ready.push_back(text.into());
            self.unread.insert(id);
            return Ok(());
        }
        // Nothing more for now; with its end known, that is all of it, or the rest is late.
        let Some(end) = &teller.end else { return Ok(()) };
        if teller.offset < end.output.bytes && self.follow && end.until > Instant::now() {
            return Ok(());
        }
        if teller.offset < end.output.bytes {
            let missing = gap(teller, id, end.output.bytes);
            self.ready.push_back(line(&missing));
        }
        if let Some(end) = teller.end.take() {
            self.ready.push_back(line(&end.item));
        }
        teller.is_done = true;
        Ok(())
    }

    /// Says how the command stands, and ends the stream.
    fn finish(&mut self) {
        self.over = true;
        let mut last: BTreeMap<AgentId, (u32, CommandStatus)> = BTreeMap::new();
        for teller in self.tellers.values() {
            let known = last.entry(teller.agent).or_insert((teller.attempt, teller.status));
            if teller.attempt >= known.0 {
                *known = (teller.attempt, teller.status);
            }
        }
        let statuses: Vec<_> = last.into_values().map(|(_, status)| status).collect();
        self.ready.push_back(line(&OutputItem::Ended { status: aggregate(&statuses) }));
    }
}

fn status(teller: &Teller, execution: ExecutionId, waits_for: Option<String>) -> OutputItem {
    OutputItem::Status {
        node: teller.node.clone(),
        execution,
        attempt: teller.attempt,
        status: teller.status,
        waits_for,
        result: None,
        error_message: None,
        took_ms: None,
    }
}

fn ended(execution: &Execution) -> OutputItem {
    let took = execution.started_at.zip(execution.ended_at).map(|(began, ended)| began.duration_until(ended));
    OutputItem::Status {
        node: execution.node.clone(),
        execution: execution.id,
        attempt: execution.attempt,
        status: execution.status,
        waits_for: None,
        result: execution.result.clone(),
        error_message: execution.error_message.clone(),
        took_ms: took.and_then(|took| u64::try_from(took.as_millis()).ok()),
    }
}

fn gap(teller: &Teller, execution: ExecutionId, end: u64) -> OutputItem {
    OutputItem::Gap {
        node: teller.node.clone(),
        execution,
        offset: teller.offset,
        bytes: end.saturating_sub(teller.offset),
    }
}

fn shown(teller: &Teller, execution: ExecutionId, piece: Piece) -> OutputItem {
    let (text, base64) = match String::from_utf8(piece.bytes) {
        Ok(text) => (Some(text), None),
        Err(other) => (None, Some(STANDARD.encode(other.as_bytes()))),
    };
    OutputItem::Output {
        node: teller.node.clone(),
        execution,
        stream: piece.stream,
        offset: piece.offset,
        time: piece.time,
        text,
        base64,
    }
}

fn line(item: &impl Serialize) -> Bytes {
    let mut bytes = Vec::new();
    write(&mut bytes, item);
    bytes.into()
}

fn write(bytes: &mut Vec<u8>, item: &impl Serialize) {
    serde_json::to_writer(&mut *bytes, item).expect("items are plain data and always serialize");
    bytes.push(b'\n');
}
