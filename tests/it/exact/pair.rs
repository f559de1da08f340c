//! A real server and two real agents as processes, what callers give them, and what their programs did.

use std::{
    collections::BTreeMap,
    fs,
    io::{BufRead, BufReader},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::harness::http;

/// The nodes.
pub(super) const NODES: [&str; 2] = ["web-1", "web-2"];
/// A verb of the site that may be done twice.
const MARK: &str = "mark";

/// A process that is killed when this goes.
pub(super) struct Process {
    child: Child,
    /// Where it is to end by itself.
    pub(super) point: String,
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Process {
    fn start(arguments: &[&str], folder: &Path, failpoints: &str) -> Self {
        let child = Command::new(env!("CARGO_BIN_EXE_worpen"))
            .args(arguments)
            .env("FAILPOINTS", failpoints)
            .env("WORPEN_CONFIG", "")
            .env("WORPEN_BACKUP_RECIPIENTS", fs::read_to_string(folder.join("recipient")).unwrap_or_default())
            .env("WORPEN_CONFIG_DIR", folder.join("config"))
            .env("AGENT_HEARTBEAT_INTERVAL", "1")
            .env("WORPEN_AUDIT_HEADS_INTERVAL", "1")
            .env("DOCKER_HOST", "unix:///nonexistent.sock")
            .env("WORPEN_AGENT_MANAGEMENT_PORT", "0")
            // The disks whose power is cut are small.
            .env("WORPEN_DATABASE_BALLAST_BYTES", "1048576")
            .env("WORPEN_DATABASE_MIN_FREE_BYTES", "0")
            .env_remove("JWT_SECRET")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        Self { child, point: failpoints.split('=').next().unwrap_or_default().to_owned() }
    }

    pub(super) fn id(&self) -> u32 {
        self.child.id()
    }

    pub(super) fn has_ended(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }

    pub(super) fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Where a server and its agents keep what they keep.
pub(super) struct Place {
    /// Their data.
    pub(super) data: PathBuf,
    /// What their programs did.
    pub(super) notes: PathBuf,
    /// `127.0.0.1:PORT`.
    pub(super) listen: String,
    pub(super) token: String,
}

impl Place {
    /// Starts a server and has the agents join; then all are ended.
    pub(super) async fn prepare(data: PathBuf, notes: PathBuf) -> Self {
        fs::create_dir_all(&data).unwrap();
        fs::create_dir_all(&notes).unwrap();
        let mut place = Self { data, notes, listen: "127.0.0.1:0".into(), token: String::new() };
        let (server, ready) = place.server("").expect("a server starts");
        place.listen = ready["server"].as_str().unwrap().trim_start_matches("http://").to_owned();
        place.sign_in().await;
        for node in NODES {
            let body = json!({ "name": node });
            let invitation = place.post("/api/v1/invitations", &body, None).await.unwrap();
            place.define_mark(node);
            let data = place.data.join(node);
            let url = format!("http://{}", place.listen);
            let join = invitation["token"].as_str().unwrap();
            let arguments = ["agent", "--server", &url, "--join", join, "--data", data.to_str().unwrap()];
            let _agent = Process::start(&arguments, &place.data, "");
            place.until_online(node).await;
        }
        drop(server);
        place
    }

    /// Signs the first admin in.
    pub(super) async fn sign_in(&mut self) {
        self.token.clear();
        let password = fs::read_to_string(self.data.join("server/admin-password")).unwrap();
        let body = json!({ "username": "admin", "password": password.trim() });
        let login = self.post("/api/v1/auth/login", &body, None).await.unwrap();
        self.token = login["token"].as_str().unwrap().to_owned();
    }

    /// The site's verb, in a node's folder of verbs.
    fn define_mark(&self, node: &str) {
        let verbs = self.data.join(node).join("verbs");
        fs::create_dir_all(&verbs).unwrap();
        for folder in [&self.data.join(node), &verbs] {
            fs::set_permissions(folder, fs::Permissions::from_mode(0o700)).unwrap();
        }
        let manifest = format!(
            "about = \"notes that it ran\"\nprogram = \"{MARK}.sh\"\nidempotent = true\ntimeout_s = 20\n[schema]\n\
             type = \"object\"\n"
        );
        fs::write(verbs.join(format!("{MARK}.toml")), manifest).unwrap();
        let program = verbs.join(format!("{MARK}.sh"));
        let note = self.notes.join("marks");
        fs::write(&program, format!("#!/bin/sh\nread -r args\necho \"$args\" >> {}\n", note.display()))
            .unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(0o700)).unwrap();
    }

    pub(super) async fn until_online(&self, node: &str) {
        for _ in 0..600 {
            let agent = self.get(&format!("/api/v1/agents/{node}")).await.unwrap_or_default();
            let knows = agent["capabilities"].as_array().is_some_and(|verbs| verbs.contains(&MARK.into()));
            if agent["status"] == "ONLINE" && knows {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("{node} did not link");
    }

    /// Starts the server; `None` when it ended before it was ready.
    pub(super) fn server(&self, failpoints: &str) -> Option<(Process, Value)> {
        let data = self.data.join("server");
        let arguments = ["server", "--listen", &self.listen, "--data", data.to_str().unwrap()];
        let mut server = Process::start(&arguments, &self.data, failpoints);
        let mut line = String::new();
        BufReader::new(server.child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        serde_json::from_str(&line).ok().map(|ready| (server, ready))
    }

    /// Starts an agent that joined.
    pub(super) fn agent(&self, node: &str, failpoints: &str) -> Process {
        let data = self.data.join(node);
        Process::start(&["agent", "--data", data.to_str().unwrap()], &self.data, failpoints)
    }

    pub(super) async fn post(&self, path: &str, body: &Value, key: Option<&str>) -> Option<Value> {
        let mut request = http().post(format!("http://{}{path}", self.listen)).json(body);
        if !self.token.is_empty() {
            request = request.bearer_auth(&self.token);
        }
        if let Some(key) = key {
            request = request.header("Idempotency-Key", key);
        }
        let answer = request.timeout(Duration::from_secs(5)).send().await.ok()?;
        answer.status().is_success().then_some(())?;
        answer.json().await.ok()
    }

    pub(super) async fn get(&self, path: &str) -> Option<Value> {
        let request = http().get(format!("http://{}{path}", self.listen)).bearer_auth(&self.token);
        let answer = request.timeout(Duration::from_secs(5)).send().await.ok()?;
        answer.status().is_success().then_some(())?;
        answer.json().await.ok()
    }

    /// How often each label was noted.
    pub(super) fn noted(&self, file: &str) -> BTreeMap<String, usize> {
        let mut counts = BTreeMap::new();
        for line in fs::read_to_string(self.notes.join(file)).unwrap_or_default().lines() {
            *counts.entry(line.to_owned()).or_default() += 1;
        }
        counts
    }
}

/// What callers give, and what they were told.
pub(super) struct Load {
    place: Arc<Place>,
    /// The command of each label that was acknowledged.
    acknowledged: Arc<Mutex<BTreeMap<String, String>>>,
    stopped: Arc<AtomicBool>,
    callers: JoinSet<()>,
}

impl Load {
    /// Callers that give one command after the other, each as often as it takes to hear of it.
    pub(super) fn start(place: &Arc<Place>, run: &str, callers: usize) -> Self {
        let mut load = Self {
            place: Arc::clone(place),
            acknowledged: Arc::default(),
            stopped: Arc::default(),
            callers: JoinSet::new(),
        };
        let next = Arc::new(AtomicU64::new(0));
        for _ in 0..callers {
            let (place, acknowledged) = (Arc::clone(place), Arc::clone(&load.acknowledged));
            let (stopped, next, run) = (Arc::clone(&load.stopped), Arc::clone(&next), run.to_owned());
            load.callers.spawn(async move {
                while !stopped.load(Ordering::Acquire) {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    let (label, body) = command(&place, &run, number);
                    while !stopped.load(Ordering::Acquire) {
                        let given = place.post("/api/v1/commands?wait=0", &body, Some(&label)).await;
                        if let Some(id) = given.as_ref().and_then(|given| given["id"].as_str()) {
                            acknowledged.lock().unwrap().insert(label, id.to_owned());
                            break;
                        }
                        tokio::time::sleep(Duration::from_millis(20)).await;
                    }
                    tokio::time::sleep(Duration::from_millis(40)).await;
                }
            });
        }
        load
    }

    /// How many commands were acknowledged.
    pub(super) fn acknowledged(&self) -> usize {
        self.acknowledged.lock().unwrap().len()
    }

    /// The commands that were acknowledged, by their labels.
    pub(super) fn commands(&self) -> BTreeMap<String, String> {
        self.acknowledged.lock().unwrap().clone()
    }

    /// Ends it, with whatever is on its way.
    pub(super) fn abort(&mut self) {
        self.stopped.store(true, Ordering::Release);
        self.callers.abort_all();
    }

    /// Ends it: every caller hears of what it gave, or gives up.
    pub(super) async fn stop(&mut self) {
        self.stopped.store(true, Ordering::Release);
        while self.callers.join_next().await.is_some() {}
    }

    /// Waits until everything that was acknowledged has ended, and holds it against what the programs noted.
    pub(super) async fn check(&self) -> Tally {
        let acknowledged = self.acknowledged.lock().unwrap().clone();
        let mut tally = Tally { commands: acknowledged.len(), ..Tally::default() };
        let mut ends = BTreeMap::new();
        for (label, id) in &acknowledged {
            ends.insert(label, self.ended(id).await);
        }
        // A program that outlived its agent may still be about to note something.
        tokio::time::sleep(Duration::from_millis(300)).await;
        let (acts, marks) = (self.place.noted("acts"), self.place.noted("marks"));
        for (label, command) in ends {
            let executions = command["executions"].as_array().unwrap();
            let count = |wanted: &str| executions.iter().filter(|it| it["status"] == wanted).count();
            let (succeeded, unknown) = (count("succeeded"), count("unknown"));
            tally.executions += executions.len();
            tally.unknown += unknown;
            if command["verb"] == MARK {
                let noted =
                    marks.iter().filter(|(line, _)| line.contains(&format!("\"{label}\""))).map(|(_, n)| n);
                assert!(noted.sum::<usize>() >= succeeded, "{label} succeeded and did nothing: {command}");
                continue;
            }
            let noted = acts.get(label).copied().unwrap_or(0);
            tally.effects += noted;
            assert!(
                noted >= succeeded,
                "{label} succeeded {succeeded} times and did it {noted} times: {command}"
            );
            assert!(noted <= succeeded + unknown, "{label} was done {noted} times: {command}");
        }
        for (label, noted) in &acts {
            let targets = if label.contains("both") { 2 } else { 1 };
            assert!(*noted <= targets, "{label} was done {noted} times on {targets} nodes");
        }
        tally
    }

    async fn ended(&self, id: &str) -> Value {
        let mut command = Value::Null;
        for _ in 0..2400 {
            if let Some(found) = self.place.get(&format!("/api/v1/commands/{id}")).await {
                if !found["ended_at"].is_null() {
                    return found;
                }
                command = found;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("{id} was acknowledged and does not end: {command}");
    }
}

/// What was counted.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) commands: usize,
    pub(super) executions: usize,
    pub(super) effects: usize,
    pub(super) unknown: usize,
}

/// A command and its label. Most note a line that must be there once; some may be done twice, and some go to both nodes in
/// turn.
fn command(place: &Place, run: &str, number: u64) -> (String, Value) {
    let note = place.notes.join("acts");
    let both = number % 7 == 3;
    let label = format!("{run}-{number}{}", if both { "-both" } else { "" });
    let script = format!("echo {label} >> {}; echo done", note.display());
    let act = json!({ "argv": ["/bin/sh", "-c", script] });
    let node = NODES[usize::try_from(number % 2).unwrap()];
    let expires_at = (jiff::Timestamp::now() + jiff::SignedDuration::from_hours(1)).to_string();
    let mut body = json!({ "verb": "exec", "args": act, "agent_targets": [node], "timeout_s": 20,
        "expires_at": expires_at });
    if both {
        body["agent_targets"] = json!(NODES);
        body["rollout"] = json!({ "batch": 1, "max_failures": 10 });
    } else if number % 5 == 1 {
        body["verb"] = MARK.into();
        body["args"] = json!({ "label": label });
        body["max_retries"] = 3.into();
    }
    (label, body)
}
