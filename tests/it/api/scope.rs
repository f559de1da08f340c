//! Keys with a scope: what they see, what they may have done, and that rights are looked at again before anything is sent.

use std::time::{Duration, Instant};

use futures_util::{SinkExt, StreamExt};
use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async,
    tungstenite::{Message, client::IntoClientRequest},
};
use worpen::{
    core::change::{Change, Rows, Statement},
    proto::{command::CommandStatus, container::ContainerState::Running, user::Role},
};

use super::{command::result, get, post, post_as, story};
use crate::{
    harness::{TestServer, http, until},
    node::{TestLink, TestNode},
};

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// Two nodes, each with a container and a measurement, and a link that stands.
struct Two {
    server: TestServer,
    web: (TestNode, TestLink),
    db: (TestNode, TestLink),
}

async fn two() -> Two {
    let server = TestServer::start().await;
    let web = a_node(&server, "web-1", "aaaa").await;
    let db = a_node(&server, "db-1", "bbbb").await;
    Two { server, web, db }
}

async fn a_node(server: &TestServer, name: &str, container: &str) -> (TestNode, TestLink) {
    let mut node = TestNode::joined(server, name).await;
    node.verbs = ["exec", "docker.stop", "docker.logs"].map(Into::into).into();
    let mut link = node.link().await;
    link.say(&TestNode::inventory(1, &[(container, Running)])).await;
    link.say(&node.telemetry(2, Timestamp::now())).await;
    link.acknowledged(2).await;
    (node, link)
}

/// An API key of a user with this role, and its id.
async fn key(server: &TestServer, role: Role, request: Value) -> (String, String) {
    let token = server.token(role).await;
    let (status, issued) = post_as(server, &token, "/api/v1/auth/keys", &request, None).await;
    assert_eq!(status, 201, "{issued}");
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    (text(&issued["secret"]), text(&issued["key"]["id"]))
}

async fn narrowed(server: &TestServer) -> String {
    key(server, Role::Operator, json!({ "name": "web", "scope": { "nodes": ["web-*"] } })).await.0
}

async fn get_as(server: &TestServer, token: &str, path: &str) -> (u16, String) {
    let answer = http().get(server.at(path)).bearer_auth(token).send().await.unwrap();
    (answer.status().as_u16(), answer.text().await.unwrap())
}

async fn open(server: &TestServer, token: &str, path: &str) -> Socket {
    let mut request = server.at(path).replace("http", "ws").into_client_request().unwrap();
    request.headers_mut().insert("authorization", format!("Bearer {token}").parse().unwrap());
    connect_async(request).await.unwrap().0
}

/// The next text that is told, of a list packed or not.
async fn told(socket: &mut Socket) -> String {
    loop {
        let message = tokio::time::timeout(Duration::from_secs(20), socket.next()).await;
        match message.expect("something is told within 20 s").unwrap().unwrap() {
            Message::Text(text) => return text.to_string(),
            Message::Binary(packed) => {
                return String::from_utf8(zstd::decode_all(&packed[..]).unwrap()).unwrap();
            }
            Message::Close(_) => panic!("the stream ended"),
            _ => {}
        }
    }
}

fn run(mut targets: Value) -> Value {
    targets["verb"] = json!("exec");
    targets["args"] = json!({ "argv": ["true"] });
    targets
}

