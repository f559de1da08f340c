//! What is served, and what the server does against what it says.

use std::{cmp::Reverse, collections::BTreeMap};

use jiff::Timestamp;
use reqwest::Method;
use serde_json::{Value, json};
use worpen::proto::{container::ContainerState::Running, image::ImageFacts, link::AgentFrame, user::Role};

use super::{
    calls, document,
    document::{resolve, validator},
};
use crate::{
    harness::{TestServer, http},
    node::{TestLink, TestNode},
};

#[tokio::test]
async fn the_document_is_served_once_and_then_only_confirmed() {
    let server = TestServer::start().await;
    for path in ["/api-docs/openapi.json", "/api-docs"] {
        let whole = http().get(server.at(path)).send().await.unwrap();
        assert_eq!(whole.status().as_u16(), 200);
        let tag = whole.headers()["etag"].to_str().unwrap().to_owned();
        assert!(!whole.bytes().await.unwrap().is_empty());
        for known in [tag.clone(), format!("W/{tag}"), format!("\"other\", {tag}"), "*".into()] {
            let confirmed = http().get(server.at(path)).header("if-none-match", &known).send().await.unwrap();
            assert_eq!(confirmed.status().as_u16(), 304, "{path} {known}");
            assert_eq!(confirmed.headers()["etag"].to_str().unwrap(), tag);
            assert!(confirmed.bytes().await.unwrap().is_empty());
        }
        let changed = http().get(server.at(path)).header("if-none-match", "\"other\"").send().await.unwrap();
        assert_eq!(changed.status().as_u16(), 200);
    }
    let served = http().get(server.at("/api-docs/openapi.json")).send().await.unwrap();
    assert_eq!(served.headers()["content-type"], "application/json");
    assert_eq!(served.json::<serde_json::Value>().await.unwrap(), document());
    server.stop().await;
}

#[tokio::test]
async fn the_page_stands_alone() {
    let server = TestServer::start().await;
    let answer = http().get(server.at("/api-docs")).send().await.unwrap();
    assert_eq!(answer.headers()["content-type"], "text/html; charset=utf-8");
    let policy = answer.headers()["content-security-policy"].to_str().unwrap().to_owned();
    assert!(policy.starts_with("default-src 'none'; style-src 'sha256-"), "{policy}");
    assert!(!policy.contains("unsafe"), "{policy}");
    let page = answer.text().await.unwrap();
    for outside in ["http:", "https:", "src=", "url(", "@import", "<script", "<link", "style=\""] {
        assert!(!page.contains(outside), "the page has '{outside}'");
    }
    for route in worpen::api::api().routes() {
        assert!(page.contains(&format!(">{}<", route.path)), "{} {}", route.method, route.path);
    }
    for (at, _) in page.match_indices("href=\"#") {
        let target = page[at + 7..].split('"').next().unwrap();
        assert!(page.contains(&format!("id=\"{target}\"")), "nothing has the id {target}");
    }
    server.stop().await;
}

/// A node with a container, an image and a measurement.
async fn a_node(server: &TestServer) -> (TestNode, TestLink) {
    let mut node = TestNode::joined(server, "web-1").await;
    let mut link = node.link().await;
    let mut inventory = TestNode::inventory(1, &[("aaa", Running)]);
    if let AgentFrame::Inventory(inventory) = &mut inventory {
        inventory.body.images = vec![ImageFacts {
            id: "sha256:0".into(),
            tags: vec!["busybox:latest".into()],
            digests: vec![],
            size_bytes: 1,
            created_at: None,
        }];
    }
    link.say(&inventory).await;
    link.say(&node.telemetry(2, Timestamp::now())).await;
    link.acknowledged(2).await;
    (node, link)
}

