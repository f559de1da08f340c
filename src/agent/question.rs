//! [`Questions`]: answers what the server asks of the container engine. Nothing changes by it, so nothing is journalled,
//! and an answer is over when its link is: every task here ends with the value that started it.

use std::{collections::HashMap, sync::Arc, time::Duration};

use futures_util::{Stream, StreamExt};
use jiff::Timestamp;
use tokio::{
    sync::{Semaphore, mpsc, watch},
    task::{AbortHandle, JoinSet},
    time::timeout,
};

use super::{cause::chain, order::Question, watcher::Presence};
use crate::{
    core::output::{Body, Frame, Line, MAX_PIECE_BYTES, WINDOW_BYTES},
    id::{CommandId, ExecutionId},
    infra::docker::{Engine, EngineError, Span},
    proto::{
        envelope::CommandOrder,
        output::{Credit, Ended, Outcome},
        verb::DockerLogsArgs,
    },
};

/// How many questions are answered at a time; each may hold a connection to the engine.
const AT_A_TIME: usize = 64;
/// Lines that wait are sent once they weigh so much, or when no other is there.
const PIECE_BYTES: usize = 32 * 1024;
/// An engine that says no to a question says so at once; one that says nothing for so long has taken it.
const NO_IS_SAID: Duration = Duration::from_millis(500);
/// How large a document may be.
const MAX_DOCUMENT_BYTES: usize = 4 * 1024 * 1024;

/// The questions of one link.
pub(super) struct Questions {
    open: HashMap<ExecutionId, Open>,
    tasks: JoinSet<()>,
    bulk: mpsc::Sender<Vec<u8>>,
    presence: watch::Receiver<Presence>,
}

struct Open {
    command: CommandId,
    credit: Arc<Semaphore>,
    task: AbortHandle,
}

impl Questions {
    /// None yet; answers leave through `bulk`.
    pub(super) fn new(bulk: mpsc::Sender<Vec<u8>>, presence: watch::Receiver<Presence>) -> Self {
        Self { open: HashMap::new(), tasks: JoinSet::new(), bulk, presence }
    }

    /// Answers a question that was checked.
    pub(super) fn take(&mut self, order: &CommandOrder, question: Question) {
        while self.tasks.try_join_next().is_some() {}
        self.open.retain(|_, open| !open.task.is_finished());
        if self.open.len() >= AT_A_TIME {
            let detail = format!("{AT_A_TIME} questions are being answered on this node; ask again shortly");
            return self.end(order, Outcome::Busy, detail);
        }
        let credit = Arc::new(Semaphore::new(window()));
        let outlet =
            Outlet { execution: order.execution, credit: Arc::clone(&credit), bulk: self.bulk.clone() };
        let engine = self.presence.borrow().engine.clone();
        let limit = Duration::from_secs(order.timeout_s.max(1).into());
        let task = self.tasks.spawn(async move { answer(engine, question, limit, outlet).await });
        self.open.insert(order.execution, Open { command: order.command, credit, task });
    }

    /// Tells the server why a question is not answered.
    pub(super) fn refuse(&mut self, order: &CommandOrder, why: String) {
        self.end(order, Outcome::Refused, why);
    }

    fn end(&mut self, order: &CommandOrder, outcome: Outcome, why: String) {
        let credit = Arc::new(Semaphore::new(window()));
        let outlet = Outlet { execution: order.execution, credit, bulk: self.bulk.clone() };
        self.tasks.spawn(async move {
            outlet.say(Body::Ended(Ended { outcome, detail: Some(why) })).await;
        });
    }

    /// Lets an answer go on. Credit for one that is over counts for nothing.
    pub(super) fn credit(&self, credit: Credit) {
        if let Some(open) = self.open.get(&credit.execution_id) {
            let room = window().saturating_sub(open.credit.available_permits());
            open.credit.add_permits(usize::try_from(credit.bytes).unwrap_or(room).min(room));
        }
    }

    /// Ends an answer that nobody reads any more, and the engine's work on it.
    pub(super) fn cancel(&mut self, command: CommandId) {
        self.open.values().filter(|open| open.command == command).for_each(|open| open.task.abort());
        self.open.retain(|_, open| open.command != command);
    }
}

/// The server's window, as a number of permits.
fn window() -> usize {
    usize::try_from(WINDOW_BYTES).unwrap_or(Semaphore::MAX_PERMITS)
}

/// Where an answer leaves, as fast as the server takes it.
struct Outlet {
    execution: ExecutionId,
    credit: Arc<Semaphore>,
    bulk: mpsc::Sender<Vec<u8>>,
}