#[tokio::test]
async fn what_a_scope_does_not_hold_is_in_no_answer() {
    let Two { server, web, db } = two().await;
    let token = narrowed(&server).await;
    let (_, both) = post(&server, "/api/v1/commands?wait=0", &run(json!({ "all": true })), None).await;
    let (_, other) =
        post(&server, "/api/v1/commands?wait=0", &run(json!({ "agent_targets": ["db-1"] })), None).await;
    let id = |command: &Value| command["id"].as_str().unwrap().to_owned();
    let web_1 = web.0.joined.id.to_string();
    let mut looked_at = 0;
    for route in worpen::api::api().routes() {
        let is_stream = route.path.ends_with("/subscribe") || route.path == "/api/v1/windows";
        if route.method != "GET" || !route.scoped || is_stream || route.path.contains("/containers/{id}/") {
            continue;
        }
        let path = match route.path {
            path if path.starts_with("/api/v1/commands") => path.replace("{id}", &id(&both)),
            path if path.starts_with("/api/v1/containers") => path.replace("{id}", "aaaa"),
            path => path.replace("{id}", "web-1"),
        };
        let path = if path.ends_with("/output") { format!("{path}?follow=false") } else { path };
        let (status, body) = get_as(&server, &token, &path).await;
        let is_own = path.contains("/plans/") || path.contains("/schedules/");
        assert_eq!(
            status,
            if is_own { if path.contains("plans") { 400 } else { 404 } } else { 200 },
            "{path}: {body}"
        );
        for secret in ["\"db-1", "c-bbbb", &db.0.joined.id.to_string(), &id(&other)] {
            assert!(!body.contains(secret), "{path} tells of {secret}: {body}");
        }
        looked_at += 1;
    }
    assert!(looked_at >= 24, "{looked_at}");
    let (_, list) = get_as(&server, &token, "/api/v1/agents?sort=-name&limit=1").await;
    let list: Value = serde_json::from_str(&list).unwrap();
    assert_eq!((&list["items"][0]["id"], &list["next_cursor"]), (&json!(web_1), &Value::Null));
    let (_, shown) = get_as(&server, &token, &format!("/api/v1/commands/{}", id(&both))).await;
    let shown: Value = serde_json::from_str(&shown).unwrap();
    assert_eq!(shown["executions"].as_array().unwrap().len(), 1);
    let (_, whole) = get(&server, "/api/v1/agents").await;
    assert_eq!(whole["items"].as_array().unwrap().len(), 2, "others still see all of it");
    server.stop().await;
}

#[tokio::test]
async fn what_a_scope_does_not_hold_is_told_from_nothing_that_is_not_there() {
    let Two { server, .. } = two().await;
    let token = narrowed(&server).await;
    let (_, other) =
        post(&server, "/api/v1/commands?wait=0", &run(json!({ "agent_targets": ["db-1"] })), None).await;
    let other = other["id"].as_str().unwrap();
    let nobody = "0198c0de-0000-7000-8000-000000000000";
    for (there, not_there) in [
        ("/api/v1/agents/db-1", "/api/v1/agents/xx-1"),
        ("/api/v1/agents/db-1/health", "/api/v1/agents/xx-1/health"),
        ("/api/v1/agents/db-1/telemetry", "/api/v1/agents/xx-1/telemetry"),
        ("/api/v1/containers/db-1%2Fc-bbbb", "/api/v1/containers/xx-1%2Fc-bbbb"),
        ("/api/v1/containers/bbbb", "/api/v1/containers/cccc"),
        ("/api/v1/containers/bbbb/logs", "/api/v1/containers/cccc/logs"),
        ("/api/v1/containers?node=db-1", "/api/v1/containers?node=xx-1"),
        ("/api/v1/images?node=db-1", "/api/v1/images?node=xx-1"),
        ("/api/v1/telemetry/latest?agent=db-1", "/api/v1/telemetry/latest?agent=xx-1"),
        ("/api/v1/telemetry/history?agent=db-1", "/api/v1/telemetry/history?agent=xx-1"),
        ("/api/v1/telemetry/analytics?agent=db-1", "/api/v1/telemetry/analytics?agent=xx-1"),
        ("/api/v1/commands?agent=db-1", "/api/v1/commands?agent=xx-1"),
        ("/api/v1/commands/THERE", "/api/v1/commands/NOT"),
        ("/api/v1/commands/THERE/output", "/api/v1/commands/NOT/output"),
        ("/api/v1/events/history?node=db-1", "/api/v1/events/history?node=xx-1"),
    ] {
        let there = get_as(&server, &token, &there.replace("THERE", other)).await;
        let not_there = get_as(&server, &token, &not_there.replace("NOT", nobody)).await;
        let same = |(status, body): (u16, String)| {
            let mut body: Value = serde_json::from_str(&body).unwrap();
            let body = body.as_object_mut().unwrap();
            body.remove("request_id");
            body.remove("detail");
            (status, body.clone())
        };
        assert_eq!(same(there), same(not_there));
    }
    // A name that two nodes have would be a conflict that names both.
    let stop = async |reference: &str| {
        let path = format!("/api/v1/containers/{reference}/stop?wait=0");
        let (status, answer) = post_as(&server, &token, &path, &json!({}), None).await;
        (status, answer["code"].clone())
    };
    assert_eq!(stop("bbbb").await, (404, json!("container_not_found")));
    assert_eq!(stop("aaaa").await.0, 202);
    server.stop().await;
}

