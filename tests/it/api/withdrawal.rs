//! Revoking, quarantining and replacing an agent that resists: it comes and goes, or tells of its executions, right before each
//! change is written.

use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use async_trait::async_trait;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use futures_util::StreamExt;
use jiff::Timestamp;
use serde_json::json;
use tokio::time::timeout;
use worpen::{
    core::{
        change::{Change, CommitError, Committed, Conflict},
        digest::sha256_hex,
        invitation::{Token, join_message},
        port::{links::Links, store::Store},
        signing::SigningKey,
        usecase::{
            Origin,
            admit::{self, Proven},
            enroll::{self, Enroll},
            presence, settle,
        },
    },
    id::{AgentId, ExecutionId},
    proto::{
        agent::{
            AgentStatus::{self, Offline, Online, Quarantined, Revoked, Unknown},
            HostFacts,
        },
        command::CommandStatus,
        envelope::HelloProof,
        invitation::{JoinRequest, Joined},
        link::{CommandResult, Hello, LinkErrorCode},
    },
};

use super::{get, post};
use crate::{
    foreign::Foreign,
    harness::{TestServer, http, until},
    node::{TestNode, join},
};

fn origin() -> Origin {
    Origin::server(Timestamp::now(), "test")
}

fn status(server: &TestServer) -> AgentStatus {
    server.app.fleet.read().agent("web-1").unwrap().status
}

/// What an agent does right before each change is written.
enum Resists {
    /// Its link comes or goes.
    ComesAndGoes,
    /// It tells that an execution begins.
    Begins(ExecutionId),
    /// It tells of its executions however often they are read.
    NeverRests,
}

/// The store of a server under an agent that resists.
struct Resisted<'a> {
    server: &'a TestServer,
    agent: AgentId,
    how: Resists,
    tries: AtomicUsize,
}

impl<'a> Resisted<'a> {
    fn by(server: &'a TestServer, agent: AgentId, how: Resists) -> Self {
        Self { server, agent, how, tries: AtomicUsize::new(0) }
    }
}

#[async_trait]
impl Store for Resisted<'_> {
    async fn commit(&self, change: Change) -> Result<Committed, CommitError> {
        let app = &self.server.app;
        let first = self.tries.fetch_add(1, Ordering::Relaxed) == 0;
        match self.how {
            Resists::ComesAndGoes => {
                let now = status(self.server);
                let next = if now == Online { Unknown } else { Online };
                presence::move_to(&*app.store, &app.fleet, self.agent, next, "again", &origin())
                    .await
                    .unwrap();
                assert_ne!(status(self.server), now, "it stands otherwise than it was read");
            }
            Resists::Begins(execution) if first => {
                let record = app.records.execution(execution).await.unwrap().unwrap();
                let begun = CommandResult {
                    command_id: record.command,
                    execution_id: Some(execution),
                    status: CommandStatus::Succeeded,
                    result: None,
                    error_message: None,
                    time: None,
                    started_at: Some(Timestamp::now()),
                    not_begun: false,
                    output: None,
                };
                settle::settle(&*app.store, &*app.records, self.agent, None, &begun, &origin())
                    .await
                    .unwrap();
            }
            Resists::NeverRests if change.statements.iter().any(|one| one.name.starts_with("execution.")) => {
                return Err(CommitError::Conflict(Conflict { statement: "execution.end" }));
            }
            _ => {}
        }
        app.store.commit(change).await
    }
}

/// An agent that has two commands to do still.
async fn busy(server: &TestServer) -> (TestNode, [ExecutionId; 2]) {
    let mut node = TestNode::joined(server, "web-1").await;
    node.verbs = vec!["exec".into()];
    let mut link = node.link().await;
    let mut executions = Vec::new();
    for _ in 0..2 {
        let body = json!({ "verb": "exec", "args": { "argv": ["true"] }, "agent_targets": ["web-1"] });
        let (code, command) = post(server, "/api/v1/commands?wait=0", &body, None).await;
        assert_eq!(code, 202, "{command}");
        executions.push(link.order().await.execution);
    }
    (node, executions.try_into().unwrap())
}

