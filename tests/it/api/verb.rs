//! Verbs, and how commands went.

use serde_json::{Value, json};
use worpen::proto::command::CommandStatus;

use super::{command::result, get, post};
use crate::{foreign::Foreign, harness::TestServer, node::TestNode};

#[tokio::test]
async fn verbs_are_listed_with_their_schema_and_who_knows_them() {
    let server = TestServer::start().await;
    let mut node = TestNode::joined(&server, "web-1").await;
    let _link = node.link().await;
    let foreign = Foreign::of(&server, "press-7").await;
    let _foreign = foreign.link(&["create_user"]).await;
    let (status, page) = get(&server, "/api/v1/verbs").await;
    assert_eq!(status, 200, "{page}");
    let verb = |name: &str| -> Value {
        let items = page["items"].as_array().unwrap();
        items.iter().find(|verb| verb["name"] == name).unwrap_or_else(|| panic!("{name}: {page}")).clone()
    };
    let stop = verb("docker.stop");
    assert_eq!((&stop["agents"], &stop["effect"]), (&json!(["web-1"]), &json!("idempotent")));
    assert_eq!(stop["schema"]["additionalProperties"], false);
    let exec = verb("exec");
    assert_eq!((&exec["agents"], &exec["is_built_in"]), (&json!([]), &json!(true)));
    assert_eq!(exec["schema"]["properties"]["secret_env"]["writeOnly"], true);
    let foreign = verb("create_user");
    assert_eq!((&foreign["agents"], &foreign["is_built_in"]), (&json!(["press-7"]), &json!(false)));
    server.stop().await;
}

#[tokio::test]
async fn statistics_tell_how_commands_went_and_where_they_failed() {
    let server = TestServer::start().await;
    let mut node = TestNode::joined(&server, "web-1").await;
    node.verbs = vec!["exec".into()];
    let mut link = node.link().await;
    let mut sequence = 0;
    for status in [CommandStatus::Succeeded, CommandStatus::Succeeded, CommandStatus::Failed] {
        let body = json!({ "verb": "exec", "args": { "argv": ["true"] }, "agent_targets": ["web-1"] });
        let (code, _) = post(&server, "/api/v1/commands?wait=0", &body, None).await;
        assert_eq!(code, 202);
        let order = link.order().await;
        for status in [CommandStatus::Started, status] {
            sequence += 1;
            link.say(&result(&order, sequence, status)).await;
        }
        link.acknowledged(sequence).await;
    }
    let (status, told) = get(&server, "/api/v1/statistics/commands?since=1h").await;
    assert_eq!((status, &told["commands"]), (200, &json!({ "failed": 1, "succeeded": 2 })), "{told}");
    assert_eq!((&told["verbs"][0]["verb"], &told["running"]["count"]), (&json!("exec"), &json!(3)));
    assert!(told["running"]["p99_s"].is_number() && told["waiting"]["p50_s"].is_number(), "{told}");
    let node = &told["failing_nodes"][0];
    assert_eq!((&node["node"], &node["failed"], &node["ended"]), (&json!("web-1"), &json!(1), &json!(3)));
    let (status, problem) = get(&server, "/api/v1/statistics/commands?since=soon").await;
    assert_eq!((status, &problem["errors"][0]["pointer"]), (400, &json!("/since")), "{problem}");
    server.stop().await;
}