#[tokio::test]
async fn neither_a_short_page_nor_its_cursor_tells_of_what_a_scope_does_not_hold() {
    let Two { server, db, .. } = two().await;
    let token = narrowed(&server).await;
    let mut hidden = Vec::new();
    for target in ["db-1", "web-1", "db-1"] {
        let request = run(json!({ "agent_targets": [target] }));
        let (_, given) = post(&server, "/api/v1/commands?wait=0", &request, None).await;
        if target == "db-1" {
            hidden.push(given["id"].as_str().unwrap().to_owned());
        }
    }
    // Several events of db-1 are in the log, and several commands were given to it: a page of one would have a next one.
    for (there, not_there) in [
        ("/api/v1/events/history?limit=1&node=db-1", "/api/v1/events/history?limit=1&node=xx-1"),
        (
            "/api/v1/events/history?limit=1&types=key.issued",
            "/api/v1/events/history?limit=1&types=container.died",
        ),
        ("/api/v1/commands?limit=1&verb=docker.stop", "/api/v1/commands?limit=1&verb=docker.start"),
    ] {
        let of = async |path: &str| {
            let (_, page) = get_as(&server, &token, path).await;
            let page: Value = serde_json::from_str(&page).unwrap();
            (page["items"].clone(), page["next_cursor"].is_null())
        };
        assert_eq!(of(there).await, of(not_there).await, "{there}");
    }
    let db = db.0.joined.id;
    let (_, page) = get_as(&server, &token, &format!("/api/v1/commands?limit=1&agent={db}")).await;
    let page: Value = serde_json::from_str(&page).unwrap();
    assert_eq!((&page["items"], &page["next_cursor"]), (&json!([]), &Value::Null));
    // All pages of one hold what one page holds, and nothing else.
    let (mut seen, mut cursor) = (0, String::new());
    loop {
        let (status, page) = get_as(&server, &token, &format!("/api/v1/commands?limit=1{cursor}")).await;
        assert_eq!(status, 200, "{page}");
        assert!(hidden.iter().all(|id| !page.contains(id)), "{page}");
        let page: Value = serde_json::from_str(&page).unwrap();
        seen += page["items"].as_array().unwrap().len();
        let Some(next) = page["next_cursor"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    assert_eq!(seen, 1);
    let (status, _) = get_as(&server, &token, &format!("/api/v1/commands?cursor={}", hidden[0])).await;
    assert_eq!(status, 400, "a cursor that was not given");
    server.stop().await;
}

#[tokio::test]
async fn a_schedule_of_a_key_with_a_scope_is_taken_over_by_nobody_who_sees_more() {
    let Two { server, .. } = two().await;
    let scope = json!({ "name": "web", "scope": { "nodes": ["web-*"] } });
    let (token, id) = key(&server, Role::Operator, scope).await;
    let named = run(json!({ "agent_targets": ["web-1"] }));
    for (name, command) in [("all", run(json!({ "all": true }))), ("named", named)] {
        let clock = json!({ "name": name, "cron": "0 0 1 1 *", "command": command });
        assert_eq!(post_as(&server, &token, "/api/v1/schedules", &clock, None).await.0, 201);
    }
    let path = format!("/api/v1/auth/keys/{id}");
    http().delete(server.at(&path)).bearer_auth(server.admin().await).send().await.unwrap();
    let deadline = Instant::now() + Duration::from_secs(20);
    while story(&server, "schedule.paused").await.len() < 2 {
        assert!(Instant::now() < deadline, "they do not rest");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let resume = json!({ "paused": false });
    let (status, refused) = post(&server, "/api/v1/schedules/all/pause", &resume, None).await;
    assert_eq!((status, &refused["code"]), (409, &json!("scope_ended")), "{refused}");
    assert_eq!(post(&server, "/api/v1/schedules/named/pause", &resume, None).await.0, 200);
    server.stop().await;
}

#[tokio::test]
async fn a_scope_bounds_what_is_given_and_to_whom() {
    let Two { server, .. } = two().await;
    let scope = json!({ "name": "web", "scope": { "nodes": ["web-*"], "verbs": ["exec"] } });
    let token = key(&server, Role::Operator, scope).await.0;
    let give = async |request: Value| {
        let (status, answer) = post_as(&server, &token, "/api/v1/commands?wait=0", &request, None).await;
        let nodes = answer["executions"].as_array().into_iter().flatten();
        (status, nodes.map(|one| one["node"].as_str().unwrap().to_owned()).collect::<Vec<_>>())
    };
    assert_eq!(give(run(json!({ "all": true }))).await, (202, vec!["web-1".into()]));
    assert_eq!(give(run(json!({ "where": "name != \"\"" }))).await, (202, vec!["web-1".into()]));
    assert_eq!(give(run(json!({ "agent_targets": ["web-1"] }))).await.0, 202);
    assert_eq!(give(run(json!({ "agent_targets": ["web-1", "db-1"] }))).await.0, 404);
    assert_eq!(give(run(json!({ "all": true, "any": 2 }))).await.0, 409, "one is there for it");
    let stop = json!({ "verb": "docker.stop", "args": { "container": "aaaa" }, "all": true });
    let (status, refused) = post_as(&server, &token, "/api/v1/commands?wait=0", &stop, None).await;
    assert_eq!((status, &refused["code"]), (403, &json!("forbidden")), "{refused}");
    assert!(refused["detail"].as_str().unwrap().contains("'docker.stop'; it holds exec"), "{refused}");
    for path in ["/api/v1/containers/aaaa/stop?wait=0", "/api/v1/docker/prune?wait=0", "/api/v1/agents/sync"]
    {
        let body = if path.ends_with("sync") { json!({ "target": "all" }) } else { json!({}) };
        let (status, refused) = post_as(&server, &token, path, &body, None).await;
        assert!(matches!(status, 403 | 409), "{path}: {refused}");
    }
    assert_eq!(get_as(&server, &token, "/api/v1/containers/aaaa/logs").await.0, 403, "it may not ask so");
    let (status, refused) = post_as(&server, &token, "/api/v1/plans", &stop, None).await;
    assert_eq!(status, 403, "{refused}");
    let clock = json!({ "name": "s", "cron": "0 0 1 1 *", "command": stop });
    assert_eq!(post_as(&server, &token, "/api/v1/schedules", &clock, None).await.0, 403);
    let denied = server.app.records.audit(0, 1000).await.unwrap();
    let denied = denied.iter().filter(|entry| entry.entry.action == "command.give");
    assert!(denied.filter(|entry| entry.entry.actor == "key:test-operator/web").count() >= 3);
    server.stop().await;
}

#[tokio::test]
async fn a_command_of_a_key_that_ended_meanwhile_is_refused_and_never_sent() {
    let server = TestServer::start().await;
    let mut node = TestNode::joined(&server, "web-1").await;
    node.verbs = vec!["exec".into()];
    drop(node.link().await);
    until("its link ended", || !server.app.fleet.read().is_linked(node.joined.id)).await;
    let give = async |token: &str| {
        let request = run(json!({ "agent_targets": ["web-1"], "timeout_s": 600 }));
        let (status, given) = post_as(&server, token, "/api/v1/commands?wait=0", &request, None).await;
        assert_eq!(status, 202, "{given}");
        given["id"].as_str().unwrap().to_owned()
    };
    let revoked = key(&server, Role::Operator, json!({ "name": "revoked" })).await;
    let expired = key(&server, Role::Operator, json!({ "name": "expired" })).await;
    let moved =
        key(&server, Role::Operator, json!({ "name": "moved", "scope": { "sites": ["local"] } })).await;
    let stays = key(&server, Role::Operator, json!({ "name": "stays" })).await;
    let (of_revoked, of_expired) = (give(&revoked.0).await, give(&expired.0).await);
    let (of_moved, of_stays) = (give(&moved.0).await, give(&stays.0).await);
    let admin = server.admin().await;
    let path = format!("/api/v1/auth/keys/{}", revoked.1);
    let answer = http().delete(server.at(&path)).bearer_auth(&admin).send().await.unwrap();
    assert_eq!(answer.status().as_u16(), 200);
    let set = |sql: &'static str, id: &str| Statement {
        name: "test.set",
        sql,
        values: vec![id.to_owned().into()],
        rows: Rows::Exactly(1),
    };
    let change = Change::new()
        .write(set("UPDATE api_keys SET expires_at = 1 WHERE id = ?1", &expired.1))
        .write(set(r#"UPDATE api_keys SET scope = '{"sites":["elsewhere"]}' WHERE id = ?1"#, &moved.1));
    server.app.store.commit(change).await.unwrap();

    let mut link = node.link().await;
    let order = link.order().await;
    assert_eq!(order.command.to_string(), of_stays, "the only one that may still be sent");
    link.say(&result(&order, 1, CommandStatus::Succeeded)).await;
    for (id, why) in [
        (of_revoked, "the API key 'revoked' of test-operator was revoked"),
        (of_expired, "the API key 'expired' of test-operator expired"),
        (of_moved, "this key's scope does not hold the node web-1"),
    ] {
        let (_, command) = get(&server, &format!("/api/v1/commands/{id}?wait=20")).await;
        let execution = &command["executions"][0];
        assert_eq!(execution["status"], "refused", "{command}");
        assert!(execution["error_message"].as_str().unwrap().contains(why), "{command}");
    }
    let audit = server.app.records.audit(0, 1000).await.unwrap();
    assert_eq!(audit.iter().filter(|entry| entry.entry.action == "command.refused").count(), 3);
    server.stop().await;
}

#[tokio::test]
async fn an_order_that_a_node_may_have_is_stopped_when_its_rights_are_gone() {
    let server = TestServer::start().await;
    let mut node = TestNode::joined(&server, "web-1").await;
    node.verbs = vec!["exec".into()];
    let mut link = node.link().await;
    let (token, id) = key(&server, Role::Operator, json!({ "name": "k" })).await;
    let request = run(json!({ "agent_targets": ["web-1"], "timeout_s": 600 }));
    let (_, given) = post_as(&server, &token, "/api/v1/commands?wait=0", &request, None).await;
    let order = link.order().await;
    drop(link);
    until("its link ended", || !server.app.fleet.read().is_linked(node.joined.id)).await;
    let path = format!("/api/v1/auth/keys/{id}");
    http().delete(server.at(&path)).bearer_auth(server.admin().await).send().await.unwrap();
    let mut link = node.link().await;
    let worpen::proto::link::ServerFrame::Cancel(cancel) = link.next().await else {
        panic!("expected CANCEL, no COMMAND")
    };
    assert_eq!(cancel.execution_id, Some(order.execution));
    link.say(&result(&order, 1, CommandStatus::Cancelled)).await;
    let path = format!("/api/v1/commands/{}?wait=20", given["id"].as_str().unwrap());
    assert_eq!(get(&server, &path).await.1["status"], "cancelled");
    server.stop().await;
}

#[tokio::test]
async fn streams_show_a_scopes_nodes_alone_and_end_with_their_user() {
    let Two { server, web: (web, mut web_link), db: (db, mut db_link) } = two().await;
    let token = narrowed(&server).await;
    let mut events = open(&server, &token, "/api/v1/events/subscribe?from=0&live=telemetry").await;
    let mut windows = open(&server, &token, "/api/v1/windows").await;
    let ask =
        json!({ "type": "open", "window": 1, "ask": 1, "list": "agents", "limit": 10, "columns": ["name"] });
    windows.send(Message::Text(ask.to_string().into())).await.unwrap();
    let rows = loop {
        let told: Value = serde_json::from_str(&told(&mut windows).await).unwrap();
        if told["type"] == "rows" {
            break told;
        }
    };
    assert_eq!((&rows["total"], &rows["rows"][0]["name"]), (&json!(1), &json!("web-1")), "{rows}");
    let (_, both) = post(&server, "/api/v1/commands?wait=0", &run(json!({ "all": true })), None).await;
    db_link.say(&db.telemetry(3, Timestamp::now())).await;
    db_link.acknowledged(3).await;
    web_link.say(&web.telemetry(3, Timestamp::now())).await;
    let (mut is_queued, mut is_measured) = (false, false);
    while !(is_queued && is_measured) {
        let told = told(&mut events).await;
        assert!(!told.contains("\"db-1") && !told.contains("c-bbbb"), "{told}");
        assert!(!told.contains(&db.joined.id.to_string()), "{told}");
        is_queued |= told.contains("command.queued") && told.contains(both["id"].as_str().unwrap());
        is_measured |= told.contains("\"live\"") && told.contains("web-1");
    }
    let (status, user) = post(&server, "/api/v1/users/test-operator/disable", &json!({}), None).await;
    assert_eq!(status, 200, "{user}");
    for socket in [&mut events, &mut windows] {
        loop {
            match tokio::time::timeout(Duration::from_secs(20), socket.next()).await.unwrap() {
                Some(Ok(Message::Close(Some(close)))) => {
                    assert_eq!(close.reason.as_str(), "the credentials no longer hold");
                    break;
                }
                Some(Ok(_)) => {}
                other => panic!("{other:?}"),
            }
        }
    }
    server.stop().await;
}

#[tokio::test]
async fn plans_schedules_and_claims_of_others_are_not_there_for_a_key_with_a_scope() {
    let Two { server, .. } = two().await;
    let whole = key(&server, Role::Operator, json!({ "name": "same" })).await.0;
    let scope = json!({ "name": "same", "scope": { "nodes": ["web-*"] } });
    let (one, other) =
        (key(&server, Role::Operator, scope.clone()).await.0, key(&server, Role::Operator, scope).await.0);
    let clock =
        |name: &str| json!({ "name": name, "cron": "0 0 1 1 *", "command": run(json!({ "all": true })) });
    let mut plans = Vec::new();
    for (token, name) in [(&whole, "whole"), (&one, "one"), (&other, "other")] {
        let (status, plan) =
            post_as(&server, token, "/api/v1/plans", &run(json!({ "all": true })), None).await;
        assert_eq!(status, 201, "{plan}");
        plans.push(plan["id"].as_str().unwrap().to_owned());
        let (status, made) = post_as(&server, token, "/api/v1/schedules", &clock(name), None).await;
        assert_eq!(status, 201, "{made}");
    }
    let seen = |token: String, path: String| {
        let server = &server;
        async move { get_as(server, &token, &path).await.0 }
    };
    for (plan, name, expected) in
        [(&plans[0], "whole", 404), (&plans[1], "one", 200), (&plans[2], "other", 404)]
    {
        assert_eq!(seen(one.clone(), format!("/api/v1/plans/{plan}")).await, expected);
        assert_eq!(seen(one.clone(), format!("/api/v1/schedules/{name}")).await, expected);
        assert_eq!(seen(whole.clone(), format!("/api/v1/plans/{plan}")).await, 200);
        let path = format!("/api/v1/plans/{plan}/apply?wait=0");
        let (status, answer) = post_as(&server, &one, &path, &json!({}), None).await;
        assert_eq!(status, if expected == 200 { 202 } else { 404 }, "{answer}");
        let pause = format!("/api/v1/schedules/{name}/pause");
        assert_eq!(post_as(&server, &one, &pause, &json!({ "paused": true }), None).await.0, expected);
    }
    let (_, list) = get_as(&server, &one, "/api/v1/schedules").await;
    let list: Value = serde_json::from_str(&list).unwrap();
    assert_eq!(list["items"].as_array().unwrap().len(), 1, "{list}");
    // One Idempotency-Key of two keys of one name is two claims.
    let give = async |token: &str| {
        let request = run(json!({ "agent_targets": ["web-1"] }));
        let (_, given) = post_as(&server, token, "/api/v1/commands?wait=0", &request, Some("once")).await;
        given["id"].as_str().unwrap().to_owned()
    };
    let first = give(&one).await;
    assert_eq!(give(&one).await, first);
    assert_ne!(give(&other).await, first);
    assert_ne!(give(&whole).await, first);
    server.stop().await;
}

#[tokio::test]
async fn a_schedule_rests_as_soon_as_its_makers_right_is_gone_and_goes_on_for_whoever_vouches() {
    let Two { server, .. } = two().await;
    let (token, id) = key(&server, Role::Operator, json!({ "name": "nightly" })).await;
    let clock = json!({ "name": "s", "cron": "0 0 1 1 *", "command": run(json!({ "all": true })) });
    assert_eq!(post_as(&server, &token, "/api/v1/schedules", &clock, None).await.0, 201);
    let path = format!("/api/v1/auth/keys/{id}");
    http().delete(server.at(&path)).bearer_auth(server.admin().await).send().await.unwrap();
    let deadline = Instant::now() + Duration::from_secs(20);
    while story(&server, "schedule.paused").await.is_empty() {
        assert!(Instant::now() < deadline, "it does not rest");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let (_, rests) = get(&server, "/api/v1/schedules/s").await;
    assert_eq!((&rests["paused"], &rests["next_at"]), (&json!(true), &Value::Null), "{rests}");
    assert!(
        rests["last_error"].as_str().unwrap().contains("'nightly' of test-operator was revoked"),
        "{rests}"
    );
    let (status, goes_on) =
        post(&server, "/api/v1/schedules/s/pause", &json!({ "paused": false }), None).await;
    assert_eq!((status, &goes_on["actor"]), (200, &json!("key:admin/test")), "{goes_on}");
    assert!(goes_on["next_at"].is_string());
    server.stop().await;
}

#[tokio::test]
async fn a_scope_that_holds_nothing_is_refused_when_it_is_asked_for() {
    let server = TestServer::start().await;
    let token = server.token(Role::Admin).await;
    for (scope, pointer) in [
        (json!({}), "/scope"),
        (json!({ "verbs": [] }), "/scope/verbs"),
        (json!({ "nodes": ["web-1", " "] }), "/scope/nodes/1"),
    ] {
        let request = json!({ "name": "k", "scope": scope });
        let (status, refused) = post_as(&server, &token, "/api/v1/auth/keys", &request, None).await;
        assert_eq!((status, refused["errors"][0]["pointer"].as_str()), (400, Some(pointer)), "{refused}");
    }
    let request = json!({ "name": "k", "scope": { "node": ["web-1"] } });
    let (status, refused) = post_as(&server, &token, "/api/v1/auth/keys", &request, None).await;
    assert_eq!(status, 400, "a name that is not known narrows nothing, so it is refused: {refused}");
    server.stop().await;
}
