//! [`Wire`]: one link, with its two ends and the frames that are on their way between them.

use std::collections::{BTreeSet, VecDeque};

use super::{Run, server::Server};
use crate::{
    core::{
        command::has_ended,
        envelope,
        output::{Body, Frame},
        port::{links::Links, records::Records},
        queue::{Handout, Place},
        usecase::{
            Origin,
            admit::{self, Proven},
            settle::{self, Settled},
        },
    },
    id::{AgentId, ExecutionId},
    proto::{
        agent::HostFacts,
        command::CommandStatus,
        envelope::{COMMAND_TYPE, HelloProof},
        link::{Ack, AgentFrame, Cancel, CommandResult, Hello, Sequenced, ServerFrame},
        output::Kept,
    },
};

/// What an agent says.
#[derive(Clone, Debug)]
pub(super) enum Up {
    /// It is there, and has synced the epoch.
    Beat,
    /// How an execution stands.
    Result(Box<Sequenced<CommandResult>>),
    /// What one printed.
    Printed(Vec<u8>),
}

/// The end of a link on the server.
struct ServerEnd {
    epoch: u64,
    ordered: u64,
    committed: u64,
    is_confirmed: bool,
    /// What was ordered on it and has not ended.
    open: BTreeSet<ExecutionId>,
}

/// A link.
pub(super) struct Wire {
    pub(super) node: usize,
    pub(super) number: u64,
    server: Option<ServerEnd>,
    has_agent: bool,
    up: VecDeque<Up>,
    down: VecDeque<ServerFrame>,
}

impl Wire {
    /// The server is gone; what it said may still arrive.
    pub(super) fn end_server(&mut self) {
        self.server = None;
        self.up.clear();
    }

    /// The agent is gone; what it said may still arrive.
    pub(super) fn end_agent(&mut self) {
        self.has_agent = false;
        self.down.clear();
    }
}

impl Run {
    /// Opens a link for a node that has none, and leads it through HELLO and WELCOME.
    pub(super) async fn link(&mut self, place: usize) -> bool {
        if self.nodes[place].link.is_some() {
            return false;
        }
        let (node, server) = (&self.nodes[place], self.server());
        let record = server.store.agent_link(node.id).await.unwrap().unwrap();
        let proof = HelloProof {
            agent: node.id,
            challenge: String::new(),
            nonce: String::new(),
            epoch: node.epoch,
            instance_nonce: String::new(),
            audit: None,
        };
        let hello = Hello {
            agent_id: node.name.clone(),
            site: "eu".into(),
            version: "1".into(),
            capabilities: Vec::new(),
            verbs: Vec::new(),
            host: HostFacts::default(),
            container_engine: None,
            labels: std::collections::BTreeMap::new(),
            proof: None,
        };
        let origin = Server::origin(self.now);
        let admitted = admit::admit(&*server.store, Proven { record, proof }, &hello, &origin).await.unwrap();
        self.numbers += 1;
        let (number, agent) = (self.numbers, self.nodes[place].id);
        self.relinked(agent, Some(number));
        self.server().nudges.nudge(agent);
        self.counts.links += 1;
        let end = ServerEnd {
            epoch: admitted.epoch,
            ordered: 0,
            committed: admitted.acknowledged,
            is_confirmed: false,
            open: BTreeSet::new(),
        };
        let mut wire = Wire {
            node: place,
            number,
            server: Some(end),
            has_agent: true,
            up: VecDeque::from([Up::Beat]),
            down: VecDeque::new(),
        };
        if self.dice.permille(self.hazards.link_break) {
            self.note(format!("link {number} of {} breaks before WELCOME", self.nodes[place].name));
            wire.end_agent();
            wire.up.clear();
        } else {
            self.nodes[place].linked(number, admitted.epoch, admitted.acknowledged);
            self.note(format!("{} linked: {number}, epoch {}", self.nodes[place].name, admitted.epoch));
        }
        self.wires.push(wire);
        true
    }

    /// Breaks a link: one end notices first, or both at once, and what was on its way is lost or not.
    pub(super) fn break_link(&mut self) {
        if self.wires.is_empty() {
            return;
        }
        let place = self.dice.below(self.wires.len());
        self.counts.breaks += 1;
        let (number, node) = (self.wires[place].number, self.wires[place].node);
        let (server_notices, agent_notices) = self.dice.one_of(&[(true, false), (false, true), (true, true)]);
        self.note(format!("link {number} breaks: server {server_notices}, agent {agent_notices}"));
        if self.dice.permille(500) {
            self.wires[place].up.clear();
        }
        if self.dice.permille(500) {
            self.wires[place].down.clear();
        }
        if server_notices {
            self.leave(place);
        }
        if agent_notices {
            self.wires[place].end_agent();
            if self.nodes[node].link.as_ref().is_some_and(|link| link.number == number) {
                self.nodes[node].unlinked();
            }
        }
        self.wires.retain(|wire| wire.server.is_some() || wire.has_agent);
    }

    fn relinked(&self, agent: AgentId, link: Option<u64>) {
        let nudged = self.server().queue.lock().relinked(agent, link);
        nudged.into_iter().for_each(|agent| self.server().nudges.nudge(agent));
    }

