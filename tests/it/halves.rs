//! The two halves as processes of their own: killed, restarted, told to end.

use std::{
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
};

use jiff::Timestamp;
use serde_json::Value;

use crate::harness::{http, until};

/// A process that ends with the test.
pub(crate) struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended by itself; then there is nothing to end.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Process {
    fn worpen(arguments: &[&str], folder: &Path) -> Self {
        Self::worpen_on("unix:///nonexistent.sock", arguments, folder)
    }

    /// The same with a container engine.
    pub(crate) fn worpen_on(engine: &str, arguments: &[&str], folder: &Path) -> Self {
        let child = Command::new(env!("CARGO_BIN_EXE_worpen"))
            .args(arguments)
            .env("WORPEN_CONFIG_DIR", folder.join("config"))
            .env("WORPEN_AGENT_MANAGEMENT_PORT", "0")
            .env("AGENT_HEARTBEAT_INTERVAL", "1")
            .env("TELEMETRY_COLLECTION_INTERVAL", "1")
            .env("DOCKER_HOST", engine)
            .env_remove("JWT_SECRET")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        Self(child)
    }

    /// A server, and the line of JSON that it prints once it is ready.
    pub(crate) fn server(listen: &str, folder: &Path) -> (Self, Value) {
        let data = folder.join("server");
        let mut server =
            Self::worpen(&["server", "--listen", listen, "--data", data.to_str().unwrap()], folder);
        let ready = server.line();
        (server, ready)
    }

    /// The next line on standard output.
    fn line(&mut self) -> Value {
        let mut line = String::new();
        BufReader::new(self.0.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: '{line}'"))
    }

    pub(crate) fn signal(&self, name: &str) {
        let pid = self.0.id().to_string();
        assert!(Command::new("kill").args([name, &pid]).status().unwrap().success());
    }

    /// Its exit code, once it ended.
    async fn ended(&mut self) -> Option<i32> {
        let mut status = None;
        until("the process ends", || {
            status = self.0.try_wait().unwrap();
            status.is_some()
        })
        .await;
        status.and_then(|status| status.code())
    }
}

/// A token of the first admin.
pub(crate) async fn sign_in(ready: &Value) -> String {
    let password = std::fs::read_to_string(ready["admin_password_file"].as_str().unwrap()).unwrap();
    let body = serde_json::json!({ "username": "admin", "password": password.trim() });
    let url = format!("{}/api/v1/auth/login", ready["server"].as_str().unwrap());
    let answer: Value = http().post(url).json(&body).send().await.unwrap().json().await.unwrap();
    answer["token"].as_str().unwrap().to_owned()
}

/// When the node was measured, as the server tells it.
async fn history(ready: &Value, token: &str) -> Vec<Timestamp> {
    let url = format!("{}/api/v1/agents/web-1/telemetry?limit=1000", ready["server"].as_str().unwrap());
    let Ok(answer) = http().get(url).bearer_auth(token).send().await else { return vec![] };
    let page: Value = answer.json().await.unwrap();
    let items = page["items"].as_array().cloned().unwrap_or_default();
    items.iter().map(|item| item["timestamp"].as_str().unwrap().parse().unwrap()).collect()
}

/// Waits until the node was measured so often.
async fn measured(ready: &Value, token: &str, times: usize) -> Vec<Timestamp> {
    loop {
        let history = history(ready, token).await;
        if history.len() >= times {
            return history;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn a_server_that_is_killed_leaves_no_gap_and_no_duplicate() {
    let folder = tempfile::tempdir().unwrap();
    let (server, ready) = Process::server("127.0.0.1:0", folder.path());
    let token = sign_in(&ready).await;
    let url = ready["server"].as_str().unwrap().to_owned();
    let invite = http().post(format!("{url}/api/v1/invitations")).bearer_auth(&token);
    let invite = invite.json(&serde_json::json!({ "name": "web-1" })).send().await.unwrap();
    let invitation: Value = invite.json().await.unwrap();
    let data = folder.path().join("agent");
    let join = invitation["token"].as_str().unwrap();
    let arguments = ["agent", "--server", &url, "--join", join, "--data", data.to_str().unwrap()];
    let mut agent = Process::worpen(&arguments, folder.path());
    let before = measured(&ready, &token, 3).await;
    server.signal("-KILL");
    drop(server);
    let killed = *before.last().unwrap();
    until("the outage lasted 4 s", || killed.duration_until(Timestamp::now()).as_secs() >= 5).await;
    let (mut server, ready) = Process::server(url.trim_start_matches("http://"), folder.path());
    let after = measured(&ready, &token, before.len() + 7).await;
    for pair in after.windows(2) {
        let step = pair[0].duration_until(pair[1]).as_millis();
        assert!((1..=1900).contains(&step), "measurements {step} ms apart: {after:?}");
    }
    assert_eq!(after[..before.len()], before, "what was acknowledged is there");

    agent.signal("-TERM");
    assert_eq!(agent.ended().await, Some(0), "an agent that is told to end ends well");
    server.signal("-TERM");
    assert_eq!(server.ended().await, Some(0), "a server that is told to end ends well");
}

#[tokio::test]
async fn dev_is_ready_with_one_line_and_goes_on_with_its_data() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("dev");
    let arguments = ["dev", "--listen", "127.0.0.1:0", "--data", data.to_str().unwrap(), "--name", "web-1"];
    let mut tokens = Vec::new();
    for _ in 0..2 {
        let mut dev = Process::worpen(&arguments, folder.path());
        let ready = dev.line();
        assert_eq!(ready["context"], "dev");
        let file = ready["token_file"].as_str().unwrap();
        assert_eq!(std::fs::metadata(file).unwrap().permissions().mode() & 0o777, 0o600);
        let token = std::fs::read_to_string(file).unwrap();
        assert!(!ready.to_string().contains(token.trim()), "the token is in its file alone");
        tokens.push(token);
        let listed = Command::new(env!("CARGO_BIN_EXE_worpen"))
            .args(["agents", "ls", "-o", "json"])
            .env("WORPEN_CONFIG_DIR", folder.path().join("config"))
            .output()
            .unwrap();
        let agents: Value = serde_json::from_slice(&listed.stdout).unwrap();
        assert_eq!(
            (agents[0]["agent_id"].as_str(), agents[0]["status"].as_str()),
            (Some("web-1"), Some("ONLINE"))
        );
        assert_eq!(agents.as_array().unwrap().len(), 1, "the second start is the same agent");
        dev.signal("-INT");
        assert_eq!(dev.ended().await, Some(0));
    }
    assert_eq!(tokens[0], tokens[1]);
}