async fn ends(server: &TestServer, executions: [ExecutionId; 2]) -> Vec<CommandStatus> {
    let mut ends = Vec::new();
    for execution in executions {
        ends.push(server.app.records.execution(execution).await.unwrap().unwrap().status);
    }
    ends
}

#[tokio::test]
async fn an_agent_that_comes_and_goes_cannot_fend_off_its_revocation() {
    let server = TestServer::start().await;
    let node = TestNode::joined(&server, "web-1").await;
    let store = Resisted::by(&server, node.joined.id, Resists::ComesAndGoes);
    let agent = server.app.fleet.read().agent("web-1").unwrap().clone();
    // The guard was the status as it was read: each reconnection made it a 409.
    presence::revoke(&store, &*server.app.records, &agent, None, &origin()).await.unwrap();
    assert_eq!(status(&server), Revoked);
    let again = presence::revoke(&*server.app.store, &*server.app.records, &agent, None, &origin()).await;
    assert!(again.unwrap_err().to_string().contains("already"), "also when it was read before");
    let key = server.app.records.agent_link(agent.id).await.unwrap().unwrap().public_key;
    let late = presence::quarantine(&*server.app.store, &agent, &key, "late", &origin()).await.unwrap();
    assert_eq!((late, status(&server)), (false, Revoked), "revoked is for good");
    server.stop().await;
}

#[tokio::test]
async fn an_agent_that_comes_and_goes_cannot_fend_off_its_quarantine() {
    let server = TestServer::start().await;
    let node = TestNode::joined(&server, "web-1").await;
    let record = server.app.records.agent_link(node.joined.id).await.unwrap().unwrap();
    let store = Resisted::by(&server, node.joined.id, Resists::ComesAndGoes);
    let other =
        presence::quarantine(&*server.app.store, &record.agent, "another key", "two", &origin()).await;
    assert!(!other.unwrap(), "whose place was taken brings no quarantine upon who took it");
    let done = presence::quarantine(&store, &record.agent, &record.public_key, "two", &origin()).await;
    assert!(done.unwrap());
    assert_eq!(status(&server), Quarantined);
    server.stop().await;
}

#[tokio::test]
async fn an_agent_that_tells_of_its_work_cannot_fend_off_its_revocation() {
    let server = TestServer::start().await;
    let (node, executions) = busy(&server).await;
    let agent = server.app.fleet.read().agent("web-1").unwrap().clone();
    let store = Resisted::by(&server, node.joined.id, Resists::Begins(executions[0]));
    presence::revoke(&store, &*server.app.records, &agent, None, &origin()).await.unwrap();
    assert_eq!(status(&server), Revoked);
    assert_eq!(ends(&server, executions).await, [CommandStatus::Succeeded, CommandStatus::Unknown]);
    server.stop().await;
}

#[tokio::test]
async fn an_agent_that_never_rests_is_revoked_all_the_same() {
    let server = TestServer::start().await;
    let (node, executions) = busy(&server).await;
    let agent = server.app.fleet.read().agent("web-1").unwrap().clone();
    let store = Resisted::by(&server, node.joined.id, Resists::NeverRests);
    presence::revoke(&store, &*server.app.records, &agent, None, &origin()).await.unwrap();
    assert_eq!(status(&server), Revoked);
    let open = ends(&server, executions).await;
    assert!(!open.contains(&CommandStatus::Unknown), "they end by their time: {open:?}");
    server.stop().await;
}

/// Joins with a token under a key of one byte, as the API does, through a store.
async fn join_through(server: &TestServer, store: &dyn Store, token: &str, seed: u8) -> Joined {
    let (token, key) = (Token::parse(token).unwrap(), SigningKey::from_seed(&[seed; 32]));
    let message = join_message(token.id, &sha256_hex(&token.secret), &key.public());
    let request = JoinRequest {
        invitation: token.id,
        public_key: key.public().to_string(),
        signature: URL_SAFE_NO_PAD.encode(key.sign(&message)),
        tls_key: None,
    };
    let current = server.app.trust.current();
    let ports = Enroll { store, ..server.app.enroll(&current) };
    enroll::join(ports, &request, None, &origin()).await.unwrap().joined
}