impl Outlet {
    /// Sends a piece once there is credit for it; `false` when the link is over.
    async fn say(&self, body: Body) -> bool {
        let (bytes, cost) = Frame { execution: self.execution, body }.encode();
        match self.credit.acquire_many(cost).await {
            Ok(permit) => permit.forget(),
            Err(_) => return false,
        }
        self.bulk.send(bytes).await.is_ok()
    }

    async fn document(&self, document: Vec<u8>) -> bool {
        for piece in document.chunks(MAX_PIECE_BYTES) {
            if !self.say(Body::Document(piece.to_vec())).await {
                return false;
            }
        }
        true
    }
}

/// Answers one question to its end.
async fn answer(engine: Option<Engine>, question: Question, limit: Duration, outlet: Outlet) {
    let answered = match (engine, question) {
        (None, _) => Err(Ended {
            outcome: Outcome::Refused,
            detail: Some("there is no container engine on this node".into()),
        }),
        (Some(engine), Question::Logs(excerpt)) => logs(&engine, excerpt, &outlet).await,
        (Some(engine), Question::Stats(target)) => {
            let stats = async { Ok(serde_json::to_vec(&engine.stats(&target.container).await?)) };
            document(stats, limit, &outlet).await
        }
        (Some(engine), Question::Inspect(target)) => {
            let inspected = async { Ok(serde_json::to_vec(&engine.inspect(&target.container).await?)) };
            document(inspected, limit, &outlet).await
        }
    };
    let ended = answered.err().unwrap_or(Ended { outcome: Outcome::Whole, detail: None });
    outlet.say(Body::Ended(ended)).await;
}

/// Sends a document.
async fn document(
    asked: impl Future<Output = Result<serde_json::Result<Vec<u8>>, EngineError>>,
    limit: Duration,
    outlet: &Outlet,
) -> Result<(), Ended> {
    let begun = Timestamp::now();
    let broken = |detail: String| Ended { outcome: Outcome::Broken, detail: Some(detail) };
    let told = timeout(limit, asked)
        .await
        .map_err(|_| broken(format!("the container engine did not answer within {} s", limit.as_secs())))?;
    let document = told.map_err(ended)?.map_err(|error| broken(error.to_string()))?;
    if document.len() > MAX_DOCUMENT_BYTES {
        return Err(broken(format!("the answer is larger than {MAX_DOCUMENT_BYTES} bytes")));
    }
    outlet.say(Body::Begun(begun)).await;
    outlet.document(document).await;
    Ok(())
}

/// Sends a log. That it begins is said once the engine has not said no.
async fn logs(engine: &Engine, excerpt: DockerLogsArgs, outlet: &Outlet) -> Result<(), Ended> {
    let begun = Timestamp::now();
    let DockerLogsArgs { container, tail, since, until, follow } = excerpt;
    let (id, _) = engine.look(&container).await.map_err(ended)?;
    let mut lines = engine.logs(&id, Span { tail, since, until, follow });
    let first = timeout(NO_IS_SAID, lines.next()).await;
    let mut batch = match first {
        Ok(None) => {
            outlet.say(Body::Begun(begun)).await;
            return Ok(());
        }
        Ok(Some(line)) => vec![line.map_err(ended)?],
        Err(_) => Vec::new(),
    };
    outlet.say(Body::Begun(begun)).await;
    loop {
        let over = gather(&mut lines, &mut batch).await;
        if !batch.is_empty() && !outlet.say(Body::Lines(std::mem::take(&mut batch))).await {
            return Ok(());
        }
        match over {
            Some(Ok(())) => return Ok(()),
            Some(Err(error)) => return Err(ended(error)),
            None => {}
        }
    }
}

/// Gathers lines until they are enough for a piece, or no further one is there already; says when the log is over.
async fn gather(
    lines: &mut (impl Stream<Item = Result<Line, EngineError>> + Unpin),
    batch: &mut Vec<Line>,
) -> Option<Result<(), EngineError>> {
    let mut weight: usize = batch.iter().map(Line::weight).sum();
    while weight < PIECE_BYTES {
        let next = tokio::select! {
            biased;
            next = lines.next() => next,
            () = std::future::ready(()), if !batch.is_empty() => return None,
        };
        match next {
            Some(Ok(line)) => {
                weight += line.weight();
                batch.push(line);
            }
            Some(Err(error)) => return Some(Err(error)),
            None => return Some(Ok(())),
        }
    }
    None
}

/// An end in the engine's words, or what stands between it and us.
#[expect(clippy::needless_pass_by_value, reason = "the shape that map_err wants")]
fn ended(error: EngineError) -> Ended {
    let outcome = match &error {
        error if error.is_not_found() => Outcome::NotFound,
        EngineError::Refused { .. } => Outcome::Refused,
        _ => Outcome::Broken,
    };
    Ended { outcome, detail: Some(chain(&error)) }
}
