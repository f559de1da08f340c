//! Plans: looked at, held to, applied once.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use worpen::{
    core::change::{Change, Rows, Statement},
    proto::{
        container::ContainerState::{Exited, Running},
        user::Role,
    },
};

use super::{get, post, post_as};
use crate::{
    harness::TestServer,
    node::{TestLink, TestNode},
};

/// Two nodes that run a container of one name each.
struct Two {
    server: TestServer,
    nodes: Vec<TestNode>,
    links: Vec<TestLink>,
}

async fn two() -> Two {
    let server = TestServer::start().await;
    let (mut nodes, mut links) = (Vec::new(), Vec::new());
    for name in ["web-1", "web-2"] {
        let (node, link) = a_node(&server, name).await;
        nodes.push(node);
        links.push(link);
    }
    Two { server, nodes, links }
}

async fn a_node(server: &TestServer, name: &str) -> (TestNode, TestLink) {
    let mut node = TestNode::joined(server, name).await;
    let mut link = node.link().await;
    link.say(&TestNode::inventory(1, &[("aaa", Running)])).await;
    link.acknowledged(1).await;
    (node, link)
}

fn stop_all() -> Value {
    json!({ "verb": "docker.stop", "args": { "container": "c-aaa" }, "all": true,
        "rollout": { "batch": 1, "max_failures": 1 } })
}

async fn planned(server: &TestServer, request: &Value) -> Value {
    let (status, plan) = post(server, "/api/v1/plans", request, None).await;
    assert_eq!(status, 201, "{plan}");
    plan
}

fn apply_path(plan: &Value) -> String {
    format!("/api/v1/plans/{}/apply?wait=0", plan["id"].as_str().unwrap())
}

async fn commands(server: &TestServer) -> usize {
    get(server, "/api/v1/commands").await.1["items"].as_array().unwrap().len()
}

#[tokio::test]
async fn a_plan_sends_nothing_and_is_applied_once() {
    let Two { server, mut links, .. } = two().await;
    let plan = planned(&server, &stop_all()).await;
    let told: Vec<_> = plan["targets"]
        .as_array()
        .unwrap()
        .iter()
        .map(|target| (target["node"].clone(), target["status"].clone(), target["batch"].clone()))
        .collect();
    let wanted = |node, batch| (json!(node), json!("ONLINE"), json!(batch));
    assert_eq!(told, [wanted("web-1", 1), wanted("web-2", 2)]);
    assert_eq!(plan["targets"][0]["container"], json!({ "id": "aaa", "name": "c-aaa", "state": "running" }));
    assert_eq!(commands(&server).await, 0, "nothing was given");
    let path = format!("/api/v1/plans/{}", plan["id"].as_str().unwrap());
    assert_eq!(get(&server, &path).await, (200, plan.clone()));

    let (status, command) = post(&server, &apply_path(&plan), &json!({}), None).await;
    assert_eq!((status, &command["plan"]), (202, &plan["id"]), "{command}");
    assert_eq!(command["executions"][1]["batch"], 2);
    assert_eq!(links[0].order().await.args["container"], "c-aaa");
    let (_, applied) = get(&server, &path).await;
    assert!(applied["applied_at"].is_string(), "{applied}");
    let (status, problem) = post(&server, &apply_path(&plan), &json!({}), None).await;
    assert_eq!((status, &problem["code"]), (409, &json!("plan_applied")), "{problem}");
    assert_eq!(commands(&server).await, 1);
    let audit = server.app.records.audit(0, 1000).await.unwrap();
    assert!(audit.iter().any(|entry| entry.entry.action == "plan.create"));
    server.stop().await;
}

#[tokio::test]
async fn of_two_who_apply_at_once_one_gives_the_command() {
    let Two { server, links: _links, .. } = two().await;
    let plan = planned(&server, &stop_all()).await;
    let (path, body) = (apply_path(&plan), json!({}));
    let admin = server.admin().await;
    let apply = || post_as(&server, &admin, &path, &body, None);
    let (a, b, c, d) = tokio::join!(apply(), apply(), apply(), apply());
    let mut told: Vec<_> =
        [a, b, c, d].into_iter().map(|(status, body)| (status, body["code"].clone())).collect();
    told.sort_by_key(|(status, _)| *status);
    assert_eq!(told[0].0, 202, "{told:?}");
    assert!(
        told[1..].iter().all(|(status, code)| (*status, code) == (409, &json!("plan_applied"))),
        "{told:?}"
    );
    assert_eq!(commands(&server).await, 1);
    server.stop().await;
}

