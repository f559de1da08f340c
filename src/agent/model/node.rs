//! A node of a run: the real journal, spool and lane on a real file; what an execution does is a count.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use jiff::Timestamp;
use serde_json::json;

use super::dice::Dice;
use crate::{
    agent::{
        journal::{Begin, Journal, outcome},
        order::{Refusal, Refused, Standing, Work, check},
        output::{Lane, weight},
        spool::Spool,
        state::State,
        verbs::Verbs,
    },
    core::signing::PublicKey,
    id::{AgentId, ExecutionId},
    proto::{
        command::{CommandStatus, OutputSize},
        envelope::{CommandOrder, Envelope},
        link::{Cancel, ServerFrame},
        output::{LogStream, Piece},
        verb::Effect,
    },
};

/// How many executions may run at once.
const MOST: usize = 2;
/// Bytes that may wait, of frames and of output.
const ROOM: u64 = 1 << 20;
const FILES: [&str; 2] = ["state.db", "state.db-wal"];

/// What happened in a step of an execution.
#[derive(Clone, Debug)]
pub(super) enum Deed {
    /// Nothing that counts.
    Nothing(&'static str),
    /// It took effect.
    Effect(Box<CommandOrder>),
}

/// An execution that came and is not over.
struct Run {
    order: CommandOrder,
    effect: Effect,
    is_cancelled: bool,
    until: Timestamp,
    stage: Stage,
}

enum Stage {
    Waiting,
    Begun { began: Timestamp, acted: bool, printed: u64 },
}

/// The end of a link on the node.
pub(super) struct NodeLink {
    pub(super) number: u64,
    epoch: u64,
    last: u64,
    pub(super) cursor: u64,
    pub(super) printed: i64,
}

/// The process of an agent.
struct Process {
    journal: Arc<Journal>,
    spool: Arc<Spool>,
    lane: Arc<Lane>,
    desk: Vec<Run>,
    late: Vec<ExecutionId>,
}

impl Process {
    fn start(folder: &Path) -> Self {
        let state = Arc::new(State::open(&folder.join(FILES[0]), false).unwrap());
        let spool = Arc::new(Spool::new(Arc::clone(&state), ROOM).unwrap());
        let lane = Lane::new(Arc::clone(&state), ROOM).unwrap();
        let journal = Journal::new(state, Arc::clone(&spool), Arc::clone(&lane));
        journal.recover().unwrap();
        Self { journal, spool, lane, desk: Vec::new(), late: Vec::new() }
    }
}

/// A node.
pub(super) struct Node {
    pub(super) id: AgentId,
    pub(super) name: String,
    pub(super) link: Option<NodeLink>,
    /// The epoch that is on its disk.
    pub(super) epoch: u64,
    /// Its power was cut, so that what was written and not synced may be lost.
    pub(super) lost_power: bool,
    /// When executions began here, by the run's clock.
    pub(super) began: BTreeMap<ExecutionId, Timestamp>,
    process: Option<Process>,
    folder: PathBuf,
    trusted: Vec<PublicKey>,
}

impl Node {
    pub(super) fn new(id: AgentId, name: &str, folder: PathBuf, server: PublicKey) -> Self {
        fs::create_dir_all(folder.join("synced")).unwrap();
        let mut node = Self {
            id,
            name: name.to_owned(),
            link: None,
            epoch: 0,
            lost_power: false,
            began: BTreeMap::new(),
            process: None,
            folder,
            trusted: vec![server],
        };
        node.process = Some(Process::start(&node.folder));
        node.synced();
        node
    }

    fn process(&mut self) -> &mut Process {
        self.process.as_mut().unwrap()
    }

    pub(super) fn spool(&self) -> &Spool {
        &self.process.as_ref().unwrap().spool
    }

    pub(super) fn lane(&self) -> &Lane {
        &self.process.as_ref().unwrap().lane
    }

    /// Whether nothing waits or runs.
    pub(super) fn is_idle(&self) -> bool {
        self.process.as_ref().is_some_and(|process| process.desk.is_empty() && process.late.is_empty())
    }

    /// Opens a link as the server agreed to it: the epoch is synced before anything else.
    pub(super) fn linked(&mut self, number: u64, epoch: u64, acknowledged: u64) {
        self.epoch = epoch;
        self.process().spool.resume(acknowledged).unwrap();
        self.process().journal.link(true);
        self.link = Some(NodeLink { number, epoch, last: 0, cursor: acknowledged, printed: 0 });
    }

