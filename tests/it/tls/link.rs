//! Joining, linking, renewing and coming back with certificates.

use std::time::{Duration, Instant};

use jiff::Timestamp;
use serde_json::json;
use worpen::{
    infra::keys::make_tls_key,
    proto::{
        agent::AgentStatus,
        link::{AgentFrame, Certify, LinkErrorCode, ServerFrame},
    },
    server,
};

use super::{Node, copy, online, post, server as start, status, story};
use crate::{
    harness::{http, until},
    node::TestNode,
};

#[tokio::test]
async fn an_agent_joins_works_and_renews_without_losing_its_link() {
    let server = start(3).await;
    let node = Node::joined(&server, "web-1").await;
    let first = node.kept();
    let agent = node.run();
    online(&server, "web-1").await;
    let epoch = |server: &crate::harness::TestServer| {
        let id = server.app.fleet.read().agent("web-1").unwrap().id;
        let records = server.app.records.clone();
        async move { records.agent_link(id).await.unwrap().unwrap().epoch }
    };
    let before = epoch(&server).await;
    let mut renewed = Vec::new();
    let deadline = Instant::now() + Duration::from_secs(20);
    while renewed.len() < 2 && Instant::now() < deadline {
        tokio::time::sleep(Duration::from_millis(50)).await;
        renewed = story(&server, "agent.certified").await;
    }
    assert!(renewed.len() >= 2, "renewed over its link, again and again");
    assert!(renewed.iter().all(|event| event["data"]["on"] == "link"), "{renewed:?}");
    until("its first certificate has long ended", || Timestamp::now() > first.not_after).await;
    assert_eq!(status(&server, "web-1"), Some(AgentStatus::Online));
    assert_eq!(epoch(&server).await, before, "the link is the same");
    assert_ne!(node.kept().serial, first.serial);
    let ordered = json!({ "verb": "exec", "agent_targets": ["web-1"], "args": { "argv": ["true"] } });
    let (code, command) = post(&server, "/api/v1/commands?wait=20", &ordered).await;
    assert_eq!((code, command["status"].as_str()), (200, Some("succeeded")), "{command}");
    agent.stop().await;
    server.stop().await;
}

#[tokio::test]
async fn an_agent_whose_certificate_ended_comes_back_on_its_own_keys_word() {
    let server = start(1).await;
    let node = Node::joined(&server, "web-1").await;
    let first = node.kept();
    until("the certificate ended", || Timestamp::now() > first.not_after).await;
    let agent = node.run();
    online(&server, "web-1").await;
    let certified = story(&server, "agent.certified").await;
    assert_eq!(certified[0]["data"]["on"], "key", "{certified:?}");
    agent.stop().await;
    server.stop().await;
}

#[tokio::test]
async fn a_node_whose_clock_is_wrong_is_told_that_its_certificate_ended() {
    let server = start(1).await;
    let node = Node::joined(&server, "web-1").await;
    let ended = node.kept().not_after;
    // As the node's clock has it, the certificate holds for another day.
    let mut identity = node.identity();
    identity["membership"]["certificate"]["not_after"] =
        json!((Timestamp::now() + Duration::from_secs(86_400)).to_string());
    node.write_identity(&identity);
    until("the certificate ended", || Timestamp::now() > ended).await;
    let agent = node.run();
    online(&server, "web-1").await;
    agent.stop().await;
    server.stop().await;
}

#[tokio::test]
async fn an_agent_that_joined_without_certificates_gets_one_once_it_links_where_they_are() {
    let server = start(3600).await;
    let invitation = server::invite_locally(&server.app, "web-1").await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let mut config = worpen::config::agent::AgentConfig::new(server.url.clone(), folder.path());
    config.docker = "unix:///nonexistent.sock".into();
    worpen::agent::join(&config, &invitation.token).await.unwrap();
    let node = Node { folder, config };
    let agent = node.run();
    online(&server, "web-1").await;
    agent.stop().await;
    until("its link ended", || status(&server, "web-1") != Some(AgentStatus::Online)).await;
    let moved = Node {
        config: worpen::config::agent::AgentConfig { server: server.agents.clone(), ..node.config },
        ..node
    };
    let agent = moved.run();
    online(&server, "web-1").await;
    assert_eq!(moved.kept().joined.agent_id, "web-1", "it has a certificate");
    agent.stop().await;
    server.stop().await;
}

