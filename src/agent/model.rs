//! A model of one server and its nodes, to prove that commands are done exactly once in effect.
//!
//! Both sides are the real ones: the store, the queue and the usecases there; the checks of an order, the journal, the spool
//! and the lane here, each on real files. What is played is what lies between and around them: the link (frames wait, come
//! twice, come in another order, and go with a link that breaks), crashes of either side between any two steps, a node's power,
//! time, and what an execution does, which is counted. A run is made by its seed alone; [`check`] says what must hold.
//!
//! `WORPEN_MODEL_SEEDS=10000` runs so many, `WORPEN_MODEL_SEED=17` one, and shows what it did.

mod check;
mod dice;
mod node;
mod server;
mod wire;

use std::{
    collections::{BTreeMap, BTreeSet},
    env, fs,
    path::{Path, PathBuf},
};

use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use self::{
    dice::Dice,
    node::{Deed, Node},
    server::{Printed, Server},
    wire::Wire,
};
use crate::{
    core::{
        access::{Authority, Principal, Rights},
        change::Change,
        command::{DOCKER_PS, DOCKER_START, EXEC},
        fleet::SharedFleet,
        port::{
            records::{OpenOf, Records},
            store::Store,
        },
        signing::SigningKey,
        statement::{self, idempotency::Claim},
        usecase::{
            Origin, cancel,
            dispatch::{self, Dispatch, How, Order},
            overdue, rollout,
        },
    },
    id::{AgentId, CommandId, ExecutionId, UserId, seeded},
    proto::{
        agent::{Agent, AgentStatus, HostFacts},
        command::{Batch, CommandStatus, Priority, Rollout},
        envelope::{CommandOrder, Envelope},
        user::Role,
        verb::Effect,
    },
};

/// Seeds that once failed.
const REGRESSIONS: &[u64] = &[43, 236, 334, 586, 6062];
/// Where files cost no disk.
const MEMORY: &str = "/dev/shm";
/// The nodes of a run.
const NODES: [&str; 3] = ["node-1", "node-2", "node-3"];
/// An argument that no node's policy allows.
const FORBIDDEN: &str = "forbidden";

/// Whether a node's policy stands against an order.
fn is_forbidden(order: &CommandOrder) -> bool {
    order.args.pointer("/argv/0").is_some_and(|word| word == FORBIDDEN)
}

/// What was counted over all runs.
#[derive(Debug, Default)]
struct Counts {
    steps: u64,
    commands: u64,
    executions: u64,
    effects: u64,
    links: u64,
    breaks: u64,
    server_crashes: u64,
    node_crashes: u64,
    power_cuts: u64,
    duplicates: u64,
    reordered: u64,
    replays: u64,
    stale: u64,
    cancels: u64,
}

/// How rough a run is, of a thousand steps each.
#[derive(Clone, Copy)]
struct Hazards {
    server_crash: usize,
    node_crash: usize,
    power_cut: usize,
    link_break: usize,
    duplicate: usize,
    reorder: usize,
    replay: usize,
}

const CALM: Hazards = Hazards {
    server_crash: 0,
    node_crash: 0,
    power_cut: 0,
    link_break: 0,
    duplicate: 0,
    reorder: 0,
    replay: 0,
};

/// A command that a caller knows of.
struct Given {
    id: CommandId,
    targets: usize,
}

/// An effect on a node.
struct Done {
    execution: ExecutionId,
    command: CommandId,
    agent: AgentId,
    verb: String,
}

/// One run.
struct Run {
    dice: Dice,
    hazards: Hazards,
    now: Timestamp,
    server: Option<Server>,
    nodes: Vec<Node>,
    wires: Vec<Wire>,
    /// The last link of each node, as the server numbers them.
    numbers: u64,
    printed: Printed,
    given: Vec<Given>,
    /// Requests whose answer never came, to be made again.
    unanswered: Vec<(Order, Claim)>,
    claims: u64,
    done: Vec<Done>,
    /// What nodes said never began.
    never: BTreeSet<ExecutionId>,
    /// Every order that was sent, for whoever listened.
    overheard: Vec<(AgentId, Envelope)>,
    counts: Counts,
    /// What happened, and when.
    trace: Vec<(Timestamp, String)>,
}

impl Drop for Run {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.tell();
        }
    }
}