    /// Notes that the link is gone.
    pub(super) fn unlinked(&mut self) {
        if self.link.take().is_some() {
            self.process().journal.link(false);
        }
    }

    /// Ends at once, in the middle of whatever runs, and starts again. Without power, what was not synced is lost.
    pub(super) fn crash(&mut self, without_power: bool) {
        self.link = None;
        self.process = None;
        if without_power {
            self.lost_power = true;
            for file in FILES {
                let (from, to) = (self.folder.join("synced").join(file), self.folder.join(file));
                let _ = fs::remove_file(&to);
                if from.exists() {
                    fs::copy(from, to).unwrap();
                }
            }
            let _ = fs::remove_file(self.folder.join("state.db-shm"));
        }
        self.process = Some(Process::start(&self.folder));
    }

    /// Remembers what the disk has for certain.
    fn synced(&self) {
        for file in FILES {
            let (from, to) = (self.folder.join(file), self.folder.join("synced").join(file));
            let _ = fs::remove_file(&to);
            if from.exists() {
                fs::copy(from, to).unwrap();
            }
        }
    }

    /// Takes what the server says, as the reader of a link does.
    pub(super) async fn obey(&mut self, frame: ServerFrame, now: Timestamp) -> &'static str {
        match frame {
            ServerFrame::Command(envelope) => return self.order(&envelope, now).await,
            ServerFrame::Cancel(cancel) => self.cancel(cancel).await,
            ServerFrame::Kept(kept) => self.process().journal.kept(kept.execution_id, kept.offset).unwrap(),
            ServerFrame::Ack(ack) => self.process().spool.acknowledge(ack.sequence).unwrap(),
            other => panic!("{other:?} does not come here"),
        }
        "taken"
    }