#[tokio::test]
async fn a_copied_folder_is_quarantined_with_its_certificate() {
    let server = start(3600).await;
    let node = Node::joined(&server, "web-1").await;
    let agent = node.run();
    online(&server, "web-1").await;
    let thief = tempfile::tempdir().unwrap();
    copy(node.folder.path(), thief.path());
    let mut config = node.config.clone();
    config.data = thief.path().to_owned();
    let thief = Node { folder: thief, config };
    let stolen = thief.run();
    until("both are quarantined", || status(&server, "web-1") == Some(AgentStatus::Quarantined)).await;
    stolen.stop().await;
    agent.stop().await;
    server.stop().await;
}

#[tokio::test]
async fn a_machine_built_anew_takes_the_place_of_the_one_before() {
    let server = start(3600).await;
    let old = Node::joined(&server, "web-1").await;
    let running = old.run();
    online(&server, "web-1").await;
    let (code, invitation) = post(&server, "/api/v1/agents/web-1/replacement", &json!({})).await;
    assert_eq!(code, 201, "{invitation}");
    assert_eq!(status(&server, "web-1"), Some(AgentStatus::Online), "nothing ends before the machine joins");
    let new = Node::joined_with(&server, invitation["token"].as_str().unwrap()).await;
    assert_eq!(new.kept().joined.id, old.kept().joined.id, "it is the same agent");
    let ended = running.agent.await.unwrap();
    assert!(matches!(ended, Err(worpen::agent::RunError::Revoked { .. })), "the identity before is dead");
    let agent = new.run();
    online(&server, "web-1").await;
    assert!(story(&server, "agent.quarantined").await.is_empty(), "it went on from the epochs before it");
    agent.stop().await;
    let back = old.run();
    until("its link ended", || status(&server, "web-1") != Some(AgentStatus::Online)).await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_ne!(status(&server, "web-1"), Some(AgentStatus::Online), "and stays dead");
    back.stop().await;
    server.stop().await;
}

#[tokio::test]
async fn an_agent_that_asks_for_certificates_without_a_rest_is_given_few() {
    let server = start(3600).await;
    let mut link = TestNode::joined(&server, "web-1").await.link().await;
    // As a fleet did whose server's clock had been set back: each certificate was due again when it came.
    let mut given = 0;
    let refused = loop {
        let (_, public) = make_tls_key().unwrap();
        link.say(&AgentFrame::Certify(Certify { tls_key: public.to_string() })).await;
        match link.next().await {
            ServerFrame::Certificate(_) => given += 1,
            ServerFrame::Error(refused) => break refused,
            other => panic!("{other:?}"),
        }
        assert!(given < 100, "without an end");
    };
    assert_eq!((given, refused.code), (4, LinkErrorCode::Refused), "{refused:?}");
    assert_eq!(story(&server, "agent.certified").await.len(), 4);
    drop(link);
    server.stop().await;
}

#[tokio::test]
async fn a_revoked_agent_is_heard_no_more_within_a_second() {
    let server = start(3600).await;
    let node = Node::joined(&server, "web-1").await;
    let agent = node.run();
    online(&server, "web-1").await;
    let id = node.kept().joined.id;
    let revoke = http()
        .post(server.at("/api/v1/agents/web-1/revoke"))
        .bearer_auth(server.admin().await)
        .json(&json!({ "reason": "stolen" }));
    let begun = Instant::now();
    let answer = revoke.send().await.unwrap();
    assert_eq!(answer.status().as_u16(), 200);
    let answered = begun.elapsed();
    let heard = || server.app.fleet.read().agent_by_id(id).unwrap().last_seen_at;
    let last = heard();
    until("the link is gone", || !worpen::core::port::links::Links::is_linked(&*server.app.hub, id)).await;
    let gone = begun.elapsed();
    assert_eq!(heard(), last, "no frame was accepted after the answer");
    println!("revocation: answered after {answered:?}, the link was gone after {gone:?}");
    assert!(gone < Duration::from_secs(1), "{gone:?}");
    assert!(matches!(agent.agent.await.unwrap(), Err(worpen::agent::RunError::Revoked { .. })));
    assert_eq!(status(&server, "web-1"), Some(AgentStatus::Revoked));
    let (code, _) = post(&server, "/api/v1/agents/web-1/revoke", &json!({})).await;
    assert_eq!(code, 409, "it is revoked for good");
    let (code, _) = post(&server, "/api/v1/agents/web-1/replacement", &json!({})).await;
    assert_eq!(code, 409);
    server.stop().await;
}
