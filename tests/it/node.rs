//! A node that speaks the link's frames by hand, to say what a real agent would not.

use std::{collections::BTreeMap, time::Duration};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use futures_util::{SinkExt, StreamExt};
use jiff::Timestamp;
use tokio::net::TcpStream;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async, tungstenite::Message};
use worpen::{
    core::{
        digest::sha256_hex,
        envelope,
        invitation::{Token, join_message},
        signing::{PublicKey, SigningKey},
    },
    proto::{
        agent::HostFacts,
        container::{ContainerFacts, ContainerState},
        envelope::{
            AuditWitness, COMMAND_TYPE, CommandOrder, HELLO_TYPE, HelloProof, WELCOME_TYPE, WelcomeProof,
        },
        invitation::{JoinRequest, Joined},
        labels::Labels,
        link::{
            AgentFrame, CHALLENGE_HEADER, Heartbeat, Hello, Inventory, LinkErrorCode, Sequenced, ServerFrame,
        },
        telemetry::{MemoryUsage, Telemetry},
    },
    server,
};

use crate::harness::{TestServer, http};

/// A node with a key that joined.
#[derive(Clone)]
pub(crate) struct TestNode {
    pub(crate) joined: Joined,
    pub(crate) epoch: u64,
    pub(crate) instance: String,
    /// What its agent says that it can do.
    pub(crate) verbs: Vec<String>,
    /// What its agent keeps of the audit log.
    pub(crate) witness: Option<AuditWitness>,
    seed: [u8; 32],
    url: String,
}

/// An open link of a node.
pub(crate) struct TestLink {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    pub(crate) welcome: WelcomeProof,
    server_key: PublicKey,
}

/// Asks a server to take in a key with an invitation's token.
pub(crate) async fn join(url: &str, token: &str, seed: [u8; 32]) -> reqwest::Response {
    let (token, key) = (Token::parse(token).unwrap(), SigningKey::from_seed(&seed));
    let message = join_message(token.id, &sha256_hex(&token.secret), &key.public());
    let request = JoinRequest {
        invitation: token.id,
        public_key: key.public().to_string(),
        signature: URL_SAFE_NO_PAD.encode(key.sign(&message)),
        tls_key: None,
    };
    http().post(format!("{url}/api/v1/join")).json(&request).send().await.unwrap()
}

impl TestNode {
    /// A node that joined under this name.
    pub(crate) async fn joined(server: &TestServer, name: &str) -> Self {
        let invitation = server::invite_locally(&server.app, name).await.unwrap();
        let mut seed = [0; 32];
        seed[..name.len()].copy_from_slice(name.as_bytes());
        let joined = join(&server.url, &invitation.token, seed).await;
        assert_eq!(joined.status().as_u16(), 200);
        let joined: Joined = joined.json().await.unwrap();
        let (instance, verbs) = (format!("{name}-1"), vec!["docker.stop".into()]);
        Self { joined, epoch: 0, instance, verbs, witness: None, seed, url: server.url.clone() }
    }

    /// Opens a connection and says HELLO, with a proof over this challenge instead of the server's, if told.
    pub(crate) async fn hello(&self, challenge: Option<&str>) -> WebSocketStream<MaybeTlsStream<TcpStream>> {
        let url = format!("{}/ws/agent", self.url.replace("http", "ws"));
        let (mut socket, response) = connect_async(url).await.unwrap();
        let shown = response.headers()[CHALLENGE_HEADER].to_str().unwrap().to_owned();
        let proof = HelloProof {
            agent: self.joined.id,
            challenge: challenge.map_or(shown, str::to_owned),
            nonce: "nonce".into(),
            epoch: self.epoch,
            instance_nonce: self.instance.clone(),
            audit: self.witness.clone(),
        };
        let hello = Hello {
            verbs: Vec::new(),
            agent_id: self.joined.agent_id.clone(),
            site: self.joined.site.clone(),
            version: "test".into(),
            capabilities: self.verbs.clone(),
            host: HostFacts::default(),
            container_engine: None,
            labels: BTreeMap::new(),
            proof: Some(envelope::seal(&SigningKey::from_seed(&self.seed), HELLO_TYPE, &proof)),
        };
        let frame = AgentFrame::Hello(Box::new(hello));
        socket.send(Message::Text(serde_json::to_string(&frame).unwrap().into())).await.unwrap();
        socket
    }

    /// Links; the epoch that was offered is synced.
    pub(crate) async fn link(&mut self) -> TestLink {
        let mut link = self.link_unsynced().await;
        self.epoch = link.welcome.epoch;
        link.say(&self.heartbeat()).await;
        link
    }

    /// Links, but never syncs what it was offered, as when it crashed right then.
    pub(crate) async fn link_unsynced(&self) -> TestLink {
        let mut socket = self.hello(None).await;
        let ServerFrame::Welcome(welcome) = next(&mut socket).await else { panic!("expected WELCOME") };
        let server_key = PublicKey::parse(&self.joined.server_key).unwrap();
        let welcome: WelcomeProof =
            envelope::open(&[server_key], WELCOME_TYPE, &welcome.proof.unwrap()).unwrap();
        assert_eq!((welcome.agent, welcome.nonce.as_str()), (self.joined.id, "nonce"));
        TestLink { socket, welcome, server_key }
    }