    async fn order(&mut self, envelope: &Envelope, now: Timestamp) -> &'static str {
        let Some(link) = self.link.as_mut() else { return "nobody there" };
        let verbs = Verbs::default();
        let standing = Standing {
            agent: self.id,
            trusted: &self.trusted,
            epoch: link.epoch,
            last: link.last,
            now,
            verbs: &verbs,
        };
        match check(envelope, standing) {
            Ok((order, Work::Act(act))) => {
                link.last = order.sequence;
                let process = self.process();
                if process.desk.iter().any(|run| run.order.execution == order.execution) {
                    return "is there already";
                }
                let until = order.expires_at;
                let (effect, stage) = (act.effect(), Stage::Waiting);
                process.desk.push(Run { order, effect, is_cancelled: false, until, stage });
                "taken"
            }
            Ok(_) => panic!("no question is asked here"),
            Err(Refused { order: Some(order), why }) => {
                if why.is_replay() {
                    return "a replay";
                }
                link.last = order.sequence;
                self.refuse(*order, &why).await;
                "refused"
            }
            Err(_) => "not opened",
        }
    }

    async fn refuse(&mut self, order: CommandOrder, why: &Refusal) {
        let process = self.process();
        if process.desk.iter().any(|run| run.order.execution == order.execution) {
            return;
        }
        let status = if *why == Refusal::Expired { CommandStatus::Expired } else { CommandStatus::Refused };
        process.journal.turn_down(&order, status, why.to_string()).await.unwrap();
    }

    async fn cancel(&mut self, cancel: Cancel) {
        let process = self.process();
        let mut found = false;
        let is_meant = |order: &CommandOrder| {
            cancel.execution_id.map_or(order.command == cancel.command_id, |meant| meant == order.execution)
        };
        let mut stopped = Vec::new();
        for run in process.desk.iter_mut().filter(|run| is_meant(&run.order)) {
            found = true;
            run.is_cancelled = true;
            if matches!(run.stage, Stage::Waiting) {
                stopped.push(run.order.clone());
            }
        }
        process.desk.retain(|run| !stopped.iter().any(|order| order.execution == run.order.execution));
        for order in stopped {
            let why = "somebody stopped it before it began".to_owned();
            process.journal.turn_down(&order, CommandStatus::Cancelled, why).await.unwrap();
        }
        if let Some(execution) = cancel.execution_id.filter(|_| !found) {
            process.journal.forestall(cancel, execution).unwrap();
        }
    }

    /// Takes an execution a step further, or tells an end whose output takes long.
    pub(super) async fn work(&mut self, dice: &mut Dice, now: Timestamp) -> Option<Deed> {
        let process = self.process.as_mut()?;
        if !process.late.is_empty() && (process.desk.is_empty() || dice.permille(200)) {
            let execution = process.late.remove(0);
            process.journal.tell(execution).unwrap();
            return Some(Deed::Nothing("told late"));
        }
        if process.desk.is_empty() {
            return None;
        }
        let begun = process.desk.iter().filter(|run| matches!(run.stage, Stage::Begun { .. })).count();
        let place = dice.below(process.desk.len());
        let run = &mut process.desk[place];
        match &mut run.stage {
            Stage::Waiting if begun >= MOST => Some(Deed::Nothing("waits")),
            Stage::Waiting => Some(Deed::Nothing(self.begin(place, now).await)),
            Stage::Begun { began, .. } if dice.permille(150) => {
                process.journal.tell_begun(&run.order, *began).unwrap();
                Some(Deed::Nothing("told to have begun"))
            }
            Stage::Begun { printed, .. } if dice.permille(150) => {
                let pieces = [piece(printed, dice)];
                assert!(process.lane.keep(run.order.execution, &pieces));
                Some(Deed::Nothing("printed"))
            }
            Stage::Begun { acted, .. } if !*acted && !run.is_cancelled && dice.permille(800) => {
                *acted = true;
                Some(Deed::Effect(Box::new(run.order.clone())))
            }
            Stage::Begun { .. } => Some(Deed::Nothing(self.end(place, dice))),
        }
    }

    async fn begin(&mut self, place: usize, now: Timestamp) -> &'static str {
        let process = self.process.as_mut().unwrap();
        let run = &process.desk[place];
        let order = run.order.clone();
        let turned_down = if run.is_cancelled {
            Some((CommandStatus::Cancelled, "somebody stopped it before it began"))
        } else if now >= run.until {
            Some((CommandStatus::Expired, "it waited too long for its turn on this node"))
        } else if super::is_forbidden(&order) {
            Some((CommandStatus::Refused, "the policy of this node forbids it"))
        } else {
            None
        };
        if let Some((status, why)) = turned_down {
            process.journal.turn_down(&order, status, why.to_owned()).await.unwrap();
            process.desk.remove(place);
            return "turned down";
        }
        match process.journal.begin(&order, run.effect).await.unwrap() {
            Begin::Now(began) => {
                process.desk[place].stage = Stage::Begun { began, acted: false, printed: 0 };
                let acts = process.desk[place].effect == Effect::Acts;
                self.began.insert(order.execution, now);
                if acts {
                    self.synced();
                }
                "began"
            }
            Begin::Answered => {
                process.desk.remove(place);
                "answered from the journal"
            }
        }
    }

    fn end(&mut self, place: usize, dice: &mut Dice) -> &'static str {
        let process = self.process();
        let Run { order, is_cancelled, stage, .. } = process.desk.remove(place);
        let Stage::Begun { began, acted, mut printed } = stage else { panic!("only what began ends") };
        let status = match (acted, is_cancelled) {
            (_, true) => CommandStatus::Cancelled,
            (false, false) => CommandStatus::Failed,
            (true, false) => dice.one_of(&[
                CommandStatus::Succeeded,
                CommandStatus::Succeeded,
                CommandStatus::Succeeded,
                CommandStatus::Failed,
                CommandStatus::TimedOut,
            ]),
        };
        let last = if dice.permille(500) { vec![piece(&mut printed, dice)] } else { Vec::new() };
        assert!(process.lane.reserve(weight(&last)));
        let mut result = outcome(&order, status, Some(json!({ "acted": acted })), None);
        result.not_begun = !acted && !is_cancelled;
        result.started_at = Some(began);
        result.output = Some(OutputSize { bytes: printed, kept: printed });
        if !process.journal.end(&order, &result, &last).unwrap() {
            process.late.push(order.execution);
            return "ended, told once its output is kept";
        }
        "ended"
    }
}

/// The next of what an execution prints.
fn piece(printed: &mut u64, dice: &mut Dice) -> Piece {
    let (offset, bytes) = (*printed, vec![b'x'; 1 + dice.below(64)]);
    *printed += bytes.len() as u64;
    Piece { stream: LogStream::Stdout, offset, time: Timestamp::UNIX_EPOCH, bytes }
}
