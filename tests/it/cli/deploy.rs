//! `tests/deploy.sh` against a real server: a script that lives by exit codes and `--jq` alone.

use std::{
    path::Path,
    process::{Command, Stdio},
    time::Duration,
};

use jiff::Timestamp;
use serde_json::Value;
use tokio::task::{JoinHandle, spawn_blocking};
use tokio_util::sync::CancellationToken;
use worpen::{
    proto::{
        command::CommandStatus,
        container::ContainerState::Running,
        link::{AgentFrame, CommandResult, Sequenced},
        user::Role,
    },
    sim::{self, Plan},
};

use crate::{
    harness::{TestServer, http, until},
    node::TestNode,
};

/// Simulated agents that go when they are dropped.
struct Agents(CancellationToken, JoinHandle<()>);

impl Agents {
    async fn come(server: &TestServer, prefix: &str, count: u32, failures: f64) -> Self {
        let plan = Plan {
            token: Some(server.admin().await),
            prefix: prefix.into(),
            containers: 3,
            ramp: Duration::from_millis(100),
            duration: Duration::from_secs(600),
            failures,
            ..Plan::new(&server.url, count, 11)
        };
        let stop = CancellationToken::new();
        let told = stop.clone();
        let running = tokio::spawn(async move {
            sim::run(plan, told, |_| {}).await.unwrap();
        });
        Self(stop, running)
    }

    async fn go(self) {
        self.0.cancel();
        self.1.await.unwrap();
    }
}

/// A node that takes every order and says nothing but this; `None` says nothing at all.
async fn node(server: &TestServer, name: &str, says: Option<CommandStatus>) -> JoinHandle<()> {
    let mut node = TestNode::joined(server, name).await;
    node.verbs = ["docker.stop", "docker.restart"].map(str::to_owned).to_vec();
    let mut link = node.link().await;
    link.say(&TestNode::inventory(1, &[(name, Running)])).await;
    link.acknowledged(1).await;
    tokio::spawn(async move {
        for sequence in 2.. {
            // It speaks from time to time, as a node does: the script takes a while to come to it.
            let order = loop {
                tokio::select! {
                    order = link.order() => break order,
                    () = tokio::time::sleep(Duration::from_millis(400)) => link.say(&node.heartbeat()).await,
                }
            };
            let Some(status) = says else { continue };
            let body = CommandResult {
                command_id: order.command,
                execution_id: Some(order.execution),
                status,
                result: None,
                error_message: Some("the node's policy forbids it".into()),
                time: Some(Timestamp::now()),
                started_at: None,
                not_begun: false,
                output: None,
            };
            link.say(&AgentFrame::CommandResult(Sequenced { sequence: Some(sequence), body })).await;
        }
    })
}

async fn listed(server: &TestServer, path: &str) -> Vec<Value> {
    let answer = http().get(server.at(path)).bearer_auth(server.admin().await).send().await.unwrap();
    let page: Value = answer.json().await.unwrap();
    page["items"].as_array().cloned().unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_script_deploys_checks_and_stops_on_three_nodes_and_handles_each_failure_by_its_code() {
    let server = TestServer::start_with(Duration::from_secs(1)).await;
    let good = Agents::come(&server, "good", 3, 0.0).await;
    let bad = Agents::come(&server, "bad", 1, 1.0).await;
    let guarded = node(&server, "guarded", Some(CommandStatus::Refused)).await;
    let slow = node(&server, "slow", None).await;
    let fleet = server.app.fleet.clone();
    until("every container is known", || fleet.read().containers().count() == 14).await;
    let agents = listed(&server, "/api/v1/agents?limit=100").await;
    let names: Vec<&str> = agents.iter().filter_map(|agent| agent["agent_id"].as_str()).collect();
    let nodes: Vec<&str> = names.iter().copied().filter(|name| name.starts_with("good")).collect();
    let failing = listed(&server, "/api/v1/containers?limit=100").await;
    let failing = failing.iter().find(|container| {
        container["state"] == "running" && container["node"].as_str().unwrap().starts_with("bad")
    });
    let failing = failing.unwrap()["id"].as_str().unwrap().to_owned();
    let home = tempfile::tempdir().unwrap();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/deploy.sh");
    let mut command = Command::new("sh");
    command
        .arg(script)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("WORPEN", env!("CARGO_BIN_EXE_worpen"))
        .env("WORPEN_CONFIG_DIR", home.path())
        .env("WORPEN_SERVER", &server.url)
        .env("WORPEN_TOKEN", server.admin().await)
        .env("VIEWER_TOKEN", server.token(Role::Viewer).await)
        .env("NODES", nodes.join(" "))
        // Simulated agents pull nothing.
        .env("IMAGE", "")
        .env("FAILING", failing)
        .env("GUARDED", "guarded/c-guarded")
        .env("SLOW", "slow/c-slow")
        .stdin(Stdio::null());
    let ran = spawn_blocking(move || command.output().unwrap()).await.unwrap();
    let out = String::from_utf8_lossy(&ran.stdout);
    assert!(ran.status.success(), "{out}{}", String::from_utf8_lossy(&ran.stderr));
    for code in ["0:", "1:", "2:", "3:", "4:", "5:", "6:", "7:", "8:", "9:", "130:"] {
        assert!(out.lines().any(|line| line.starts_with(code)), "{code} was not handled:\n{out}");
    }
    for node in [guarded, slow] {
        node.abort();
    }
    good.go().await;
    bad.go().await;
}