impl Run {
    async fn new(seed: u64, folder: &Path, agents: &[AgentId]) -> Self {
        let mut dice = Dice::new(seed);
        let now = "2027-01-15T08:00:00Z".parse().unwrap();
        let server = Server::start(&folder.join("server"), now).await;
        let many = 1 + dice.below(NODES.len());
        let public = SigningKey::from_seed(&[7; 32]).public();
        let nodes =
            (0..many).map(|n| Node::new(agents[n], NODES[n], folder.join(NODES[n]), public)).collect();
        let mut often = |choices: &[usize]| dice.one_of(choices);
        let hazards = Hazards {
            server_crash: often(&[0, 3, 15]),
            node_crash: often(&[0, 5, 20]),
            power_cut: often(&[0, 0, 300, 1000]),
            link_break: often(&[5, 20, 60]),
            duplicate: often(&[0, 50, 200]),
            reorder: often(&[0, 0, 100]),
            replay: often(&[0, 0, 20]),
        };
        Self {
            dice,
            hazards,
            now,
            server: Some(server),
            nodes,
            wires: Vec::new(),
            numbers: 0,
            printed: Printed::default(),
            given: Vec::new(),
            unanswered: Vec::new(),
            claims: 0,
            done: Vec::new(),
            never: BTreeSet::new(),
            overheard: Vec::new(),
            counts: Counts::default(),
            trace: Vec::new(),
        }
    }

    fn server(&self) -> &Server {
        self.server.as_ref().unwrap()
    }

    fn note(&mut self, what: impl Into<String>) {
        self.trace.push((self.now, what.into()));
    }

    fn tell(&self) {
        for (place, (at, what)) in self.trace.iter().enumerate() {
            eprintln!("{place:>5} {at} {what}");
        }
    }

    /// So many steps as chance has it, then peace until nothing is open.
    async fn run(&mut self, steps: usize) {
        for _ in 0..steps {
            self.counts.steps += 1;
            self.step().await;
        }
        self.heal().await;
    }

    async fn step(&mut self) {
        if self.dice.permille(self.hazards.server_crash) {
            self.crash_server().await;
        }
        if self.dice.permille(self.hazards.node_crash) {
            self.crash_node();
        }
        if self.dice.permille(self.hazards.link_break) {
            self.break_link();
        }
        let node = self.dice.below(self.nodes.len());
        match self.dice.below(100) {
            0..7 => self.give().await,
            7..9 => self.cancel().await,
            9..13 => self.pass_time().await,
            13..16 => self.advance_rollouts().await,
            16..24 => drop(self.link(node).await),
            24..36 => drop(self.deliver_some().await),
            36..54 => self.hear_agent().await,
            54..70 => self.hear_server().await,
            70..82 => drop(self.send(node)),
            _ => drop(self.work(node).await),
        }
    }

    async fn give(&mut self) {
        let (order, claim) = if self.unanswered.is_empty() || self.dice.permille(300) {
            self.claims += 1;
            let claim = Claim {
                caller: "user:ada".into(),
                endpoint: "POST /api/v1/commands".into(),
                key: self.claims.to_string(),
                body_hash: "same".into(),
            };
            (self.order(), claim)
        } else {
            let place = self.dice.below(self.unanswered.len());
            self.unanswered.swap_remove(place)
        };
        let origin = Origin { actor: "user:ada".into(), ..Server::origin(self.now) };
        let by = Authority {
            principal: Principal { user: UserId::generate(), key: None },
            rights: Rights { role: Role::Admin, scope: None },
        };
        let server = self.server();
        let ports = Dispatch {
            store: &*server.store,
            records: &*server.store,
            queue: &server.queue,
            fleet: &SharedFleet::default(),
            sealing: &server.sealing,
            nonce: [0; 12],
        };
        let given = dispatch::give(ports, order.clone(), &by, Some(&claim), &origin).await.unwrap();
        if self.dice.permille(self.hazards.server_crash * 5) {
            self.note(format!("{} was given, and nobody was told", given.id));
            self.unanswered.push((order, claim));
            return self.crash_server().await;
        }
        let executions: Vec<_> = given.executions.iter().map(|it| it.id).collect();
        self.note(format!("gave {} {} {executions:?}", given.verb, given.id));
        self.counts.commands += 1;
        self.given.push(Given { id: given.id, targets: order.targets.len() });
    }

    /// Something to be done.
    fn order(&mut self) -> Order {
        let dice = &mut self.dice;
        let many = 1 + dice.below(self.nodes.len());
        let targets: Vec<_> = self.nodes[..many].iter().map(|node| (node.id, node.name.clone())).collect();
        let (verb, args) = match dice.below(10) {
            0 => (DOCKER_PS, json!({})),
            1..4 => (DOCKER_START, json!({ "container": "web" })),
            4 => (EXEC, json!({ "argv": [FORBIDDEN] })),
            _ => (EXEC, json!({ "argv": ["count"] })),
        };
        let seconds = |many: usize| SignedDuration::from_secs(i64::try_from(many).unwrap());
        let timeout_s = dice.one_of(&[5, 30, 120]);
        let scheduled_at = dice.permille(150).then(|| self.now + seconds(1 + dice.below(60)));
        let begins = scheduled_at.unwrap_or(self.now);
        let rollout = dice.permille(250).then(|| Rollout {
            batch: Batch::Targets(1),
            pause_s: dice.one_of(&[0, 0, 10]),
            max_failures: dice.one_of(&[1, 2]),
        });
        Order {
            verb: verb.into(),
            args,
            targets,
            resource: "agents".into(),
            timeout_s,
            how: How {
                priority: dice.one_of(&Priority::ALL),
                max_retries: dice.one_of(&[0, 1, 3]),
                scheduled_at,
                expires_at: dice.permille(500).then(|| begins + seconds(1 + dice.below(300))),
                rollout,
                ..How::of(verb)
            },
        }
    }

