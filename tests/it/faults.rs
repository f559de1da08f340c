//! Disks that fail under an agent: what is written is not there, or cannot be written at all.

use std::{
    fs::{self, File},
    io::{Seek, SeekFrom, Write},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use serde_json::{Value, json};
use worpen::config::agent::AgentConfig;

use crate::{
    harness::{TestServer, http, until},
    support::absent,
};

/// An agent as a process of its own, and what it was told to do.
struct Node {
    agent: Option<Child>,
    folder: tempfile::TempDir,
    url: String,
}

impl Drop for Node {
    fn drop(&mut self) {
        self.kill();
    }
}

impl Node {
    /// Joins a server as `web-1`.
    async fn join(server: &TestServer) -> Self {
        let invitation = worpen::server::invite_locally(&server.app, "web-1").await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        worpen::agent::join(&AgentConfig::new(&server.url, &data), &invitation.token).await.unwrap();
        let mut node = Self { agent: None, folder, url: server.url.clone() };
        node.start();
        until_status(server, "ONLINE").await;
        node
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn start(&mut self) {
        let log = File::options().create(true).append(true).open(self.folder.path().join("log")).unwrap();
        let child = Command::new(env!("CARGO_BIN_EXE_worpen"))
            .args(["agent", "--server", &self.url, "--data", self.data().to_str().unwrap()])
            .env("WORPEN_CONFIG", "")
            .env("WORPEN_CONFIG_DIR", self.folder.path().join("config"))
            .env("DOCKER_HOST", "unix:///nonexistent.sock")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn();
        self.agent = Some(child.unwrap());
    }

    fn kill(&mut self) {
        if let Some(mut agent) = self.agent.take() {
            let _ = agent.kill();
            let _ = agent.wait();
        }
    }

    fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap()
    }

    /// What a file in its folder says, if it is there: how often a program ran.
    fn marks(&self) -> usize {
        fs::read_to_string(self.mark()).map_or(0, |text| text.lines().count())
    }

    fn mark(&self) -> PathBuf {
        self.folder.path().join("marks")
    }

    /// Breaks system calls of the agent until what is returned goes.
    fn breaks(&self, calls: &str, error: &str) -> Broken {
        let pid = self.agent.as_ref().unwrap().id().to_string();
        let inject = format!("inject={calls}:error={error}");
        let report = self.folder.path().join("strace");
        let strace = Command::new("strace")
            .args(["-f", "-qq", "-e", &format!("trace={calls}"), "-e", &inject, "-o"])
            .arg(&report)
            .args(["-p", &pid])
            .stdin(Stdio::null())
            .spawn()
            .unwrap();
        Broken(strace)
    }

    /// Whether somebody traces each of its threads.
    fn is_traced(&self) -> bool {
        let pid = self.agent.as_ref().unwrap().id();
        fs::read_dir(format!("/proc/{pid}/task")).unwrap().all(|task| {
            let status = fs::read_to_string(task.unwrap().path().join("status")).unwrap_or_default();
            status.lines().any(|line| line.starts_with("TracerPid:") && !line.ends_with("\t0"))
        })
    }
}

/// A tracer that breaks system calls; when it goes they work again.
struct Broken(Child);

impl Drop for Broken {
    fn drop(&mut self) {
        // It lets go of the agent and ends.
        let _ = Command::new("kill").args(["-INT", &self.0.id().to_string()]).status();
        let _ = self.0.wait();
    }
}

fn has_strace() -> bool {
    let found = Command::new("strace").arg("-V").output().is_ok_and(|output| output.status.success());
    if !found {
        absent("strace");
    }
    found
}

async fn status(server: &TestServer) -> String {
    let answer = http().get(server.at("/api/v1/agents/web-1")).bearer_auth(server.admin().await).send().await;
    let agent: Value = answer.unwrap().json().await.unwrap();
    agent["status"].as_str().unwrap_or_default().to_owned()
}

async fn until_status(server: &TestServer, wanted: &str) {
    let deadline = tokio::time::Instant::now() + Duration::from_secs(30);
    while status(server).await != wanted {
        assert!(tokio::time::Instant::now() < deadline, "web-1 did not become {wanted}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// Has the node run a program that leaves a mark, and says how that ended.
async fn mark(server: &TestServer, node: &Node) -> Value {
    let script = format!("echo ran >> {}", node.mark().display());
    let body = json!({ "verb": "exec", "args": { "argv": ["sh", "-c", script] }, "agent_targets": ["web-1"], "timeout_s": 5 });
    let request = http().post(server.at("/api/v1/commands?wait=20")).bearer_auth(server.admin().await);
    let answer = request.json(&body).send().await.unwrap();
    assert!(answer.status().is_success(), "{}", answer.text().await.unwrap());
    answer.json().await.unwrap()
}

async fn short_beats() -> TestServer {
    TestServer::start_with(Duration::from_secs(1)).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disk_that_cannot_sync_lets_nothing_begin_is_told_and_recovers() {
    if !has_strace() {
        return;
    }
    let server = short_beats().await;
    let node = Node::join(&server).await;
    assert_eq!(mark(&server, &node).await["status"], "succeeded");
    assert_eq!(node.marks(), 1);

    let broken = node.breaks("fdatasync,fsync", "EIO");
    until("the agent is traced", || node.is_traced()).await;
    let refused = mark(&server, &node).await;
    assert_eq!(node.marks(), 1, "what cannot be journalled does not begin");
    assert_ne!(refused["status"], "succeeded", "{refused}");
    until_status(&server, "DEGRADED").await;
    assert!(node.log().contains("the agent's state cannot be written"), "{}", node.log());

    drop(broken);
    until_status(&server, "ONLINE").await;
    assert_eq!(mark(&server, &node).await["status"], "succeeded");
    assert_eq!(node.marks(), 2);
    assert!(node.log().contains("can be written again"), "{}", node.log());
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_lets_nothing_begin_is_told_and_recovers() {
    if !has_strace() {
        return;
    }
    let server = short_beats().await;
    let node = Node::join(&server).await;
    let broken = node.breaks("pwrite64", "ENOSPC");
    until("the agent is traced", || node.is_traced()).await;
    let refused = mark(&server, &node).await;
    assert_eq!(node.marks(), 0, "what cannot be journalled does not begin");
    assert_ne!(refused["status"], "succeeded", "{refused}");
    until_status(&server, "DEGRADED").await;

    drop(broken);
    until_status(&server, "ONLINE").await;
    assert_eq!(mark(&server, &node).await["status"], "succeeded");
    assert_eq!(node.marks(), 1, "what was refused is not done later");
    server.stop().await;
}

/// Overwrites pages of a file.
fn scribble(path: &Path, from: u64, bytes: usize) {
    let mut file = File::options().write(true).open(path).unwrap();
    file.seek(SeekFrom::Start(from)).unwrap();
    file.write_all(&vec![0xa5; bytes]).unwrap();
    file.sync_all().unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_damaged_state_is_set_aside_said_and_costs_no_second_run() {
    let server = short_beats().await;
    let mut node = Node::join(&server).await;
    assert_eq!(mark(&server, &node).await["status"], "succeeded");
    node.kill();
    let state = node.data().join("state.db");
    let length = fs::metadata(&state).unwrap().len();
    scribble(&state, 0, usize::try_from(length.min(16 * 1024)).unwrap());
    let _ = fs::remove_file(node.data().join("state.db-wal"));
    node.start();
    until("the damage is said", || node.log().contains("was damaged and is set aside")).await;
    let aside = || {
        fs::read_dir(node.data())
            .unwrap()
            .any(|file| file.unwrap().file_name().to_string_lossy().starts_with("state.db.corrupt-"))
    };
    assert!(aside(), "the damaged file is kept for whoever looks");
    until_status(&server, "ONLINE").await;
    // New orders are as safe as ever; old ones have no journal, and are not done.
    assert_eq!(mark(&server, &node).await["status"], "succeeded");
    assert_eq!(node.marks(), 2);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_order_from_before_the_journal_was_lost_is_answered_as_unknown() {
    let server = short_beats().await;
    let mut node = Node::join(&server).await;
    node.kill();
    until_status(&server, "UNKNOWN").await;
    // Given while the node is away; for all that a node without its journal knows, it had it and did it.
    let script = format!("echo ran >> {}", node.mark().display());
    let body = json!({ "verb": "exec", "args": { "argv": ["sh", "-c", script] }, "agent_targets": ["web-1"], "timeout_s": 60 });
    let request = http().post(server.at("/api/v1/commands?wait=0")).bearer_auth(server.admin().await);
    let given: Value = request.json(&body).send().await.unwrap().json().await.unwrap();
    for file in ["state.db", "state.db-wal", "state.db-shm"] {
        let _ = fs::remove_file(node.data().join(file));
    }
    node.start();
    until("the loss is said", || node.log().contains("the agent's state is gone")).await;
    let path = format!("/api/v1/commands/{}?wait=20", given["id"].as_str().unwrap());
    let answer = http().get(server.at(&path)).bearer_auth(server.admin().await).send().await.unwrap();
    let ended: Value = answer.json().await.unwrap();
    assert_eq!(ended["status"], "unknown", "{ended}");
    assert_eq!(node.marks(), 0);
    assert_eq!(mark(&server, &node).await["status"], "succeeded");
    server.stop().await;
}