    /// What the server answers to a HELLO that it refuses.
    pub(crate) async fn refused(&self) -> LinkErrorCode {
        let mut socket = self.hello(None).await;
        let ServerFrame::Error(error) = next(&mut socket).await else { panic!("expected ERROR") };
        error.code
    }

    /// A pulse.
    pub(crate) fn heartbeat(&self) -> AgentFrame {
        AgentFrame::Heartbeat(Heartbeat {
            agent_id: self.joined.agent_id.clone(),
            status: "ONLINE".into(),
            cpu: Some(1.0),
            ram: Some(2.0),
        })
    }

    /// A measurement at a moment.
    pub(crate) fn telemetry(&self, sequence: u64, timestamp: Timestamp) -> AgentFrame {
        let body = Telemetry {
            agent_id: self.joined.agent_id.clone(),
            timestamp,
            cpu_usage: 12.5,
            cpu_cores: vec![12.5],
            memory_usage: MemoryUsage::default(),
            disk_usage: BTreeMap::new(),
            load_average: [0.1, 0.2, 0.3],
            network_stats: BTreeMap::new(),
            container_count: None,
            service_status: BTreeMap::new(),
            uptime_s: Some(1),
        };
        AgentFrame::Telemetry(Box::new(Sequenced { sequence: Some(sequence), body }))
    }

    /// A full report of these containers, by id and state.
    pub(crate) fn inventory(sequence: u64, containers: &[(&str, ContainerState)]) -> AgentFrame {
        let containers = containers.iter().map(|(id, state)| container(id, *state)).collect();
        let body = Inventory { time: Timestamp::now(), container_engine: None, containers, images: vec![] };
        AgentFrame::Inventory(Sequenced { sequence: Some(sequence), body })
    }
}

/// A container whose name is `c-` and its id.
pub(crate) fn container(id: &str, state: ContainerState) -> ContainerFacts {
    ContainerFacts {
        id: id.into(),
        name: format!("c-{id}"),
        image: "busybox".into(),
        image_id: "sha256:0".into(),
        command: None,
        state,
        health: None,
        exit_code: None,
        created_at: None,
        started_at: None,
        finished_at: None,
        ports: vec![],
        labels: Labels::default(),
    }
}

impl TestLink {
    /// The connection itself.
    pub(crate) fn into_socket(self) -> WebSocketStream<MaybeTlsStream<TcpStream>> {
        self.socket
    }

    /// Sends a frame.
    pub(crate) async fn say(&mut self, frame: &AgentFrame) {
        self.say_text(serde_json::to_string(frame).unwrap()).await;
    }

    /// Sends a text message.
    pub(crate) async fn say_text(&mut self, text: String) {
        self.socket.send(Message::Text(text.into())).await.unwrap();
    }

    /// Sends a binary message.
    pub(crate) async fn say_bytes(&mut self, bytes: Vec<u8>) {
        self.socket.send(Message::Binary(bytes.into())).await.unwrap();
    }

    /// The next frame that is not an acknowledgement.
    pub(crate) async fn next(&mut self) -> ServerFrame {
        loop {
            match next(&mut self.socket).await {
                ServerFrame::Ack(_) => {}
                frame => return frame,
            }
        }
    }

    /// Waits until everything up to a sequence is acknowledged.
    pub(crate) async fn acknowledged(&mut self, sequence: u64) {
        loop {
            if let ServerFrame::Ack(ack) = next(&mut self.socket).await
                && ack.sequence >= sequence
            {
                return;
            }
        }
    }

    /// The next order, opened under the server's key.
    pub(crate) async fn order(&mut self) -> CommandOrder {
        let mut frame = self.next().await;
        // An answer that nobody reads any more may be called off before the next question comes.
        while matches!(frame, ServerFrame::Cancel(_) | ServerFrame::Credit(_)) {
            frame = self.next().await;
        }
        let ServerFrame::Command(sealed) = frame else { panic!("expected COMMAND") };
        envelope::open(&[self.server_key], COMMAND_TYPE, &sealed).unwrap()
    }

    /// Answers pings for ever, as a live agent that has nothing to say; returns what ends it.
    pub(crate) async fn idle(mut self) -> Option<LinkErrorCode> {
        loop {
            match self.socket.next().await {
                Some(Ok(Message::Text(text))) => {
                    if let Ok(ServerFrame::Error(error)) = serde_json::from_str(&text) {
                        return Some(error.code);
                    }
                }
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return None,
            }
        }
    }
}

async fn next(socket: &mut WebSocketStream<MaybeTlsStream<TcpStream>>) -> ServerFrame {
    loop {
        let message = tokio::time::timeout(Duration::from_secs(20), socket.next()).await;
        match message.expect("the server speaks within 20 s").expect("the link is open").unwrap() {
            Message::Text(text) => return serde_json::from_str(&text).unwrap(),
            Message::Close(_) => panic!("the server closed the link"),
            _ => {}
        }
    }
}