async fn replacement(server: &TestServer) -> String {
    let (code, invitation) = post(server, "/api/v1/agents/web-1/replacement", &json!({}), None).await;
    assert_eq!(code, 201, "{invitation}");
    invitation["token"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn an_agent_that_comes_and_goes_cannot_fend_off_its_replacement() {
    let server = TestServer::start().await;
    let mut node = TestNode::joined(&server, "web-1").await;
    drop(node.link().await);
    drop(node.link().await);
    until("its link ended", || status(&server) == Unknown).await;
    let token = replacement(&server).await;
    let store = Resisted::by(&server, node.joined.id, Resists::ComesAndGoes);
    let joined = join_through(&server, &store, &token, 9).await;
    assert_eq!(
        (joined.id, joined.epoch),
        (node.joined.id, node.epoch),
        "it goes on from the epoch before it"
    );
    assert_eq!(status(&server), Offline);
    assert_eq!(node.refused().await, LinkErrorCode::NotProven);
    server.stop().await;
}

#[tokio::test]
async fn a_link_that_was_proven_before_its_machine_was_replaced_is_not_admitted() {
    let server = TestServer::start().await;
    let node = TestNode::joined(&server, "web-1").await;
    let record = server.app.records.agent_link(node.joined.id).await.unwrap().unwrap();
    let token = replacement(&server).await;
    assert_eq!(join(&server.url, &token, [9; 32]).await.status().as_u16(), 200);
    // What was proven, as it stood right before the other machine joined.
    let proof = HelloProof {
        agent: node.joined.id,
        challenge: "challenge".into(),
        nonce: "nonce".into(),
        epoch: record.epoch,
        instance_nonce: "web-1".into(),
        audit: None,
    };
    let hello = Hello {
        agent_id: "web-1".into(),
        site: "default".into(),
        version: "test".into(),
        capabilities: Vec::new(),
        verbs: Vec::new(),
        host: HostFacts::default(),
        container_engine: None,
        labels: BTreeMap::new(),
        proof: None,
    };
    let refused = admit::admit(&*server.app.store, Proven { record, proof }, &hello, &origin()).await;
    assert_eq!(refused.unwrap_err().code, LinkErrorCode::Replaced);
    assert_eq!(status(&server), Offline, "nobody linked");
    server.stop().await;
}

#[tokio::test]
async fn a_machine_that_links_while_another_takes_its_place_is_cut_off() {
    let server = TestServer::start().await;
    for _ in 0..20 {
        let mut node = TestNode::joined(&server, "web-1").await;
        let token = replacement(&server).await;
        // It was admitted before the other joined and took its place after, so that nobody ended its link.
        let (mut socket, joined) = tokio::join!(node.hello(None), join(&server.url, &token, [9; 32]));
        assert_eq!(joined.status().as_u16(), 200);
        let ended = async { while let Some(Ok(_)) = socket.next().await {} };
        timeout(Duration::from_secs(20), ended).await.expect("its link ends");
        until("nobody is linked", || !server.app.hub.is_linked(node.joined.id)).await;
        node.instance.push('2');
        assert_eq!(node.refused().await, LinkErrorCode::NotProven);
        let removal = http().delete(server.at("/api/v1/agents/web-1")).bearer_auth(server.admin().await);
        assert_eq!(removal.send().await.unwrap().status().as_u16(), 200);
    }
    server.stop().await;
}

#[tokio::test]
async fn a_foreign_agent_is_heard_no_more_once_it_is_revoked() {
    let server = TestServer::start().await;
    let foreign = Foreign::of(&server, "web-1").await;
    let mut link = foreign.link(&[]).await;
    let agent = server.app.fleet.read().agent("web-1").unwrap().clone();
    let heard = || server.app.fleet.read().agent("web-1").unwrap().last_seen_at;
    // Nobody told the link of it yet, as when a frame comes at the same moment.
    presence::revoke(&*server.app.store, &*server.app.records, &agent, None, &origin()).await.unwrap();
    let last = heard();
    let (code, _) = link.error_of(&json!({ "type": "HEARTBEAT", "payload": { "status": "ONLINE" } })).await;
    assert_eq!(code, "revoked");
    assert_eq!(heard(), last, "its frame was taken");
    assert_eq!(get(&server, "/api/v1/agents/web-1").await.1["status"], "REVOKED");
    server.stop().await;
}
