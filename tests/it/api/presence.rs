//! How an agent stands when it is silent.

use std::time::Duration;

use worpen::proto::agent::AgentStatus::{self, Offline, Online, Unknown};

use super::story;
use crate::{
    harness::{TestServer, until},
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
