//! How fast changes are committed, beside what the disk and SQLite can do, measured in one run.
//!
//! `cargo bench --bench store -- [directory]`; the directory must be on the disk that is to be measured.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a benchmark prints, and stops at what it cannot do"
)]

use std::{
    fs::{self, OpenOptions},
    io::Write,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use jiff::Timestamp;
use rusqlite::{Connection, params_from_iter};
use serde_json::json;
use worpen::{
    core::{
        audit::{AuditEntry, Outcome},
        change::{Change, NewEvent, Rows, Statement, Value},
        port::store::{Observer, Store},
    },
    id::{AgentId, CommandId, ExecutionId},
    infra::store::SqliteStore,
    proto::event::{Event, EventKind},
};

const AGENTS: usize = 1_000;
const CALLERS: usize = 64;
const SPAN: Duration = Duration::from_secs(5);

fn main() {
    let dir = std::env::args().skip(1).find(|argument| !argument.starts_with('-'));
    let scratch = dir.map_or_else(tempfile::tempdir, tempfile::tempdir_in).unwrap();
    let dir = scratch.path().to_owned();
    let fleet = Fleet::new();
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_time().build().unwrap();

    println!("{:<52} {:>12} {:>9} {:>9}", "what", "per second", "p50 us", "p99 us");
    let sync = Row::of_latencies("append 512 B + fdatasync", append_and_sync(&dir));
    let single = Row::of_latencies("rusqlite, one row, WAL FULL", single_rows(&dir));
    let rows = Row::of_rate("rusqlite, rows, WAL FULL, batches of 1,000", batched_rows(&dir));
    let raw =
        Row::of_rate("rusqlite, 5+2 statements, batches of 64, in changes", batched_changes(&dir, &fleet));
    let change = Row::of_latencies("rusqlite, 5+2 statements, WAL FULL", single_changes(&dir, &fleet));
    let small = runtime.block_on(one_caller(&dir.join("small"), &fleet, Fleet::small_change));
    let small = Row::of_latencies("store, 1 caller, changes of 1+1", small);
    let alone = Row::of_latencies(
        "store, 1 caller, changes of 5+2",
        runtime.block_on(one_caller(&dir, &fleet, Fleet::change)),
    );
    let (many, cpu) = runtime.block_on(many_callers(&dir, &fleet, false));
    let many = Row::of_latencies("store, 64 callers, changes of 5+2", many);
    let (audited, _) = runtime.block_on(many_callers(&dir, &fleet, true));
    Row::of_latencies("store, 64 callers, changes of 5+2 and audit", audited);

    println!();
    println!(
        "one caller's p50 over one fdatasync          {:>8.2}   (goal: at most 1.50)",
        alone.p50 / sync.p50
    );
    println!("  of a change of 1+1                         {:>8.2}", small.p50 / sync.p50);
    println!("one caller's p50 over rusqlite's one row     {:>8.2}", alone.p50 / single.p50);
    println!("one caller's p50 over rusqlite's 5+2         {:>8.2}", alone.p50 / change.p50);
    println!("64 callers' changes/s                        {:>8.0}   (goal: at least 25,000)", many.rate);
    println!("  over rusqlite's changes/s                  {:>8.2}", many.rate / raw.rate);
    println!("  their statements over rusqlite's rows/s    {:>8.2}", 7.0 * many.rate / rows.rate);
    println!("  CPU, of one core                           {:>7.0} %", 100.0 * cpu);
    println!("SQLite {}, seed none (the work is the same each time)", rusqlite::version());
}

struct Row {
    rate: f64,
    p50: f64,
}

impl Row {
    fn of_latencies(what: &str, mut taken: Taken) -> Self {
        taken.each.sort_unstable();
        let at =
            |share: f64| taken.each[((taken.each.len() - 1) as f64 * share) as usize].as_secs_f64() * 1e6;
        let row = Self { rate: taken.each.len() as f64 / taken.span.as_secs_f64(), p50: at(0.5) };
        println!("{what:<52} {:>12.0} {:>9.0} {:>9.0}", row.rate, row.p50, at(0.99));
        row
    }

    fn of_rate(what: &str, rate: f64) -> Self {
        println!("{what:<52} {rate:>12.0} {:>9} {:>9}", "", "");
        Self { rate, p50: f64::NAN }
    }
}

/// How long each act took, and all together.
struct Taken {
    each: Vec<Duration>,
    span: Duration,
}

fn repeat(count: usize, mut act: impl FnMut(usize)) -> Taken {
    let start = Instant::now();
    let each = (0..count)
        .map(|index| {
            let start = Instant::now();
            act(index);
            start.elapsed()
        })
        .collect();
    Taken { each, span: start.elapsed() }
}

fn append_and_sync(dir: &Path) -> Taken {
    let mut file = OpenOptions::new().create(true).append(true).open(dir.join("append")).unwrap();
    repeat(5_000, |_| {
        file.write_all(&[7; 512]).unwrap();
        file.sync_data().unwrap();
    })
}

fn raw(dir: &Path, name: &str) -> Connection {
    let connection = Connection::open(dir.join(name)).unwrap();
    connection.set_prepared_statement_cache_capacity(64);
    connection.pragma_update(None, "journal_mode", "WAL").unwrap();
    connection.pragma_update(None, "synchronous", "FULL").unwrap();
    connection.pragma_update(None, "temp_store", "MEMORY").unwrap();
    connection.execute_batch(include_str!("../src/infra/store/migration/control/0001_spine.sql")).unwrap();
    connection
}

const EVENT: &str = "INSERT INTO events (id, kind, subject, time, actor, correlation, causation, data)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";

fn event_values(event: &NewEvent) -> [Value; 8] {
    [
        event.id.to_string().into(),
        event.kind.as_str().into(),
        event.subject.clone().into(),
        event.time.into(),
        event.actor.clone().into(),
        event.correlation.clone().into(),
        event.causation.map(|id| id.to_string()).into(),
        (&event.data).into(),
    ]
}

fn execute(connection: &Connection, sql: &str, values: &[Value]) {
    connection.prepare_cached(sql).unwrap().execute(params_from_iter(values)).unwrap();
}

fn single_rows(dir: &Path) -> Taken {
    let connection = raw(dir, "single.db");
    let event = event_values(&event(0));
    repeat(5_000, |_| execute(&connection, EVENT, &event))
}

fn batched_rows(dir: &Path) -> f64 {
    let connection = raw(dir, "rows.db");
    let event = event_values(&event(0));
    let start = Instant::now();
    for _ in 0..500 {
        connection.execute_batch("BEGIN IMMEDIATE").unwrap();
        for _ in 0..1_000 {
            execute(&connection, EVENT, &event);
        }
        connection.execute_batch("COMMIT").unwrap();
    }
    500_000.0 / start.elapsed().as_secs_f64()
}

fn run(connection: &Connection, change: Change) {
    for statement in change.statements {
        execute(connection, statement.sql, &statement.values);
    }
    for event in change.events {
        execute(connection, EVENT, &event_values(&event));
    }
}

fn single_changes(dir: &Path, fleet: &Fleet) -> Taken {
    let connection = raw(dir, "change.db");
    run(&connection, fleet.enrolled());
    repeat(5_000, |index| {
        connection.prepare_cached("BEGIN IMMEDIATE").unwrap().execute([]).unwrap();
        run(&connection, fleet.change(index));
        connection.prepare_cached("COMMIT").unwrap().execute([]).unwrap();
    })
}

fn batched_changes(dir: &Path, fleet: &Fleet) -> f64 {
    let connection = raw(dir, "changes.db");
    run(&connection, fleet.enrolled());
    let mut spent = Duration::ZERO;
    for batch in 0..1_000 {
        let changes: Vec<_> = (0..64).map(|index| fleet.change(batch * 64 + index)).collect();
        let start = Instant::now();
        connection.execute_batch("BEGIN IMMEDIATE").unwrap();
        changes.into_iter().for_each(|change| run(&connection, change));
        connection.execute_batch("COMMIT").unwrap();
        spent += start.elapsed();
    }
    64_000.0 / spent.as_secs_f64()
}

async fn one_caller(dir: &Path, fleet: &Fleet, change: fn(&Fleet, usize) -> Change) -> Taken {
    let store = fleet.store(&dir.join("alone")).await;
    let start = Instant::now();
    let mut each = Vec::new();
    for index in 0..5_000 {
        let change = change(fleet, index);
        let asked = Instant::now();
        store.commit(change).await.unwrap();
        each.push(asked.elapsed());
    }
    Taken { each, span: start.elapsed() }
}

async fn many_callers(dir: &Path, fleet: &Fleet, audited: bool) -> (Taken, f64) {
    let store = Arc::new(fleet.store(&dir.join(format!("many-{audited}"))).await);
    let turn = Arc::new(AtomicU64::new(0));
    let (start, cpu) = (Instant::now(), cpu_time());
    let callers: Vec<_> = (0..CALLERS)
        .map(|_| {
            let (store, turn, fleet) = (Arc::clone(&store), Arc::clone(&turn), fleet.clone());
            tokio::spawn(async move {
                let mut each = Vec::new();
                while start.elapsed() < SPAN {
                    let mut change = fleet.change(turn.fetch_add(1, Ordering::Relaxed) as usize);
                    change.audit = audited.then(entry);
                    let asked = Instant::now();
                    store.commit(change).await.unwrap();
                    each.push(asked.elapsed());
                }
                each
            })
        })
        .collect();
    let mut each = Vec::new();
    for caller in callers {
        each.extend(caller.await.unwrap());
    }
    let span = start.elapsed();
    (Taken { each, span }, (cpu_time() - cpu).as_secs_f64() / span.as_secs_f64())
}

/// What this process has used of all cores (proc(5), ticks of 10 ms).
fn cpu_time() -> Duration {
    let stat = fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<_> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
    let ticks: u64 = fields[11..13].iter().map(|field| field.parse::<u64>().unwrap()).sum();
    Duration::from_millis(10 * ticks)
}

struct Nobody;

impl Observer for Nobody {
    fn committed(&self, _: &[Event]) {}
}

/// The agents that the changes are about.
#[derive(Clone)]
struct Fleet {
    agents: Arc<[String]>,
}

impl Fleet {
    fn new() -> Self {
        Self { agents: (0..AGENTS).map(|_| AgentId::generate().to_string()).collect() }
    }

    async fn store(&self, dir: &Path) -> SqliteStore {
        let store = SqliteStore::open(dir, Arc::new(Nobody)).unwrap();
        store.commit(self.enrolled()).await.unwrap();
        store
    }

    fn enrolled(&self) -> Change {
        let sql = "INSERT INTO agents (id, agent_id, site, status, status_since, capabilities, labels, host,
                created_at, public_key, epoch, offered_epoch, ingested)
            VALUES (?1, ?2, 'eu', 'ONLINE', ?3, '[]', '{}', '{}', ?3, 'key', 1, 1, 0)";
        self.agents.iter().enumerate().fold(Change::new(), |change, (index, id)| {
            change.write(write(
                "agent.join",
                sql,
                vec![id.clone().into(), format!("node-{index:04}").into(), Timestamp::now().into()],
            ))
        })
    }

    /// What an agent's acknowledgement writes: the agent, and an event.
    fn small_change(&self, index: usize) -> Change {
        Change::new()
            .write(write(
                "agent.seen",
                "UPDATE agents SET last_seen_at = ?2, ingested = ingested + 1 WHERE id = ?1 AND removed_at IS NULL",
                vec![self.agents[index % AGENTS].clone().into(), Timestamp::now().into()],
            ))
            .event(event(index))
    }

    /// What dispatching one command writes: a claim, a command, an execution, the agent and a container.
    fn change(&self, index: usize) -> Change {
        let agent = || Value::from(self.agents[index % AGENTS].clone());
        let command = CommandId::generate().to_string();
        let now = Timestamp::now();
        let [queued, started] = [event(index), event(index)];
        Change::new()
            .write(write(
                "idempotency.claim",
                "INSERT INTO idempotency (caller, endpoint, key, body_hash, resource, created_at)
                VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                vec![
                    "user:ada".into(),
                    "RestartContainer".into(),
                    command.clone().into(),
                    "5f2b6c0d9b".into(),
                    command.clone().into(),
                    now.into(),
                ],
            ))
            .write(write(
                "command.create",
                "INSERT INTO commands (id, verb, args, actor, created_at, expires_at, timeout_s, correlation_id)
                VALUES (?1, 'docker.restart', ?2, 'user:ada', ?3, ?3, 30, ?1)",
                vec![command.clone().into(), r#"{"container":"nginx","timeout_s":10}"#.into(), now.into()],
            ))
            .write(write(
                "execution.create",
                "INSERT INTO executions (id, command_id, agent, node, attempt, status, cause)
                VALUES (?1, ?2, ?3, 'node', 1, 'started', ?4)",
                vec![
                    ExecutionId::generate().to_string().into(),
                    command.into(),
                    agent(),
                    queued.id.to_string().into(),
                ],
            ))
            .write(write(
                "agent.seen",
                "UPDATE agents SET last_seen_at = ?2, ingested = ingested + 1 WHERE id = ?1 AND removed_at IS NULL",
                vec![agent(), now.into()],
            ))
            .write(write(
                "container.put",
                "INSERT INTO containers (agent, id, facts) VALUES (?1, ?2, ?3)
                ON CONFLICT (agent, id) DO UPDATE SET facts = excluded.facts",
                vec![agent(), "4f66ad9a0b2e".into(), FACTS.into()],
            ))
            .event(queued)
            .event(started)
    }
}

const FACTS: &str = r#"{"id":"4f66ad9a0b2e","name":"nginx","image":"nginx:1.27","image_id":"sha256:9bea9f2796e2","state":"running","health":"healthy","exit_code":null,"created_at":"2026-08-01T00:00:00Z","started_at":"2026-08-01T00:00:00Z","ports":["127.0.0.1:8080->80/tcp"],"labels":{"com.docker.compose.project":"shop","com.docker.compose.service":"web"}}"#;

fn write(name: &'static str, sql: &'static str, values: Vec<Value>) -> Statement {
    Statement { name, sql, values, rows: Rows::Exactly(1) }
}

fn event(index: usize) -> NewEvent {
    let data = json!({"verb": "docker.restart", "args": {"container": "nginx"}, "status": "queued", "attempt": 1,
        "node": "node-0001", "actor": "user:ada", "note": "a rolling restart after the new certificate"});
    NewEvent::new(EventKind::CommandQueued, Timestamp::now(), "user:ada", data)
        .about(format!("node-{:04}", index % AGENTS))
        .correlated("0198a1b2-7c3d-7e4f-8a5b-6c7d8e9f0a1b")
}

fn entry() -> AuditEntry {
    AuditEntry {
        time: Timestamp::now(),
        actor: "user:ada".to_owned(),
        address: Some("192.0.2.7".to_owned()),
        action: "container.restart".to_owned(),
        resource: "container/node-0001/nginx".to_owned(),
        outcome: Outcome::Done,
        correlation: Some("0198a1b2-7c3d-7e4f-8a5b-6c7d8e9f0a1b".to_owned()),
        detail: json!({"command": "docker.restart"}),
    }
}