    async fn cancel(&mut self) {
        if self.given.is_empty() {
            return;
        }
        let latest = self.given.len().min(4);
        let command = self.given[self.given.len() - 1 - self.dice.below(latest)].id;
        let one = [self.nodes[self.dice.below(self.nodes.len())].id];
        let only = self.dice.permille(300).then_some(one.as_slice());
        let origin = Origin { actor: "user:ada".into(), ..Server::origin(self.now) };
        let server = self.server();
        cancel::cancel(&*server.store, &*server.store, &server.queue, command, only, &origin).await.unwrap();
        self.counts.cancels += 1;
        self.note(format!("stopped {command} on {only:?}"));
    }

    async fn pass_time(&mut self) {
        let next = self.server().queue.lock().next_moment();
        self.now = match next {
            Some(next) if self.dice.permille(500) => next.max(self.now),
            _ => {
                let seconds = self.dice.one_of(&[1, 2, 5, 20, 90]);
                self.now + SignedDuration::from_secs(seconds)
            }
        };
        self.keep_time().await;
    }

    async fn keep_time(&mut self) {
        let (origin, server) = (Server::origin(self.now), self.server());
        let store = &*server.store;
        overdue::keep_time(store, store, &*server.nudges, &server.queue, &origin).await.unwrap();
        self.note("time was kept");
    }

    async fn advance_rollouts(&mut self) {
        loop {
            let store = &*self.server().store;
            let (commands, next) = rollout::advance_all(store, store, self.now).await.unwrap();
            if next.is_none_or(|next| next > self.now) {
                return;
            }
            self.note(format!("rollouts went on, of {commands:?}"));
        }
    }

    async fn work(&mut self, node: usize) -> bool {
        match self.nodes[node].work(&mut self.dice, self.now).await {
            None => false,
            Some(Deed::Nothing(what)) => {
                self.note(format!("{}: {what}", NODES[node]));
                true
            }
            Some(Deed::Effect(order)) => {
                self.note(format!("{}: {} takes effect", NODES[node], order.execution));
                self.counts.effects += 1;
                self.took_effect(&order);
                true
            }
        }
    }

    async fn crash_server(&mut self) {
        self.note("THE SERVER CRASHES");
        self.counts.server_crashes += 1;
        for wire in &mut self.wires {
            wire.end_server();
        }
        let server = self.server.take().unwrap();
        self.server = Some(server.crash(self.now).await);
        self.compare_queue().await;
    }

    fn crash_node(&mut self) {
        let place = self.dice.below(self.nodes.len());
        let without_power = self.dice.permille(self.hazards.power_cut);
        self.note(format!("{} CRASHES, without power: {without_power}", NODES[place]));
        self.counts.node_crashes += 1;
        self.counts.power_cuts += u64::from(without_power);
        let node = &mut self.nodes[place];
        if let Some(link) = &node.link
            && let Some(wire) = self.wires.iter_mut().find(|wire| wire.number == link.number)
        {
            wire.end_agent();
        }
        node.crash(without_power);
    }

    /// Heals every link, lets time pass, and waits until nothing is open.
    async fn heal(&mut self) {
        self.hazards = CALM;
        self.note("PEACE");
        while !self.unanswered.is_empty() {
            self.give().await;
        }
        for _ in 0..500 {
            self.calm_down().await;
            let (store, queue) = (&*self.server().store, &self.server().queue);
            let open = store.open_executions(OpenOf::All).await.unwrap();
            let rollouts = store.rollouts().await.unwrap();
            if open.is_empty() && rollouts.is_empty() {
                return self.check().await;
            }
            let resumes = rollouts.iter().filter_map(|rollout| rollout.resume_at).min();
            let next = queue.lock().next_moment().into_iter().chain(resumes).min();
            let next =
                next.unwrap_or_else(|| panic!("nothing is due, and open are {open:?} and {rollouts:?}"));
            self.now = self.now.max(next);
            self.keep_time().await;
        }
        panic!("it does not come to an end");
    }

