//! How an agent stands when it is silent.

use std::time::Duration;

use futures_util::StreamExt;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::{Message, protocol::frame::coding::CloseCode};
use worpen::{
    core::port::links::Links,
    proto::{
        agent::AgentStatus::{self, Degraded, Maintenance, Offline, Online, Unknown},
        container::ContainerState::Running,
        link::{AgentFrame, Heartbeat, ServerFrame},
    },
};

use super::{post, story};
use crate::{
    harness::{TestServer, http, until},
    node::TestNode,
};

fn status(server: &TestServer) -> AgentStatus {
    server.app.fleet.read().agent("web-1").unwrap().status
}

#[tokio::test]
async fn a_lost_link_is_unknown_at_once_and_offline_after_three_intervals() {
    let server = TestServer::start_with(Duration::from_secs(1)).await;
    let mut node = TestNode::joined(&server, "web-1").await;
    let link = node.link().await;
    until("the agent is online", || status(&server) == Online).await;
    drop(link);
    until("the agent is unknown", || status(&server) == Unknown).await;
    until("the agent is offline", || status(&server) == Offline).await;
    drop(node.link().await);
    until("it came back and left", || status(&server) == Unknown).await;
    let story = story(&server, "agent.*").await;
    let kinds: Vec<&str> = story.iter().map(|event| event["type"].as_str().unwrap()).collect();
    assert_eq!(
        kinds,
        [
            "agent.invited",
            "agent.joined",
            "agent.online",
            "agent.unknown",
            "agent.offline",
            "agent.online",
            "agent.unknown"
        ]
    );
    server.stop().await;
}

#[tokio::test]
async fn an_open_but_silent_link_is_noticed() {
    let server = TestServer::start_with(Duration::from_secs(1)).await;
    let mut node = TestNode::joined(&server, "web-1").await;
    let link = node.link().await;
    until("the agent is unknown", || status(&server) == Unknown).await;
    drop(link);
    server.stop().await;
}

#[tokio::test]
async fn after_a_server_start_agents_are_unknown_but_not_offline() {
    let server = TestServer::start_with(Duration::from_secs(1)).await;
    let mut node = TestNode::joined(&server, "web-1").await;
    let link = node.link().await;
    let server = server.restart().await;
    assert_eq!(status(&server), Unknown);
    drop(link);
    let link = node.link().await;
    until("the agent is online", || status(&server) == Online).await;
    drop(link);
    assert!(story(&server, "agent.offline").await.is_empty(), "a server start is not the agents' death");
    server.stop().await;
}