#[tokio::test]
async fn what_each_call_answers_is_what_the_document_says() {
    let server = TestServer::start().await;
    let (_node, link) = a_node(&server).await;
    let (document, mut admin) = (document(), server.token(Role::Admin).await);
    let mut calls = calls(&document);
    // What makes something, what looks at it, what removes it.
    let order = ["POST", "GET", "DELETE"];
    calls.sort_by_key(|(method, path, _)| {
        // A node that was revoked can only be removed.
        let method = if path.ends_with("/revoke") { "DELETE" } else { method.as_str() };
        (order.iter().position(|word| *word == method), path.contains("{id}"), Reverse(*path))
    });
    let mut ids = BTreeMap::from([
        ("agents", "web-1".to_owned()),
        ("containers", "aaa".to_owned()),
        ("users", "ada".to_owned()),
    ]);
    for call in &calls {
        answer(&server, &document, call, &ids, None).await;
        let (status, body) = answer(&server, &document, call, &ids, Some(&admin)).await;
        let (method, path, _) = call;
        let expected = match *path {
            // The example's proof holds on no other server.
            "/api/v1/join" | "/api/v1/internal/heartbeat" => 401,
            // The user of the examples is made later.
            "/api/v1/users/{id}/role" | "/api/v1/users/{id}/password" => 404,
            // Certificates are given where agents are managed.
            "/api/v1/certificates" => 403,
            // Nobody is named to encrypt one for,
            "/api/v1/backups"
            // and this node has no engine that it could ask.
            | "/api/v1/containers/{id}/logs"
            // The command that was given waits for its node.
            | "/api/v1/commands/{id}/retry"
            | "/api/v1/containers/{id}/stats"
            | "/api/v1/containers/{id}/inspect"
            | "/api/v1/images/pull"
            | "/api/v1/docker/prune" => 409,
            "/ws/agent" | "/api/v1/events/subscribe" | "/api/events/subscribe" | "/api/v1/windows" => 426,
            _ => 200,
        };
        assert!(
            status == expected || expected == 200 && (201..=202).contains(&status),
            "{method} {path}: {body}"
        );
        if *path == "/api/v1/auth/logout" {
            admin = server.token(Role::Admin).await;
        }
        if body["verb"].is_string() {
            ids.insert("commands", body["id"].as_str().unwrap().to_owned());
        } else if body["cron"].is_string() {
            ids.insert("schedules", body["id"].as_str().unwrap().to_owned());
        } else if body["targets"].is_array() && body["request"].is_object() {
            ids.insert("plans", body["id"].as_str().unwrap().to_owned());
        } else if body["secret"].is_string() {
            ids.insert("keys", body["key"]["id"].as_str().unwrap().to_owned());
        }
    }
    drop(link);
    server.stop().await;
}

/// Calls, and holds the answer against the document.
async fn answer(
    server: &TestServer,
    document: &Value,
    (method, path, call): &(String, &str, &Value),
    ids: &BTreeMap<&str, String>,
    token: Option<&str>,
) -> (u16, Value) {
    let noun = path.split('/').rev().skip_while(|part| *part != "{id}").nth(1).unwrap_or_default();
    let mut at = server.at(&path
        .replace("{kind}", "authority")
        .replace("{id}", ids.get(noun).map_or("none", String::as_str)));
    let parameters = call["parameters"].as_array().into_iter().flatten();
    if parameters.clone().any(|parameter| parameter["name"] == "wait") {
        at.push_str("?wait=0");
    } else if path.ends_with("/output") {
        at.push_str("?follow=false");
    }
    let mut request = http().request(Method::from_bytes(method.as_bytes()).unwrap(), at);
    if let Some(token) = token {
        request = request.bearer_auth(token);
    }
    if let Some(example) = call["requestBody"]["content"]["application/json"].get("example") {
        let mut body = example.clone();
        if *path == "/api/v1/invitations" {
            // The node of the examples is a member already.
            body["name"] = json!("db-1");
        }
        if matches!(*path, "/api/v1/commands" | "/api/v1/plans") {
            body["args"]["container"] = json!("aaa");
        }
        if *path == "/api/v1/schedules" {
            // This node is at another site, and stops containers alone.
            body["command"] = json!({ "verb": "docker.stop", "args": { "container": "aaa" }, "all": true });
        }
        request = request.json(&body);
    }
    let answer = request.send().await.unwrap();
    let status = answer.status().as_u16();
    let what = format!("{method} {path}: {status}");
    let said = resolve(document, &call["responses"][status.to_string()]);
    assert!(said.is_object(), "{what} is not described");
    for header in said["headers"].as_object().unwrap().keys() {
        assert!(answer.headers().contains_key(header), "{what}: {header}");
    }
    let kind = answer.headers()["content-type"].to_str().unwrap().split(';').next().unwrap().to_owned();
    let media = &said["content"][&kind];
    assert!(media.is_object(), "{what}: {kind} is not described");
    let text = answer.text().await.unwrap();
    // Of a stream of objects the first stands for all.
    let text =
        if kind.ends_with("x-ndjson") { text.lines().next().unwrap_or_default().to_owned() } else { text };
    let body = if kind.ends_with("json") { serde_json::from_str(&text).unwrap() } else { json!(text) };
    if let Err(error) = validator(document, &media["schema"]).validate(&body) {
        panic!("{what}: {error} at {}", error.instance_path());
    }
    (status, body)
}
