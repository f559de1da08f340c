//! Commands: on disk before a node hears of them, told to the end with their causes.

use serde_json::json;
use worpen::proto::{
    command::CommandStatus,
    container::ContainerState::Running,
    envelope::CommandOrder,
    link::{AgentFrame, CommandResult, Sequenced},
};

use super::{get, post, story};
use crate::{
    harness::TestServer,
    node::{TestLink, TestNode},
};

/// A server with a node that runs one container.
async fn one_container() -> (TestServer, TestNode, TestLink) {
    let server = TestServer::start().await;
    let mut node = TestNode::joined(&server, "web-1").await;
    let mut link = node.link().await;
    link.say(&TestNode::inventory(1, &[("aaa", Running)])).await;
    link.acknowledged(1).await;
    (server, node, link)
}

pub(super) fn result(order: &CommandOrder, sequence: u64, status: CommandStatus) -> AgentFrame {
    let body = CommandResult {
        command_id: order.command,
        execution_id: Some(order.execution),
        status,
        result: None,
        error_message: None,
        time: None,
        started_at: None,
        not_begun: false,
        output: None,
    };
    AgentFrame::CommandResult(Sequenced { sequence: Some(sequence), body })
}

#[tokio::test]
async fn the_log_tells_a_command_with_its_causes() {
    let (server, _node, mut link) = one_container().await;
    let grace = json!({ "timeout_s": 1 });
    let (given, ()) =
        tokio::join!(post(&server, "/api/v1/containers/web-1%2Fc-aaa/stop?wait=20", &grace, None), async {
            let order = link.order().await;
            assert_eq!((order.verb.as_str(), &order.args["timeout_s"]), ("docker.stop", &json!(1)));
            assert_eq!(order.args["container"], "aaa");
            link.say(&result(&order, 2, CommandStatus::Started)).await;
            link.say(&result(&order, 3, CommandStatus::Succeeded)).await;
        });
    let (status, command) = given;
    assert_eq!((status, command["status"].as_str()), (200, Some("succeeded")), "{command}");
    let events = story(&server, "command.*").await;
    let kinds: Vec<&str> = events.iter().map(|event| event["type"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["command.queued", "command.started", "command.ended"]);
    for pair in events.windows(2) {
        assert_eq!(pair[1]["causationid"], pair[0]["id"]);
        assert_eq!(pair[1]["correlationid"], command["id"]);
    }
    let audit = server.app.records.audit(0, 1000).await.unwrap();
    let entry = audit.iter().find(|entry| entry.entry.action == "docker.stop").expect("an audit entry");
    assert_eq!(entry.entry.resource, "container/web-1/c-aaa");
    assert!(entry.entry.actor.starts_with("key:admin/"), "{}", entry.entry.actor);
    server.stop().await;
}

#[tokio::test]
async fn a_command_that_waits_is_sent_when_the_node_links() {
    let (server, mut node, link) = one_container().await;
    drop(link);
    let (status, command) = post(&server, "/api/v1/containers/aaa/start?wait=0", &json!({}), None).await;
    assert_eq!((status, command["status"].as_str()), (202, Some("queued")));
    let mut link = node.link().await;
    let order = link.order().await;
    assert_eq!((order.verb.as_str(), order.epoch), ("docker.start", link.welcome.epoch));
    server.stop().await;
}

#[tokio::test]
async fn a_repeated_request_with_its_key_gives_one_command() {
    let (server, _node, mut link) = one_container().await;
    let path = "/api/v1/containers/aaa/stop?wait=0";
    let (_, first) = post(&server, path, &json!({}), Some("k1")).await;
    let (_, again) = post(&server, path, &json!({}), Some("k1")).await;
    assert_eq!(first["id"], again["id"]);
    let (status, problem) = post(&server, path, &json!({ "timeout_s": 3 }), Some("k1")).await;
    assert_eq!((status, problem["code"].as_str()), (422, Some("idempotency_key_reused")));
    let (_, other) = post(&server, path, &json!({}), Some("k2")).await;
    assert_ne!(first["id"], other["id"]);
    let ids = [link.order().await.command.to_string(), link.order().await.command.to_string()];
    assert_eq!(ids.map(serde_json::Value::from), [first["id"].clone(), other["id"].clone()]);
    server.stop().await;
}

#[tokio::test]
async fn a_result_that_comes_twice_or_from_another_node_changes_nothing() {
    let (server, _node, mut link) = one_container().await;
    let mut stranger = TestNode::joined(&server, "web-2").await;
    let mut strange = stranger.link().await;
    let (_, command) = post(&server, "/api/v1/containers/aaa/stop?wait=0", &json!({}), None).await;
    let order = link.order().await;
    strange.say(&result(&order, 1, CommandStatus::Succeeded)).await;
    strange.acknowledged(1).await;
    let path = format!("/api/v1/commands/{}", command["id"].as_str().unwrap());
    assert_eq!(get(&server, &path).await.1["status"], "queued");
    link.say(&result(&order, 2, CommandStatus::Failed)).await;
    link.say(&result(&order, 3, CommandStatus::Succeeded)).await;
    link.acknowledged(3).await;
    assert_eq!(get(&server, &path).await.1["status"], "failed", "the first end stands");
    assert_eq!(story(&server, "command.ended").await.len(), 1);
    server.stop().await;
}

#[tokio::test]
async fn a_command_that_nobody_took_expires() {
    let (server, _node, link) = one_container().await;
    drop(link);
    let asked = json!({ "verb": "docker.stop", "args": { "container": "aaa" }, "agent_targets": ["web-1"], "timeout_s": 1 });
    let (_, command) = post(&server, "/api/v1/commands?wait=0", &asked, None).await;
    assert!(command["executions"][0]["waits_for"].as_str().unwrap().contains("not linked"), "{command}");
    let (_, command) =
        get(&server, &format!("/api/v1/commands/{}?wait=20", command["id"].as_str().unwrap())).await;
    assert_eq!(command["status"], "expired");
    assert!(
        command["executions"][0]["error_message"].as_str().unwrap().starts_with("web-1 did not take it by")
    );
    server.stop().await;
}

#[tokio::test]
async fn what_a_removed_node_had_to_do_is_given_up() {
    let (server, _node, mut link) = one_container().await;
    let (_, command) = post(&server, "/api/v1/containers/aaa/stop?wait=0", &json!({}), None).await;
    let order = link.order().await;
    link.say(&result(&order, 2, CommandStatus::Started)).await;
    link.acknowledged(2).await;
    let removal = crate::harness::http().delete(server.at("/api/v1/agents/web-1"));
    let removal = removal.bearer_auth(server.admin().await).send().await.unwrap();
    assert_eq!(removal.status().as_u16(), 200);
    let (_, command) = get(&server, &format!("/api/v1/commands/{}", command["id"].as_str().unwrap())).await;
    assert_eq!(command["status"], "unknown", "{command}");
    assert_eq!(command["executions"][0]["error_message"], "the agent was removed");
    let (_, page) = get(&server, "/api/v1/containers").await;
    assert_eq!(page["items"], json!([]));
    server.stop().await;
}

#[tokio::test]
async fn whoever_waits_for_several_nodes_is_told_when_the_last_has_ended() {
    let (server, _node, mut link) = one_container().await;
    let mut other = TestNode::joined(&server, "web-2").await;
    let mut other_link = other.link().await;
    other_link.say(&TestNode::inventory(1, &[("aaa", Running)])).await;
    other_link.acknowledged(1).await;
    let body =
        json!({ "verb": "docker.stop", "args": { "container": "aaa" }, "agent_targets": ["web-1", "web-2"] });
    let (given, ()) = tokio::join!(post(&server, "/api/v1/commands?wait=20", &body, None), async {
        for link in [&mut link, &mut other_link] {
            let order = link.order().await;
            link.say(&result(&order, 2, CommandStatus::Started)).await;
            link.say(&result(&order, 3, CommandStatus::Succeeded)).await;
            link.acknowledged(3).await;
        }
    });
    let (status, command) = given;
    assert_eq!((status, command["status"].as_str()), (200, Some("succeeded")), "{command}");
    server.stop().await;
}
