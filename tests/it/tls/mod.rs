//! TLS: where agents are managed by certificates, and where callers call.

mod api;
mod link;
mod refused;
mod rotation;

use std::{fs, path::Path, sync::Arc, time::Duration};

use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use rustls::{
    ClientConfig,
    pki_types::{PrivatePkcs8KeyDer, ServerName},
};
use serde_json::Value;
use tempfile::TempDir;
use tokio::{net::TcpStream, task::JoinHandle};
use tokio_rustls::{TlsConnector, client::TlsStream};
use tokio_util::sync::CancellationToken;
use worpen::{
    agent::{self, RunError},
    config::{
        agent::AgentConfig,
        trust::{self, ByAuthority},
    },
    core::signing::SigningKey,
    proto::{agent::AgentStatus, certificate::SERVER_NAME, invitation::Joined},
    server,
};

use crate::harness::{TestServer, http, until};

/// A node whose agent joined with certificates.
struct Node {
    folder: TempDir,
    config: AgentConfig,
}

/// An agent that runs.
struct Running {
    stop: CancellationToken,
    agent: JoinHandle<Result<(), RunError>>,
}

/// What an agent has on disk, read.
struct Kept {
    key: SigningKey,
    joined: Joined,
    certificate: Vec<u8>,
    tls_key: Vec<u8>,
    serial: String,
    not_after: jiff::Timestamp,
    authorities: Vec<Vec<u8>>,
}

/// A server whose agents' certificates hold for so many seconds.
async fn server(life_s: u64) -> TestServer {
    TestServer::start_told(|config| {
        config.certificate_life = Duration::from_secs(life_s);
        config.heartbeat_interval = Duration::from_secs(1);
    })
    .await
}

impl Node {
    async fn joined(server: &TestServer, name: &str) -> Self {
        let invitation = server::invite_locally(&server.app, name).await.unwrap();
        Self::joined_with(server, &invitation.token).await
    }

    async fn joined_with(server: &TestServer, token: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut config = AgentConfig::new(server.agents.clone(), folder.path());
        config.docker = "unix:///nonexistent.sock".into();
        agent::join(&config, token).await.unwrap();
        Self { folder, config }
    }

    fn run(&self) -> Running {
        let stop = CancellationToken::new();
        Running { agent: tokio::spawn(agent::run(self.config.clone(), stop.clone())), stop }
    }

    fn identity(&self) -> Value {
        serde_json::from_slice(&fs::read(self.folder.path().join("identity.json")).unwrap()).unwrap()
    }

    fn write_identity(&self, identity: &Value) {
        fs::write(self.folder.path().join("identity.json"), identity.to_string()).unwrap();
    }

    fn kept(&self) -> Kept {
        let identity = self.identity();
        let seed = URL_SAFE_NO_PAD.decode(identity["seed"].as_str().unwrap()).unwrap();
        let membership = &identity["membership"];
        let held = &membership["certificate"];
        let decoded = |value: &Value| STANDARD.decode(value.as_str().unwrap()).unwrap();
        Kept {
            key: SigningKey::from_seed(seed.as_slice().try_into().unwrap()),
            joined: serde_json::from_value(membership["joined"].clone()).unwrap(),
            certificate: decoded(&held["certificate"]),
            tls_key: decoded(&held["key"]),
            serial: held["serial"].as_str().unwrap().to_owned(),
            not_after: held["not_after"].as_str().unwrap().parse().unwrap(),
            authorities: membership["authorities"].as_array().unwrap().iter().map(decoded).collect(),
        }
    }
}

impl Running {
    async fn stop(self) {
        self.stop.cancel();
        self.agent.await.unwrap().unwrap();
    }
}

impl Kept {
    /// How this node shakes hands.
    fn config(&self) -> ClientConfig {
        let key = PrivatePkcs8KeyDer::from(self.tls_key.clone());
        self.judging().with_client_auth_cert(vec![self.certificate.clone().into()], key.into()).unwrap()
    }

    fn judging(&self) -> rustls::ConfigBuilder<ClientConfig, rustls::client::WantsClientCert> {
        let judge = ByAuthority::new(self.authorities.iter().map(Vec::as_slice), SERVER_NAME).unwrap();
        trust::client().unwrap().dangerous().with_custom_certificate_verifier(Arc::new(judge))
    }
}

/// A connection to where agents are managed.
async fn connect(server: &TestServer, config: ClientConfig) -> std::io::Result<TlsStream<TcpStream>> {
    let address = server.agents.trim_start_matches("https://");
    let stream = TcpStream::connect(address).await.unwrap();
    let name = ServerName::try_from(SERVER_NAME).unwrap();
    TlsConnector::from(Arc::new(config)).connect(name, stream).await
}

/// What the server answers to `GET` on a connection; the error when it ends it instead.
async fn get(stream: &mut TlsStream<TcpStream>, path: &str) -> std::io::Result<String> {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let upgrade = "connection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\n\
                   sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
    let request = format!("GET {path} HTTP/1.1\r\nhost: a\r\n{upgrade}\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut answer = [0; 1024];
    let read = stream.read(&mut answer).await?;
    Ok(String::from_utf8_lossy(&answer[..read]).into_owned())
}

fn status(server: &TestServer, name: &str) -> Option<AgentStatus> {
    server.app.fleet.read().agent(name).ok().map(|agent| agent.status)
}

async fn online(server: &TestServer, name: &str) {
    until(&format!("{name} is ONLINE"), || status(server, name) == Some(AgentStatus::Online)).await;
}

/// The events of a kind, oldest first.
async fn story(server: &TestServer, kind: &str) -> Vec<Value> {
    let path = format!("/api/v1/events/history?types={kind}&limit=1000");
    let answer = http().get(server.at(&path)).bearer_auth(server.admin().await).send().await.unwrap();
    let answer: Value = answer.json().await.unwrap();
    answer["items"].as_array().unwrap().clone()
}

/// `POST` as an admin.
async fn post(server: &TestServer, path: &str, body: &Value) -> (u16, Value) {
    let answer =
        http().post(server.at(path)).bearer_auth(server.admin().await).json(body).send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

/// Copies what lies in a folder.
fn copy(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            fs::copy(&path, to.join(path.file_name().unwrap())).unwrap();
        }
    }
}