#[tokio::test]
async fn a_plan_is_refused_when_its_targets_changed() {
    let Two { server, nodes, mut links } = two().await;
    let stale = async |plan: &Value| {
        let (status, problem) = post(&server, &apply_path(plan), &json!({}), None).await;
        assert_eq!((status, &problem["code"]), (409, &json!("plan_stale")), "{problem}");
        problem["detail"].as_str().unwrap().to_owned()
    };
    let plan = planned(&server, &stop_all()).await;
    let (_third, _link) = a_node(&server, "web-3").await;
    let words = stale(&plan).await;
    assert!(words.contains("web-3 joined"), "{words}");

    let plan = planned(&server, &stop_all()).await;
    links[0].say(&TestNode::inventory(2, &[("aaa", Exited)])).await;
    links[0].acknowledged(2).await;
    let words = stale(&plan).await;
    assert!(words.contains("the container web-1/c-aaa is exited and was running"), "{words}");

    let plan = planned(&server, &stop_all()).await;
    links[0].say(&TestNode::inventory(3, &[])).await;
    links[0].acknowledged(3).await;
    let words = stale(&plan).await;
    assert!(words.contains("the container web-1/c-aaa is gone"), "{words}");

    links[0].say(&TestNode::inventory(4, &[("aaa", Running)])).await;
    links[0].acknowledged(4).await;
    let plan = planned(&server, &stop_all()).await;
    let status = json!({ "status": "MAINTENANCE" });
    let put = crate::harness::http().put(server.at("/api/v1/agents/web-1/status")).json(&status);
    assert!(put.bearer_auth(server.admin().await).send().await.unwrap().status().is_success());
    let words = stale(&plan).await;
    assert!(words.contains("web-1 is MAINTENANCE"), "{words}");

    let plan = planned(&server, &stop_all()).await;
    let gone = crate::harness::http().delete(server.at("/api/v1/agents/web-2"));
    assert!(gone.bearer_auth(server.admin().await).send().await.unwrap().status().is_success());
    let words = stale(&plan).await;
    assert!(words.contains("web-2 left"), "{words}");
    assert_eq!(commands(&server).await, 0, "nothing was given");
    drop(nodes);
    server.stop().await;
}

#[tokio::test]
async fn whom_load_chose_is_held_to_and_others_may_come() {
    let Two { server, links: _links, .. } = two().await;
    let request = json!({ "verb": "docker.stop", "args": { "container": "c-aaa" }, "all": true, "any": 1 });
    let plan = planned(&server, &request).await;
    let chosen = plan["targets"][0]["node"].clone();
    let (_third, _link) = a_node(&server, "web-0").await;
    let (status, command) = post(&server, &apply_path(&plan), &json!({}), None).await;
    assert_eq!((status, &command["executions"][0]["node"]), (202, &chosen), "{command}");
    assert_eq!(command["executions"].as_array().unwrap().len(), 1);
    server.stop().await;
}

#[tokio::test]
async fn a_plan_belongs_to_its_maker_and_expires() {
    let Two { server, links: _links, .. } = two().await;
    let operator = server.token(Role::Operator).await;
    let plan = planned(&server, &stop_all()).await;
    let (status, problem) = post_as(&server, &operator, &apply_path(&plan), &json!({}), None).await;
    assert_eq!(status, 403, "{problem}");
    let (status, own) = post_as(&server, &operator, "/api/v1/plans", &stop_all(), None).await;
    assert_eq!((status, own["actor"].as_str()), (201, Some("user:test-operator")));

    let long_ago = Timestamp::now() - SignedDuration::from_secs(1);
    let expire = Statement {
        name: "test.expire",
        sql: "UPDATE plans SET expires_at = ?1",
        values: vec![long_ago.into()],
        rows: Rows::Any,
    };
    server.app.store.commit(Change::new().write(expire)).await.unwrap();
    let (status, problem) = post_as(&server, &operator, &apply_path(&own), &json!({}), None).await;
    assert_eq!((status, &problem["code"]), (409, &json!("plan_expired")), "{problem}");
    let (status, problem) =
        post(&server, "/api/v1/plans/0198c0de-0000-7000-8000-000000000000/apply", &json!({}), None).await;
    assert_eq!((status, &problem["code"]), (404, &json!("plan_not_found")), "{problem}");
    assert_eq!(commands(&server).await, 0);
    server.stop().await;
}
