//! A client in another language, written from the documents: it joins, reports, obeys, and is missed when it is killed.

use std::{
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

use serde_json::{Value, json};
use worpen::proto::agent::AgentStatus::{self, Offline, Online, Unknown};

use crate::{
    foreign::Foreign,
    harness::{TestServer, http, until},
    support::absent,
};

/// A client that ends with the test.
struct Client(Child);

impl Client {
    /// Starts it; `None` where there is no Python.
    fn start(server: &TestServer, foreign: &Foreign) -> Option<Self> {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/agent/plain_client.py");
        let address = server.url.trim_start_matches("http://");
        let started = Command::new("python3")
            .arg(script)
            .args([address, &foreign.token, &foreign.name, "production"])
            .stdin(Stdio::null())
            .spawn();
        if started.is_err() {
            absent("python3");
        }
        started.ok().map(Self)
    }

    /// Ends it as a crash would.
    fn kill(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        // It may have ended by itself; then there is nothing to end.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn status(server: &TestServer) -> AgentStatus {
    server.app.fleet.read().agent("gateway-001").unwrap().status
}

async fn get(server: &TestServer, path: &str) -> Value {
    let answer = http().get(server.at(path)).bearer_auth(server.admin().await).send().await.unwrap();
    answer.json().await.unwrap()
}

#[tokio::test]
async fn a_python_client_joins_reports_obeys_and_is_missed() {
    let server = TestServer::start_with(Duration::from_secs(1)).await;
    let foreign = Foreign::of(&server, "gateway-001").await;
    let Some(mut client) = Client::start(&server, &foreign) else { return };
    let id = server.app.fleet.read().agent("gateway-001").unwrap().id;
    until("it reports", || server.app.fleet.read().telemetry(id).is_some()).await;
    assert_eq!(status(&server), Online);
    let agent = get(&server, "/api/v1/agents/gateway-001").await;
    assert_eq!(agent["capabilities"], json!(["create_user"]));
    assert_eq!(agent["telemetry"]["memory_usage"]["percent"], json!(25.0));
    assert_eq!(agent["telemetry"]["load_average"], json!([0.5, 0.25, 0.125]));
    let body = json!({ "verb": "create_user", "args": { "username": "testuser" }, "agent_targets": ["gateway-001"] });
    let given =
        http().post(server.at("/api/v1/commands?wait=20")).bearer_auth(server.admin().await).json(&body);
    let command: Value = given.send().await.unwrap().json().await.unwrap();
    assert_eq!(command["status"], "succeeded", "{command}");
    assert_eq!(command["executions"][0]["result"], json!({ "created": "testuser" }));
    client.kill();
    until("it is unknown", || status(&server) == Unknown).await;
    until("it is offline", || status(&server) == Offline).await;
    server.stop().await;
}