/// Asks for an agent's maintenance to begin or end.
async fn set(server: &TestServer, body: Value) -> (u16, Value) {
    let request = http().put(server.at("/api/v1/agents/web-1/status")).bearer_auth(server.admin().await);
    let answer = request.json(&body).send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

#[tokio::test]
async fn maintenance_holds_over_link_loss_and_restart_until_it_is_ended() {
    let server = TestServer::start_with(Duration::from_secs(1)).await;
    let mut node = TestNode::joined(&server, "web-1").await;
    let mut link = node.link().await;
    until("the agent is online", || status(&server) == Online).await;
    link.say(&TestNode::inventory(1, &[("aaa", Running)])).await;
    link.acknowledged(1).await;
    let stale = || server.app.fleet.read().stale_since(node.joined.id);
    let (code, agent) = set(&server, json!({ "status": "maintenance", "reason": "a new disk" })).await;
    assert_eq!((code, agent["status"].as_str()), (200, Some("MAINTENANCE")), "{agent}");
    assert_eq!(stale(), None);
    assert_eq!(set(&server, json!({ "status": "MAINTENANCE" })).await.0, 200, "it is so already");
    drop(link);
    let id = node.joined.id;
    until("what is known of the node may be old", || stale().is_some()).await;
    assert!(!server.app.hub.is_linked(id));
    assert_eq!(status(&server), Maintenance);
    let server = server.restart().await;
    assert_eq!(status(&server), Maintenance);
    let mut link = node.link().await;
    link.say(&node.heartbeat()).await;
    link.say(&TestNode::inventory(2, &[])).await;
    link.acknowledged(2).await;
    assert_eq!(status(&server), Maintenance, "neither a link nor a pulse ends it");
    let (code, agent) = set(&server, json!({ "status": "ONLINE" })).await;
    assert_eq!((code, agent["status"].as_str()), (200, Some("ONLINE")));
    let maintained = story(&server, "agent.maintenance").await;
    assert_eq!(maintained.len(), 1, "what changes nothing is no event");
    assert_eq!(maintained[0]["data"]["reason"], "a new disk");
    drop(link);
    server.stop().await;
}

#[tokio::test]
async fn after_maintenance_an_agent_stands_as_its_link_says() {
    let server = TestServer::start_with(Duration::from_secs(1)).await;
    let mut node = TestNode::joined(&server, "web-1").await;
    let mut link = node.link().await;
    let AgentFrame::Heartbeat(pulse) = node.heartbeat() else { panic!("expected HEARTBEAT") };
    link.say(&AgentFrame::Heartbeat(Heartbeat { status: "DEGRADED".into(), ..pulse })).await;
    until("the agent is degraded", || status(&server) == Degraded).await;
    set(&server, json!({ "status": "MAINTENANCE" })).await;
    assert_eq!(
        set(&server, json!({ "status": "ONLINE" })).await.1["status"],
        "DEGRADED",
        "by its last pulse"
    );
    set(&server, json!({ "status": "MAINTENANCE" })).await;
    drop(link);
    let id = node.joined.id;
    until("the link is gone", || !server.app.hub.is_linked(id)).await;
    assert_eq!(set(&server, json!({ "status": "ONLINE" })).await.1["status"], "UNKNOWN", "it has no link");
    until("the agent is offline", || status(&server) == Offline).await;
    server.stop().await;
}

#[tokio::test]
async fn only_maintenance_is_set_by_hand() {
    let server = TestServer::start().await;
    let _node = TestNode::joined(&server, "web-1").await;
    for word in ["OFFLINE", "UNKNOWN", "DEGRADED", "QUARANTINED", "REVOKED"] {
        let (code, problem) = set(&server, json!({ "status": word })).await;
        assert!(matches!(code, 400 | 409), "{word}: {problem}");
        assert_eq!(status(&server), Offline);
    }
    let (code, problem) = set(&server, json!({ "status": "OFFLINE" })).await;
    assert_eq!((code, problem["errors"][0]["pointer"].as_str()), (400, Some("/status")), "{problem}");
    let (code, problem) = set(&server, json!({ "status": "ONLINE" })).await;
    assert_eq!((code, problem["code"].as_str()), (409, Some("agent_not_in_maintenance")), "{problem}");
    let (code, problem) = set(&server, json!({ "status": "ASLEEP" })).await;
    assert_eq!((code, problem["errors"][0]["pointer"].as_str()), (400, Some("/status")), "{problem}");
    let (code, problem) = set(&server, json!({ "status": "MAINTENANCE", "reason": "x".repeat(501) })).await;
    assert_eq!((code, problem["errors"][0]["pointer"].as_str()), (400, Some("/reason")), "{problem}");
    server.stop().await;
}

#[tokio::test]
async fn sync_asks_who_is_linked_and_names_who_is_not() {
    let server = TestServer::start().await;
    let mut node = TestNode::joined(&server, "web-1").await;
    let _away = TestNode::joined(&server, "db-1").await;
    let mut link = node.link().await;
    for target in [json!("all"), json!(["web-1", "db-1", "web-1"]), json!([node.joined.id, "db-1"])] {
        let (code, asked) = post(&server, "/api/v1/agents/sync", &json!({ "target": target }), None).await;
        assert_eq!((code, &asked), (200, &json!({ "asked": 1, "not_linked": ["db-1"] })), "{target}");
        assert!(matches!(link.next().await, ServerFrame::Sync(_)));
    }
    let (code, asked) = post(&server, "/api/v1/agents/sync", &json!({ "target": "web-1" }), None).await;
    assert_eq!((code, &asked), (200, &json!({ "asked": 1, "not_linked": [] })));
    for (target, expected) in
        [(json!("nobody"), 404), (json!(["web-1", "nobody"]), 404), (json!([]), 400), (json!(5), 400)]
    {
        let (code, problem) = post(&server, "/api/v1/agents/sync", &json!({ "target": target }), None).await;
        assert_eq!(code, expected, "{problem}");
    }
    drop(link);
    server.stop().await;
}

#[tokio::test]
async fn a_server_that_ends_says_good_bye_to_its_links() {
    let server = TestServer::start().await;
    let mut node = TestNode::joined(&server, "web-1").await;
    let mut socket = node.link().await.into_socket();
    until("the agent is online", || status(&server) == Online).await;
    server.stop().await;
    let good_bye = loop {
        let message = socket.next().await.expect("a good-bye").unwrap();
        if let Message::Close(reason) = message {
            break reason.expect("a reason");
        }
    };
    assert_eq!(good_bye.code, CloseCode::Away);
}
