//! Commands given to agents by verb, and listed.

use serde_json::{Value, json};
use worpen::proto::{container::ContainerState::Running, user::Role};

use super::{get, post, post_as};
use crate::{
    foreign::Foreign,
    harness::TestServer,
    node::{TestLink, TestNode},
};

const PATH: &str = "/api/v1/commands?wait=0";

/// A server with a node of ours that runs one container and can stop it.
async fn one_container() -> (TestServer, TestNode, TestLink) {
    let server = TestServer::start().await;
    let mut node = TestNode::joined(&server, "web-1").await;
    let mut link = node.link().await;
    link.say(&TestNode::inventory(1, &[("aaa", Running)])).await;
    link.acknowledged(1).await;
    (server, node, link)
}

#[tokio::test]
async fn a_built_in_verb_is_checked_before_it_is_queued_and_then_signed() {
    let (server, _node, mut link) = one_container().await;
    let give = |args: Value| json!({ "verb": "docker.stop", "args": args, "agent_targets": ["web-1"] });
    for (args, field) in [
        (json!({}), "/args/container"),
        (json!({ "container": "web-1/c-aaa" }), "/args/container"),
        (json!({ "container": "aaa", "timeout_s": 301 }), "/args/timeout_s"),
        (json!({ "container": "aaa", "timeout_s": "5" }), "/args/timeout_s"),
        (json!({ "container": "aaa", "force": true }), "/args/force"),
    ] {
        let (status, problem) = post(&server, PATH, &give(args), None).await;
        assert_eq!((status, &problem["errors"][0]["pointer"]), (400, &json!(field)), "{problem}");
    }
    let (status, problem) = post(&server, PATH, &give(json!({ "container": "none" })), None).await;
    assert_eq!((status, &problem["code"]), (404, &json!("container_not_found")), "{problem}");
    let (_, page) = get(&server, "/api/v1/commands").await;
    assert_eq!(page["items"], json!([]), "nothing was queued");
    let (status, command) =
        post(&server, PATH, &give(json!({ "container": "c-aaa", "timeout_s": 5 })), None).await;
    assert_eq!((status, &command["timeout_s"]), (202, &json!(65)));
    let order = link.order().await;
    assert_eq!(
        (order.verb.as_str(), order.args),
        ("docker.stop", json!({ "container": "c-aaa", "timeout_s": 5 }))
    );
    server.stop().await;
}

#[tokio::test]
async fn a_request_that_cannot_be_carried_out_says_which_part() {
    let (server, _node, _link) = one_container().await;
    let foreign = Foreign::of(&server, "press-7").await;
    let _foreign = foreign.link(&["create_user"]).await;
    let many = json!({ "text": "x".repeat(70_000) });
    for (body, code, field) in [
        (json!({ "verb": "a b", "agent_targets": ["press-7"] }), 400, "/verb"),
        (json!({ "verb": "create_user", "agent_targets": [] }), 400, "/agent_targets"),
        (json!({ "verb": "create_user", "agent_targets": ["press-7", "press-7"] }), 400, "/agent_targets/1"),
        (json!({ "verb": "create_user", "agent_targets": ["press-7"], "args": many }), 400, "/args"),
        (json!({ "verb": "create_user", "agent_targets": ["press-7"], "args": [] }), 400, "/args"),
        (json!({ "verb": "create_user", "agent_targets": ["press-7"], "timeout_s": 0 }), 400, "/timeout_s"),
        (
            json!({ "verb": "create_user", "agent_targets": ["press-7"], "urgency": "normal" }),
            400,
            "/urgency",
        ),
    ] {
        let (status, problem) = post(&server, PATH, &body, None).await;
        assert_eq!((status, &problem["errors"][0]["pointer"]), (code, &json!(field)), "{problem}");
    }
    for (targets, code, words) in [
        (
            json!(["press-7", "web-1"]),
            409,
            "'web-1' did not announce 'create_user'; it announced docker.stop",
        ),
        (json!(["press-9"]), 404, "there is no agent 'press-9'"),
    ] {
        let body = json!({ "verb": "create_user", "agent_targets": targets });
        let (status, problem) = post(&server, PATH, &body, None).await;
        assert_eq!((status, &problem["detail"]), (code, &json!(words)), "{problem}");
    }
    let viewer = server.token(Role::Viewer).await;
    let body = json!({ "verb": "create_user", "agent_targets": ["press-7"] });
    assert_eq!(post_as(&server, &viewer, PATH, &body, None).await.0, 403);
    server.stop().await;
}

#[tokio::test]
async fn commands_are_listed_newest_first_by_status_agent_and_verb() {
    let server = TestServer::start().await;
    let (one, two) = (Foreign::of(&server, "press-1").await, Foreign::of(&server, "press-2").await);
    let (mut first, mut second) = (one.link(&["make", "clean"]).await, two.link(&["make", "clean"]).await);
    let mut ids = Vec::new();
    for (verb, targets) in
        [("make", json!(["press-1"])), ("clean", json!(["press-1", "press-2"])), ("make", json!(["press-2"]))]
    {
        let body = json!({ "verb": verb, "agent_targets": targets });
        let (_, command) = post(&server, PATH, &body, Some(&format!("{verb}{targets}"))).await;
        let (_, again) = post(&server, PATH, &body, Some(&format!("{verb}{targets}"))).await;
        assert_eq!(command["id"], again["id"], "the key makes it one");
        ids.push(command["id"].clone());
    }
    let (made, cleaned, also) = (first.next().await, first.next().await, second.next().await);
    assert_eq!(second.next().await["payload"]["id"], ids[2], "it was sent, and stays unanswered");
    first.answer(&made, 1, "ok", &Value::Null).await;
    first.answer(&cleaned, 2, "failed", &Value::Null).await;
    second.answer(&also, 1, "ok", &Value::Null).await;
    for (query, wanted) in [
        ("", vec![2, 1, 0]),
        ("?status=succeeded", vec![0]),
        ("?status=partial", vec![1]),
        ("?status=failed", vec![]),
        ("?status=started", vec![2]),
        ("?verb=make", vec![2, 0]),
        ("?agent=press-1", vec![1, 0]),
        ("?agent=press-2&verb=make", vec![2]),
    ] {
        let (status, page) = get(&server, &format!("/api/v1/commands{query}")).await;
        let found: Vec<&Value> = page["items"].as_array().unwrap().iter().map(|item| &item["id"]).collect();
        let wanted: Vec<&Value> = wanted.iter().map(|place| &ids[*place]).collect();
        assert_eq!((status, found), (200, wanted), "{query}");
    }
    let (_, page) = get(&server, "/api/v1/commands?limit=2").await;
    assert_eq!(page["items"].as_array().unwrap().len(), 2);
    let rest = format!("/api/v1/commands?limit=2&cursor={}", page["next_cursor"].as_str().unwrap());
    let (_, page) = get(&server, &rest).await;
    assert_eq!((&page["items"][0]["id"], &page["next_cursor"]), (&ids[0], &Value::Null));
    assert_eq!(get(&server, "/api/v1/commands?agent=none").await.0, 404);
    server.stop().await;
}
