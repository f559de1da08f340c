//! How fast commands go from a caller to a node and back, each on disk before it is acknowledged.
//!
//! `cargo bench --bench commands -- [directory]`; the directory must be on the disk that is to be measured. Three processes
//! share the machine: the server is this one, the simulated agents and the callers are this program started again, so that
//! what each takes of the cores is told apart. `AGENTS` (1000), `IDLE` (5000 commands), `SPAN` (10 s a load), `FANS` (20) from the
//! environment. With `HOLD` the server stays under a load of `CALLERS` (64)
//! for so many seconds, to be profiled.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a benchmark prints, and stops at what it cannot do"
)]

use std::{
    env, fs,
    io::Write as _,
    path::Path,
    process::{Child, Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use reqwest::Client;
use serde_json::{Value, json};
use tokio::{net::TcpListener, runtime::Runtime};
use tokio_util::sync::CancellationToken;
use worpen::{
    api::app::App,
    config::server::ServerConfig,
    core::{envelope, signing::SigningKey},
    id::{AgentId, CommandId, ExecutionId},
    proto::envelope::{COMMAND_TYPE, CommandOrder},
    server::{self, Server},
    sim::{self, Plan},
};

fn main() {
    let arguments: Vec<String> = env::args().skip(1).filter(|argument| !argument.starts_with("--")).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["agents", url, count, bytes] => agents(url, count.parse().unwrap(), bytes.parse().unwrap()),
        ["callers", url, load] => callers(url, &serde_json::from_str(load).unwrap()),
        [] => measure(tempfile::tempdir().unwrap().path()),
        [directory, ..] => measure(tempfile::tempdir_in(directory).unwrap().path()),
    }
}

fn number(name: &str, unless_told: usize) -> usize {
    env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(unless_told)
}

// ---- The process of the agents.

fn agents(url: &str, count: u32, output_bytes: u32) {
    let plan = Plan {
        token: env::var("WORPEN_TOKEN").ok(),
        containers: 3,
        ramp: Duration::from_millis(u64::from(count) * 4),
        duration: Duration::from_hours(2),
        output_bytes,
        ..Plan::new(url, count, u64::from(output_bytes) + 1)
    };
    let stop = CancellationToken::new();
    let told = stop.clone();
    // The other end of the pipe is the server's process: its end is this one's.
    std::thread::spawn(move || {
        let _ = std::io::stdin().read_line(&mut String::new());
        told.cancel();
    });
    let report = Runtime::new().unwrap().block_on(sim::run(plan, stop, |_| {})).unwrap();
    assert!(report.errors.is_empty(), "{report}");
}

// ---- The process of the callers.

/// So many callers at once for so long or so often, each naming so many agents; one line of numbers is printed.
fn callers(url: &str, load: &Value) {
    let names: Arc<Vec<String>> = Arc::new(serde_json::from_value(load["names"].clone()).unwrap());
    let at_once = load["at_once"].as_u64().unwrap() as usize;
    let most = load["most"].as_u64().unwrap() as usize;
    let deadline = Instant::now() + Duration::from_secs(load["seconds"].as_u64().unwrap());
    let all = load["all"].as_bool().unwrap();
    let token: Arc<str> = env::var("WORPEN_TOKEN").unwrap().into();
    let url: Arc<str> = format!("{url}/api/v1/commands?wait=60").into();
    let (client, given) = (http(), Arc::new(AtomicUsize::new(0)));
    let began = Instant::now();
    let mut took: Vec<u64> = Runtime::new().unwrap().block_on(async {
        let callers: Vec<_> = (0..at_once)
            .map(|_| {
                let (client, given, names) = (client.clone(), given.clone(), names.clone());
                let (token, url) = (token.clone(), url.clone());
                tokio::spawn(async move {
                    let mut took = Vec::new();
                    loop {
                        let turn = given.fetch_add(1, Relaxed);
                        if turn >= most || Instant::now() >= deadline {
                            return took;
                        }
                        let targets =
                            if all { &names[..] } else { std::slice::from_ref(&names[turn % names.len()]) };
                        let body =
                            json!({ "verb": "exec", "args": { "argv": ["true"] }, "agent_targets": targets });
                        let begun = Instant::now();
                        let answer = client.post(&*url).bearer_auth(&token).json(&body).send().await.unwrap();
                        let (status, text) = (answer.status(), answer.text().await.unwrap());
                        took.push(begun.elapsed().as_micros() as u64);
                        let ended = text.contains("\"status\":\"succeeded\"");
                        assert!(status.as_u16() == 200 && ended, "{status}: {text:.600}");
                    }
                })
            })
            .collect();
        let mut took = Vec::new();
        for caller in callers {
            took.extend(caller.await.unwrap());
        }
        took
    });
    let span = began.elapsed().as_secs_f64();
    took.sort_unstable();
    let at = |share: f64| took[((took.len() - 1) as f64 * share) as usize];
    println!(
        "{}",
        json!({ "count": took.len(), "span": span, "p50": at(0.5), "p99": at(0.99), "cpu": cpu("self") })
    );
}

/// A client for loopback that keeps its connections.
fn http() -> Client {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls =
        rustls::ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let tls = tls.with_root_certificates(rustls::RootCertStore::empty()).with_no_client_auth();
    Client::builder().tls_backend_preconfigured(tls).no_proxy().pool_max_idle_per_host(1024).build().unwrap()
}

// ---- The process of the server.

struct Site {
    app: Arc<App>,
    url: String,
    token: String,
}

fn measure(dir: &Path) {
    // Alone on the machine, before anything else runs.
    let parts = parts(dir);
    let (agents, span) = (number("AGENTS", 1_000), number("SPAN", 10));
    let runtime = Runtime::new().unwrap();
    let site = runtime.block_on(open(&dir.join("server")));
    if let Some(seconds) = env::var("HOLD").ok().and_then(|text| text.parse::<u64>().ok()) {
        let fleet = Fleet::start(&site, agents, 0);
        println!("the server is process {}", std::process::id());
        site.load("held", &fleet, &json!({ "at_once": number("CALLERS", 64), "seconds": seconds }));
        fleet.end();
        return;
    }
    println!("{agents} agents; three processes: the server, the agents, the callers");
    println!(
        "{:<44} {:>10} {:>8} {:>8}   CPU us an execution: {:>7} {:>7} {:>7}   store: {:>9} {:>10}",
        "what", "ended/s", "p50 ms", "p99 ms", "server", "agents", "callers", "a batch", "us a batch"
    );
    let fleet = Fleet::start(&site, agents, 0);
    // What is made once, such as connections and plans of statements, is made before.
    site.run(&fleet, &json!({ "at_once": 8, "seconds": 2 }));
    let idle = json!({ "at_once": 1, "most": number("IDLE", 5_000), "seconds": 120 });
    let idle = site.load("idle: one command in flight", &fleet, &idle);
    site.load("64 callers, one target each", &fleet, &json!({ "at_once": 64, "seconds": span }));
    site.load("256 callers, one target each", &fleet, &json!({ "at_once": 256, "seconds": span }));
    let fans = json!({ "at_once": 1, "most": number("FANS", 20), "seconds": 120, "all": true });
    site.load("one command to every agent", &fleet, &fans);
    fleet.end();
    let fleet = Fleet::start(&site, agents, 100);
    site.run(&fleet, &json!({ "at_once": 8, "seconds": 2 }));
    let idle_printing = json!({ "at_once": 1, "most": number("IDLE", 5_000) / 5, "seconds": 120 });
    site.load("100 bytes of output: one in flight", &fleet, &idle_printing);
    site.load("100 bytes of output: 64 callers", &fleet, &json!({ "at_once": 64, "seconds": span }));
    site.load("100 bytes of output: every agent", &fleet, &fans);
    fleet.end();
    println!();
    println!(
        "of one command's way while nothing else is in flight (p50 {:.0} us), alone on this machine:",
        idle.p50
    );
    for (what, micros) in parts {
        println!("  {what:<62} {micros:>8.1} us");
    }
}

async fn open(data: &Path) -> Site {
    let mut config = ServerConfig::resolve(Some("127.0.0.1:0"), data.to_owned(), |_| None).unwrap();
    // The load is what is measured, not the limit that is there against it.
    config.rate_limits.caller = 10_000_000;
    let server = Server::open(&config, CancellationToken::new()).await.unwrap();
    let listener = TcpListener::bind(config.listen).await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let app = server.app().clone();
    tokio::spawn(async move { server.serve(listener).await.unwrap() });
    let token = server::issue_key_locally(&app, "bench").await.unwrap().secret;
    Site { app, url, token }
}

/// Simulated agents in a process of their own.
struct Fleet {
    process: Child,
    names: Vec<String>,
}

impl Fleet {
    fn start(site: &Site, count: usize, output_bytes: u32) -> Self {
        let known: Vec<AgentId> = site.app.fleet.read().agents().map(|agent| agent.id).collect();
        let mut process = site.again(&["agents", &site.url, &count.to_string(), &output_bytes.to_string()]);
        let process = process.stdin(Stdio::piped()).spawn().unwrap();
        let deadline = Instant::now() + Duration::from_secs(120);
        let names = loop {
            let fleet = site.app.fleet.read();
            let linked =
                fleet.agents().filter(|agent| !known.contains(&agent.id) && fleet.is_linked(agent.id));
            let names: Vec<String> = linked.map(|agent| agent.agent_id.clone()).collect();
            drop(fleet);
            if names.len() == count {
                break names;
            }
            assert!(Instant::now() < deadline, "only {} of {count} agents came", names.len());
            std::thread::sleep(Duration::from_millis(50));
        };
        // Their first reports are taken meanwhile.
        std::thread::sleep(Duration::from_secs(2));
        Self { process, names }
    }

    fn end(mut self) {
        self.process.stdin.take().unwrap().write_all(b"\n").unwrap();
        assert!(self.process.wait().unwrap().success());
    }
}

impl Site {
    /// This program again, with words that say what it is.
    fn again(&self, words: &[&str]) -> Command {
        let mut command = Command::new(env::current_exe().unwrap());
        command.args(words).env("WORPEN_TOKEN", &self.token);
        command
    }

    /// Lets callers call; what they print.
    fn run(&self, fleet: &Fleet, load: &Value) -> Value {
        let mut whole = json!({ "most": usize::MAX, "all": false, "names": fleet.names });
        whole.as_object_mut().unwrap().extend(load.as_object().unwrap().clone());
        let mut callers = self.again(&["callers", &self.url, &whole.to_string()]);
        let output = callers.stderr(Stdio::inherit()).output().unwrap();
        assert!(output.status.success());
        serde_json::from_slice(&output.stdout).unwrap()
    }

    /// Lets callers call, and prints what that took.
    fn load(&self, what: &str, fleet: &Fleet, load: &Value) -> Row {
        let agents = fleet.process.id().to_string();
        let meter = &self.app.store_meter;
        let count = || (meter.batches.spread(), meter.commits.spread());
        let (batches, commits) = count();
        let (server_cpu, agents_cpu) = (cpu("self"), cpu(&agents));
        let told = self.run(fleet, load);
        let (server_cpu, agents_cpu) = (cpu("self") - server_cpu, cpu(&agents) - agents_cpu);
        let (batches_after, commits_after) = count();
        let targets = if load["all"] == true { fleet.names.len() } else { 1 };
        let ended = told["count"].as_f64().unwrap() * targets as f64;
        let row = Row { p50: told["p50"].as_f64().unwrap(), p99: told["p99"].as_f64().unwrap() };
        let synced = (commits_after.count() - commits.count()) as f64;
        println!(
            "{what:<44} {:>10.0} {:>8.2} {:>8.2}   {:>20} {:>7.1} {:>7.1} {:>7.1}   {:>6} {:>9.1} {:>10.0}",
            ended / told["span"].as_f64().unwrap(),
            row.p50 / 1e3,
            row.p99 / 1e3,
            "",
            server_cpu * 1e6 / ended,
            agents_cpu * 1e6 / ended,
            told["cpu"].as_f64().unwrap() * 1e6 / ended,
            "",
            (batches_after.sum - batches.sum) as f64 / synced,
            (commits_after.sum - commits.sum) as f64 / synced,
        );
        row
    }
}

/// How long half of the commands took, and all but one of a hundred, in microseconds.
struct Row {
    p50: f64,
    p99: f64,
}

/// CPU seconds of a process so far.
fn cpu(process: &str) -> f64 {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).unwrap();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
    // utime and stime, in hundredths of a second on Linux.
    (fields[11].parse::<f64>().unwrap() + fields[12].parse::<f64>().unwrap()) / 100.0
}