    /// Everything that happens without time passing.
    async fn calm_down(&mut self) {
        loop {
            let mut moved = false;
            for node in 0..self.nodes.len() {
                moved |= self.link(node).await | self.send(node);
                while self.work(node).await {
                    moved = true;
                }
            }
            moved |= self.deliver_some().await;
            for place in (0..self.wires.len()).rev() {
                moved |= self.hear_agent_on(place).await;
                moved |= self.hear_server_on(place).await;
            }
            if !moved {
                self.advance_rollouts().await;
                if !self.is_nudged() {
                    break;
                }
            }
        }
        self.nobody_was_forgotten();
    }
}

/// A folder with a store that has agents, made once and copied.
struct Template {
    folder: tempfile::TempDir,
    agents: Vec<AgentId>,
}

impl Template {
    async fn new() -> Self {
        let folder = scratch();
        let now = Timestamp::UNIX_EPOCH;
        let server = Server::start(&folder.path().join("server"), now).await;
        let mut agents = Vec::new();
        for name in NODES {
            let agent = newcomer(name, now);
            agents.push(agent.id);
            let change = Change::new().write(statement::agent::create(&agent, "key".into()));
            server.store.commit(change).await.unwrap();
        }
        Self { folder, agents }
    }

    fn copy(&self) -> tempfile::TempDir {
        let copy = scratch();
        let (from, to) = (self.folder.path().join("server"), copy.path().join("server"));
        fs::create_dir(&to).unwrap();
        for entry in fs::read_dir(from).unwrap() {
            let entry = entry.unwrap();
            fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
        }
        copy
    }
}

fn scratch() -> tempfile::TempDir {
    let memory = PathBuf::from(MEMORY);
    if memory.is_dir() { tempfile::tempdir_in(memory).unwrap() } else { tempfile::tempdir().unwrap() }
}

fn newcomer(name: &str, now: Timestamp) -> Agent {
    Agent {
        id: AgentId::generate(),
        agent_id: name.to_owned(),
        site: "eu".to_owned(),
        status: AgentStatus::Offline,
        status_since: now,
        version: None,
        capabilities: vec![],
        site_verbs: Vec::new(),
        labels: Default::default(),
        host: HostFacts::default(),
        container_engine: None,
        created_at: now,
        last_seen_at: None,
        address: None,
    }
}

#[test]
fn commands_are_done_exactly_once_whatever_crashes_and_whatever_the_link_does() {
    let number = |name: &str| env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let seeds: Vec<u64> = match number("WORPEN_MODEL_SEED") {
        Some(seed) => vec![seed],
        None => {
            let first = number("WORPEN_MODEL_FROM").unwrap_or(1);
            let many = number("WORPEN_MODEL_SEEDS").unwrap_or(50);
            REGRESSIONS.iter().copied().chain(first..first + many).collect()
        }
    };
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let template = runtime.block_on(async {
        seeded::begin(Some(0));
        Template::new().await
    });
    let mut all = BTreeMap::new();
    for seed in &seeds {
        let told = Told(*seed);
        let folder = template.copy();
        seeded::begin(Some(seed + 1));
        let counts = runtime.block_on(async {
            let mut run = Run::new(*seed, folder.path(), &template.agents).await;
            run.run(200).await;
            if seeds.len() == 1 {
                run.tell();
            }
            std::mem::take(&mut run.counts)
        });
        counts.add_to(&mut all);
        std::mem::forget(told);
    }
    seeded::begin(None);
    eprintln!("model: {} seeds {all:?}", seeds.len());
}

/// Says which seed a panic belongs to.
struct Told(u64);

impl Drop for Told {
    fn drop(&mut self) {
        eprintln!("model: the failing seed is WORPEN_MODEL_SEED={}", self.0);
    }
}

impl Counts {
    fn add_to(&self, all: &mut BTreeMap<&'static str, u64>) {
        let each = [
            ("steps", self.steps),
            ("commands", self.commands),
            ("executions", self.executions),
            ("effects", self.effects),
            ("links", self.links),
            ("link_breaks", self.breaks),
            ("server_crashes", self.server_crashes),
            ("node_crashes", self.node_crashes),
            ("power_cuts", self.power_cuts),
            ("duplicates", self.duplicates),
            ("reordered", self.reordered),
            ("replays", self.replays),
            ("stale_frames", self.stale),
            ("cancels", self.cancels),
        ];
        for (name, count) in each {
            *all.entry(name).or_default() += count;
        }
    }
}

/// Whether a verb may be done twice.
fn effect_of(verb: &str) -> Effect {
    How::of(verb).effect
}

/// Whether an execution ended so that it cannot have taken effect.
const fn had_no_effect(status: CommandStatus) -> bool {
    matches!(status, CommandStatus::Expired | CommandStatus::Refused)
}
