//! The rotation of authorities and command keys, under agents that are there and agents that are away.

use serde_json::{Value, json};
use worpen::proto::agent::AgentStatus;

use super::{Node, online, post, server, status};
use crate::harness::{TestServer, http, until};

async fn turn(server: &TestServer, kind: &str, step: &str, more: Value) -> (u16, Value) {
    let mut body = json!({ "step": step });
    body.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap_or_default());
    post(server, &format!("/api/v1/trust/{kind}"), &body).await
}

async fn trust(server: &TestServer) -> Value {
    let answer =
        http().get(server.at("/api/v1/trust")).bearer_auth(server.admin().await).send().await.unwrap();
    answer.json().await.unwrap()
}

/// The first key of a kind that stands so.
async fn key(server: &TestServer, kind: &str, state: &str) -> Option<Value> {
    let trust = trust(server).await;
    let keys = trust["keys"].as_array().unwrap();
    keys.iter().find(|key| key["kind"] == kind && key["state"] == state).cloned()
}

/// Waits until a field of a key is this number.
async fn known(server: &TestServer, (kind, state): (&str, &str), field: &str, number: u64) {
    for _ in 0..400 {
        if key(server, kind, state).await.is_some_and(|key| key[field] == number) {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("{field} of the {state} {kind} is not {number}: {}", trust(server).await);
}

/// A rotation under one agent that is there, while another is away.
async fn rotate(kind: &str) {
    let server = server(3600).await;
    let (here, away) = (Node::joined(&server, "here").await, Node::joined(&server, "away").await);
    let (running, leaving) = (here.run(), away.run());
    online(&server, "here").await;
    online(&server, "away").await;
    leaving.stop().await;
    until("it is away", || status(&server, "away") != Some(AgentStatus::Online)).await;
    let first = key(&server, kind, "active").await.unwrap();
    let serial = here.kept().serial;

    assert_eq!(turn(&server, kind, "activate", json!({})).await.0, 409, "nothing is prepared");
    assert_eq!(turn(&server, kind, "prepare", json!({})).await.0, 200);
    known(&server, (kind, "prepared"), "known_by", 1).await;
    let (code, problem) = turn(&server, kind, "activate", json!({})).await;
    assert_eq!((code, problem["code"].as_str()), (409, Some("agents_behind")), "{problem}");
    assert_eq!(turn(&server, kind, "activate", json!({ "force": true })).await.0, 200);
    known(&server, (kind, "active"), "known_by", 1).await;
    if kind == "authority" {
        known(&server, (kind, "active"), "certified", 1).await;
        assert_ne!(here.kept().serial, serial, "the new authority certifies it");
    }
    assert_eq!(status(&server, "here"), Some(AgentStatus::Online), "its link went on");
    assert_eq!(turn(&server, kind, "retire", json!({ "force": true })).await.0, 200);
    known(&server, (kind, "active"), "known_by", 1).await;
    let second = key(&server, kind, "active").await.unwrap();
    assert_ne!(first["id"], second["id"]);
    assert_eq!(key(&server, kind, "retired").await.unwrap()["id"], first["id"]);

    // Orders are obeyed under what holds now.
    assert!(works(&server, "here").await);
    // One that was away follows when it is back, by the old key's word for the new.
    let back = away.run();
    online(&server, "away").await;
    assert!(works(&server, "away").await);
    known(&server, (kind, "active"), "known_by", 2).await;
    // What they have learnt outlasts them and the server.
    running.stop().await;
    back.stop().await;
    let address = server.agents.clone();
    let server = server.restart_managing(&address).await;
    assert_eq!(key(&server, kind, "active").await.unwrap()["id"], second["id"]);
    let (running, back) = (here.run(), away.run());
    online(&server, "here").await;
    online(&server, "away").await;
    assert!(works(&server, "here").await);
    let newcomer = Node::joined(&server, "new").await;
    let joined = newcomer.run();
    online(&server, "new").await;
    for running in [running, back, joined] {
        running.stop().await;
    }
    server.stop().await;
}

/// Whether a node does what it is ordered.
async fn works(server: &TestServer, node: &str) -> bool {
    let request = json!({ "verb": "exec", "agent_targets": [node], "args": { "argv": ["true"] } });
    let (code, command) = post(server, "/api/v1/commands?wait=20", &request).await;
    assert!(code < 300, "{command}");
    command["status"] == "succeeded"
}

#[tokio::test]
async fn the_authority_rotates_under_a_live_fleet() {
    rotate("authority").await;
}

#[tokio::test]
async fn the_command_key_rotates_under_a_live_fleet() {
    rotate("signing").await;
}

#[tokio::test]
async fn an_invitation_from_before_a_rotation_is_void() {
    let server = server(3600).await;
    let old = Node::joined(&server, "web-1").await;
    let running = old.run();
    online(&server, "web-1").await;
    let (code, invitation) = post(&server, "/api/v1/agents/web-1/replacement", &json!({})).await;
    assert_eq!(code, 201, "{invitation}");
    for step in ["prepare", "activate"] {
        let (code, answer) = turn(&server, "signing", step, json!({ "force": true })).await;
        assert_eq!(code, 200, "{answer}");
    }
    // The server took the new machine in, which then refused it for its new key; the one before was dead by then.
    let folder = tempfile::tempdir().unwrap();
    let config = worpen::config::agent::AgentConfig::new(server.agents.clone(), folder.path());
    let refused = worpen::agent::join(&config, invitation["token"].as_str().unwrap()).await;
    let words = refused.err().unwrap().to_string();
    assert!(words.contains("before a key was rotated"), "{words}");
    assert!(works(&server, "web-1").await, "the machine that was to be replaced is still there");
    let (_, invitation) = post(&server, "/api/v1/agents/web-1/replacement", &json!({})).await;
    let new = Node::joined_with(&server, invitation["token"].as_str().unwrap()).await;
    assert_eq!(new.kept().joined.id, old.kept().joined.id);
    assert!(running.agent.await.unwrap().is_err());
    server.stop().await;
}

#[tokio::test]
async fn a_stolen_key_vouches_for_nobody_and_who_was_away_is_replaced() {
    let server = server(3600).await;
    let away = Node::joined(&server, "away").await;
    for (step, more) in [
        ("prepare", json!({})),
        ("activate", json!({ "force": true })),
        ("retire", json!({ "force": true, "compromised": true })),
    ] {
        let (code, answer) = turn(&server, "signing", step, more).await;
        assert_eq!(code, 200, "{answer}");
    }
    let left = away.run();
    let (code, invitation) = post(&server, "/api/v1/agents/away/replacement", &json!({})).await;
    assert_eq!(code, 201, "{invitation}");
    let new = Node::joined_with(&server, invitation["token"].as_str().unwrap()).await;
    let running = new.run();
    online(&server, "away").await;
    assert!(works(&server, "away").await);
    left.stop().await;
    running.stop().await;
    server.stop().await;
}