    /// The server gives a link up.
    fn leave(&mut self, place: usize) {
        let (number, node) = (self.wires[place].number, self.wires[place].node);
        self.wires[place].end_server();
        let is_latest = self.wires.iter().all(|wire| wire.node != node || wire.number <= number);
        if is_latest {
            let agent = self.nodes[node].id;
            self.relinked(agent, None);
        }
    }

    /// Links that were nudged send what the queue has for them.
    pub(super) async fn deliver_some(&mut self) -> bool {
        for place in 0..self.wires.len() {
            let agent = self.nodes[self.wires[place].node].id;
            let is_ready = self.wires[place].server.as_ref().is_some_and(|end| end.is_confirmed);
            if is_ready && self.is_latest(place) && self.server().nudges.take(agent) {
                self.deliver(place).await;
                return true;
            }
        }
        false
    }

    fn is_latest(&self, place: usize) -> bool {
        let (number, node) = (self.wires[place].number, self.wires[place].node);
        self.wires.iter().all(|wire| wire.node != node || wire.number <= number)
    }

    /// Whether a live link is to look into the queue.
    pub(super) fn is_nudged(&self) -> bool {
        (0..self.wires.len()).any(|place| {
            let wire = &self.wires[place];
            let agent = self.nodes[wire.node].id;
            let is_ready = wire.server.as_ref().is_some_and(|end| end.is_confirmed);
            if !is_ready || !self.is_latest(place) {
                return false;
            }
            let is_nudged = self.server().nudges.take(agent);
            if is_nudged {
                self.server().nudges.nudge(agent);
            }
            is_nudged
        })
    }

    async fn deliver(&mut self, place: usize) {
        let number = self.wires[place].number;
        let agent = self.nodes[self.wires[place].node].id;
        loop {
            if self.dice.permille(self.hazards.server_crash) {
                return self.crash_server().await;
            }
            let said = self.server().queue.lock().take(agent, number, self.now);
            let frame = match said {
                None => return,
                Some(Handout::Cancel { command, execution }) => {
                    self.note(format!("link {number}: cancel {execution}"));
                    ServerFrame::Cancel(Cancel { command_id: command, execution_id: Some(execution) })
                }
                Some(Handout::Order(assignment)) => {
                    let queue = std::sync::Arc::clone(&self.server().queue);
                    let end = self.wires[place].server.as_mut().unwrap();
                    end.ordered += 1;
                    let on = Place { agent, epoch: end.epoch, sequence: end.ordered };
                    if !assignment.has_begun {
                        end.open.insert(assignment.execution);
                        end.open.retain(|id| queue.lock().output_bytes(*id, agent).is_some());
                        assert!(
                            end.open.len() <= super::server::LIMITS.per_agent,
                            "the limit of a node holds"
                        );
                    }
                    let order = assignment.order(assignment.job.args.clone(), on, self.now);
                    let sealed = envelope::seal(&self.server().key, COMMAND_TYPE, &order);
                    self.overheard.push((agent, sealed.clone()));
                    self.note(format!(
                        "link {number}: order {} begun {}",
                        assignment.execution, assignment.has_begun
                    ));
                    ServerFrame::Command(sealed)
                }
            };
            self.wires[place].down.push_back(frame);
        }
    }

    pub(super) async fn hear_agent(&mut self) {
        if !self.wires.is_empty() {
            let place = self.dice.below(self.wires.len());
            self.hear_agent_on(place).await;
        }
    }

    /// The server takes the next frame of a link. A transport keeps the order of what an agent says.
    pub(super) async fn hear_agent_on(&mut self, place: usize) -> bool {
        let Some(wire) = self.wires.get_mut(place) else { return false };
        let Some(end) = wire.server.as_mut() else {
            wire.up.clear();
            return false;
        };
        let Some(frame) = wire.up.front().cloned() else {
            let is_over = !wire.has_agent;
            if is_over {
                self.leave(place);
                self.wires.retain(|wire| wire.server.is_some() || wire.has_agent);
            }
            return is_over;
        };
        if self.dice.permille(self.hazards.duplicate) {
            self.counts.duplicates += 1;
        } else {
            wire.up.pop_front();
        }
        end.is_confirmed = true;
        if !wire.has_agent {
            self.counts.stale += 1;
        }
        match frame {
            Up::Beat => {}
            Up::Result(frame) => self.settle(place, &frame).await,
            Up::Printed(bytes) => self.keep(place, &bytes).await,
        }
        true
    }

