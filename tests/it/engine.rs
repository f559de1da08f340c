//! A server and an agent on a real container engine: what is asked of it, and what is brought to it.

mod follow;
mod frames;
mod image;
mod log;
mod terminal;
mod usage;

use std::time::Duration;

use reqwest::Response;
use serde_json::Value;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use worpen::{agent::RunError, config::agent::AgentConfig, proto::user::Role, server};

use crate::{
    agent::docker,
    harness::{TestServer, http, until},
};

/// Held by tests that clean up: an engine cleans up once at a time, and what one leaves another would take.
static CLEANING: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

/// A server with one node, `web-1`, on the real engine.
struct Whole {
    server: TestServer,
    token: String,
    stop: CancellationToken,
    agent: JoinHandle<Result<(), RunError>>,
    _data: tempfile::TempDir,
}

impl Whole {
    /// Starts both; waits until the node is linked and its engine is known.
    async fn start() -> Self {
        let server = TestServer::start_with(Duration::from_secs(1)).await;
        let data = tempfile::tempdir().unwrap();
        let config = AgentConfig { docker: docker::socket(), ..AgentConfig::new(&server.url, data.path()) };
        let invitation = server::invite_locally(&server.app, "web-1").await.unwrap();
        worpen::agent::join(&config, &invitation.token).await.unwrap();
        let stop = CancellationToken::new();
        let agent = tokio::spawn(worpen::agent::run(config, stop.clone()));
        let token = server.token(Role::Operator).await;
        let whole = Self { server, token, stop, agent, _data: data };
        let app = whole.server.app.clone();
        until("the node reports its engine", || {
            let fleet = app.fleet.read();
            fleet.agents().any(|agent| agent.container_engine.is_some()) && fleet.images().count() > 0
        })
        .await;
        whole
    }

    /// Waits until the server knows of a container.
    async fn knows(&self, id: &str) {
        let app = self.server.app.clone();
        until("the server knows the container", || {
            app.fleet.read().containers().any(|container| container.facts.id == id)
        })
        .await;
    }

    async fn get(&self, path: &str) -> Response {
        self.get_as(&self.token, path).await
    }

    async fn get_as(&self, token: &str, path: &str) -> Response {
        http().get(self.server.at(path)).bearer_auth(token).send().await.unwrap()
    }

    async fn get_objects(&self, path: &str) -> Response {
        let request = http().get(self.server.at(path)).bearer_auth(&self.token);
        request.header("accept", "application/x-ndjson").send().await.unwrap()
    }

    async fn post(&self, path: &str, body: &Value) -> (u16, Value) {
        let request = http().post(self.server.at(path)).bearer_auth(&self.token).json(body);
        let answer = request.send().await.unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap())
    }

    async fn end(self) {
        self.stop.cancel();
        self.agent.await.unwrap().unwrap();
        self.server.stop().await;
    }
}
