//! Joining: one invitation, one node.

use std::time::Duration;

use worpen::{proto::link::LinkErrorCode, server};

use super::{get, story};
use crate::{
    harness::{TestServer, until},
    node::{TestNode, join},
};

#[tokio::test]
async fn of_many_nodes_that_spend_one_invitation_one_joins() {
    let server = TestServer::start_told(|config| config.max_connections = 10_000).await;
    let invitation = server::invite_locally(&server.app, "web-1").await.unwrap();
    // As many as are told at once; by themselves fewer, for the sake of everybody's time.
    let many = std::env::var("WORPEN_JOINS").ok().and_then(|many| many.parse().ok()).unwrap_or(40_u32);
    let seed = |n: u32| {
        let mut seed = [7; 32];
        seed[..4].copy_from_slice(&n.to_le_bytes());
        seed
    };
    let joins = (0..many).map(|n| join(&server.url, &invitation.token, seed(n)));
    let answers = futures_util::future::join_all(joins).await;
    let mut statuses: Vec<u16> = answers.iter().map(|answer| answer.status().as_u16()).collect();
    statuses.sort_unstable();
    assert_eq!((statuses[0], statuses[1]), (200, 401), "{statuses:?}");
    assert_eq!(story(&server, "agent.joined").await.len(), 1);
    server.stop().await;
}

#[tokio::test]
async fn a_lost_answer_locks_nobody_out() {
    let server = TestServer::start().await;
    let invitation = server::invite_locally(&server.app, "web-1").await.unwrap();
    let first = join(&server.url, &invitation.token, [1; 32]).await.text().await.unwrap();
    let again = join(&server.url, &invitation.token, [1; 32]).await.text().await.unwrap();
    assert_eq!(first, again, "the same key with the same invitation is the same agent");
    assert_eq!(join(&server.url, &invitation.token, [2; 32]).await.status().as_u16(), 401);
    server.stop().await;
}

#[tokio::test]
async fn a_proof_for_another_connection_is_refused() {
    let server = TestServer::start().await;
    let node = TestNode::joined(&server, "web-1").await;
    let mut socket = node.hello(Some("the challenge of another connection")).await;
    let text = loop {
        let message = futures_util::StreamExt::next(&mut socket).await.unwrap().unwrap();
        if let Ok(text) = message.into_text() {
            break text;
        }
    };
    assert!(text.contains("not_proven"), "{text}");
    server.stop().await;
}

#[tokio::test]
async fn a_removed_agent_is_cut_off_and_its_id_never_comes_back() {
    let server = TestServer::start().await;
    let mut node = TestNode::joined(&server, "web-1").await;
    let link = node.link().await;
    let http = crate::harness::http();
    let removal = http.delete(server.at("/api/v1/agents/web-1")).bearer_auth(server.admin().await);
    assert_eq!(removal.send().await.unwrap().status().as_u16(), 200);
    assert_eq!(link.idle().await, Some(LinkErrorCode::Revoked));
    assert_eq!(get(&server, "/api/v1/agents/web-1").await.0, 404);
    assert_eq!(node.refused().await, LinkErrorCode::Revoked, "it is told so whenever it comes back");
    let fresh = TestNode::joined(&server, "web-1").await;
    assert_ne!(fresh.joined.id, node.joined.id);
    assert_eq!(node.refused().await, LinkErrorCode::NotProven, "the name is another agent's now");
    server.stop().await;
}

#[tokio::test]
async fn two_live_processes_with_one_identity_are_both_quarantined() {
    let server = TestServer::start().await;
    let mut node = TestNode::joined(&server, "web-1").await;
    let link = node.link().await;
    let idle = tokio::spawn(link.idle());
    let mut copy = node.clone();
    copy.instance = "web-1-copy".into();
    assert_eq!(copy.refused().await, LinkErrorCode::Quarantined);
    assert_eq!(idle.await.unwrap(), Some(LinkErrorCode::Quarantined));
    assert_eq!(get(&server, "/api/v1/agents/web-1").await.1["status"], "QUARANTINED");
    assert_eq!(node.refused().await, LinkErrorCode::Quarantined, "neither is believed");
    server.stop().await;
}

#[tokio::test]
async fn an_old_copy_of_an_agents_state_is_quarantined() {
    let server = TestServer::start().await;
    let mut node = TestNode::joined(&server, "web-1").await;
    let old = node.clone();
    drop(node.link().await);
    drop(node.link().await);
    until("the link ended", || {
        server.app.fleet.read().agent("web-1").unwrap().status == worpen::proto::agent::AgentStatus::Unknown
    })
    .await;
    assert_eq!(old.refused().await, LinkErrorCode::Quarantined);
    server.stop().await;
}

#[tokio::test]
async fn an_agent_that_crashed_before_it_synced_its_epoch_comes_back() {
    let server = TestServer::start_with(Duration::from_secs(10)).await;
    let mut node = TestNode::joined(&server, "web-1").await;
    drop(node.link_unsynced().await);
    let link = node.link().await;
    assert_eq!(link.welcome.epoch, 1, "the same epoch is offered again");
    server.stop().await;
}

#[tokio::test]
async fn a_thief_who_is_linked_is_cut_off_with_the_honest_agent() {
    let server = TestServer::start().await;
    let mut node = TestNode::joined(&server, "web-1").await;
    drop(node.link().await);
    let mut thief = node.clone();
    thief.epoch += 1000;
    thief.instance = "thief".into();
    let stolen = thief.link().await;
    let idle = tokio::spawn(stolen.idle());
    assert_eq!(node.refused().await, LinkErrorCode::Quarantined, "the honest one shows that there are two");
    assert_eq!(idle.await.unwrap(), Some(LinkErrorCode::Quarantined), "and the thief is cut off");
    server.stop().await;
}