    async fn settle(&mut self, place: usize, frame: &Sequenced<CommandResult>) {
        let (node, number) = (self.wires[place].node, self.wires[place].number);
        let (agent, result) = (self.nodes[node].id, &frame.body);
        let origin = Origin { actor: format!("agent:{}", self.nodes[node].name), ..Server::origin(self.now) };
        let execution = result.execution_id.unwrap();
        self.note(format!(
            "link {number}: result {:?} {execution} {:?}, not begun: {}",
            frame.sequence, result.status, result.not_begun
        ));
        let store = &*self.server().store;
        let settled = settle::settle(store, store, agent, frame.sequence, result, &origin).await.unwrap();
        self.heard(result, agent);
        if self.dice.permille(self.hazards.server_crash) {
            return self.crash_server().await;
        }
        let wire = &mut self.wires[place];
        let end = wire.server.as_mut().unwrap();
        if settled == Settled::Unwanted {
            let cancel = Cancel { command_id: result.command_id, execution_id: result.execution_id };
            wire.down.push_back(ServerFrame::Cancel(cancel));
        }
        if has_ended(result.status) {
            end.open.remove(&execution);
        }
        end.committed = end.committed.max(frame.sequence.unwrap());
        wire.down.push_back(ServerFrame::Ack(Ack { sequence: end.committed }));
    }

    async fn keep(&mut self, place: usize, bytes: &[u8]) {
        let Frame { execution, body: Body::Printed(piece) } = Frame::decode(bytes).unwrap() else { return };
        let offset = piece.offset + piece.bytes.len() as u64;
        self.printed.keep(execution, piece);
        if self.dice.permille(self.hazards.server_crash) {
            return self.crash_server().await;
        }
        self.wires[place].down.push_back(ServerFrame::Kept(Kept { execution_id: execution, offset }));
    }

    pub(super) async fn hear_server(&mut self) {
        if !self.wires.is_empty() {
            let place = self.dice.below(self.wires.len());
            self.hear_server_on(place).await;
        }
    }

    /// A node takes a frame of its link: the next, or with bad luck another one, or one that somebody sends again.
    pub(super) async fn hear_server_on(&mut self, place: usize) -> bool {
        let Some((node, number)) = self.wires.get(place).map(|wire| (wire.node, wire.number)) else {
            return false;
        };
        if self.nodes[node].link.as_ref().is_none_or(|link| link.number != number) {
            self.wires[place].end_agent();
            return false;
        }
        let replays = !self.overheard.is_empty() && self.dice.permille(self.hazards.replay);
        let waiting = self.wires[place].down.len();
        let frame = if replays {
            self.counts.replays += 1;
            let which = self.dice.below(self.overheard.len());
            ServerFrame::Command(self.overheard[which].1.clone())
        } else if waiting == 0 {
            let is_over = self.wires[place].server.is_none();
            if is_over {
                self.wires[place].end_agent();
                self.nodes[node].unlinked();
                self.wires.retain(|wire| wire.server.is_some() || wire.has_agent);
            }
            return is_over;
        } else {
            let which = if waiting > 1 && self.dice.permille(self.hazards.reorder) {
                self.counts.reordered += 1;
                self.dice.below(waiting)
            } else {
                0
            };
            let stays = self.dice.permille(self.hazards.duplicate);
            self.counts.duplicates += u64::from(stays);
            let down = &mut self.wires[place].down;
            if stays { down[which].clone() } else { down.remove(which).unwrap() }
        };
        let what = match &frame {
            ServerFrame::Command(_) => "an order".to_owned(),
            other => format!("{other:?}"),
        };
        let taken = self.nodes[node].obey(frame, self.now).await;
        self.note(format!("{} hears {what}: {taken}", self.nodes[node].name));
        true
    }

    /// A node sends some of what waits in its spool and its lane.
    pub(super) fn send(&mut self, place: usize) -> bool {
        let (now, many) = (self.now, 1 + self.dice.below(8));
        let node = &mut self.nodes[place];
        let Some((number, cursor, printed)) =
            node.link.as_ref().map(|link| (link.number, link.cursor, link.printed))
        else {
            return false;
        };
        let frames = node.spool().batch(cursor, many).unwrap();
        let parcels = node.lane().batch(printed, 1024).unwrap();
        let link = node.link.as_mut().unwrap();
        let mut sent = Vec::new();
        for (sequence, text) in frames {
            link.cursor = sequence;
            let AgentFrame::CommandResult(mut frame) = serde_json::from_str(&text).unwrap() else {
                panic!("{text} does not come here");
            };
            // The node's clock is the run's.
            let execution = frame.body.execution_id.unwrap();
            let began = node.began.get(&execution).copied().unwrap_or(now);
            frame.body.started_at = frame.body.started_at.map(|_| began);
            frame.body.time = Some(if frame.body.status == CommandStatus::Started { began } else { now });
            sent.push(Up::Result(Box::new(frame)));
        }
        for parcel in parcels {
            link.printed = parcel.number;
            sent.push(Up::Printed(parcel.bytes));
        }
        let moved = !sent.is_empty();
        if let Some(wire) = self.wires.iter_mut().find(|wire| wire.number == number) {
            wire.up.extend(sent);
        }
        moved
    }

    /// With nothing on its way and no link nudged, the queue must have nothing that a link could send.
    pub(super) fn nobody_was_forgotten(&self) {
        for node in &self.nodes {
            let Some(link) = &node.link else { panic!("{} is not linked", node.name) };
            let next = self.server().queue.lock().take(node.id, link.number, self.now);
            assert_eq!(next, None, "{} was not nudged", node.name);
            assert!(node.is_idle(), "{} has something to do", node.name);
        }
    }
}