/// What the parts of a command's way take by themselves, in microseconds.
fn parts(dir: &Path) -> Vec<(&'static str, f64)> {
    let key = SigningKey::from_seed(&[7; 32]);
    let now = jiff::Timestamp::now();
    let order = CommandOrder {
        agent: AgentId::generate(),
        execution: ExecutionId::generate(),
        command: CommandId::generate(),
        verb: "exec".into(),
        args: json!({ "argv": ["true"] }),
        not_before: now,
        expires_at: now,
        timeout_s: 60,
        epoch: 1,
        sequence: 1,
        actor: "key:bench".into(),
        is_question: false,
        has_begun: false,
        precondition: None,
        output_bytes: 1024,
    };
    let sealed = envelope::seal(&key, COMMAND_TYPE, &order);
    let trusted = [key.public()];
    let sign = mean(2_000, || drop(envelope::seal(&key, COMMAND_TYPE, &order)));
    let verify = mean(2_000, || {
        envelope::open::<CommandOrder>(&trusted, COMMAND_TYPE, &sealed).unwrap();
    });
    let mut file = fs::OpenOptions::new().create(true).append(true).open(dir.join("append")).unwrap();
    let sync = mean(1_000, || {
        file.write_all(&[7; 512]).unwrap();
        file.sync_data().unwrap();
    });
    vec![
        ("an order made, signed and written as an envelope (server)", sign),
        ("an envelope verified and read (agent)", verify),
        ("one append of 512 B and fdatasync; a command is two commits", sync),
        ("one turn between two processes over loopback; a command is two", turn()),
    ]
}

fn mean(times: u32, mut act: impl FnMut()) -> f64 {
    let begun = Instant::now();
    (0..times).for_each(|_| act());
    begun.elapsed().as_secs_f64() * 1e6 / f64::from(times)
}

/// 256 bytes to another thread and back over TCP.
fn turn() -> f64 {
    use std::{
        io::Read as _,
        net::{TcpListener, TcpStream},
    };
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut here = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (mut there, _) = listener.accept().unwrap();
    here.set_nodelay(true).unwrap();
    there.set_nodelay(true).unwrap();
    std::thread::spawn(move || {
        let mut bytes = [0; 256];
        while there.read_exact(&mut bytes).is_ok() && there.write_all(&bytes).is_ok() {}
    });
    let mut bytes = [0; 256];
    mean(5_000, || {
        here.write_all(&bytes).unwrap();
        here.read_exact(&mut bytes).unwrap();
    })
}
