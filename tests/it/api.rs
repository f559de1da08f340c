//! The server as callers and nodes meet it.

mod backup;
mod canary;
mod command;
mod damage;
mod engine;
mod enroll;
mod event;
mod full;
mod guard;
mod heartbeat;
mod ingest;
mod order;
mod plain;
mod plan;
mod presence;
mod request;
mod retention;
mod revoked;
mod schedule;
mod scope;
mod secret;
mod select;
mod system;
mod telemetry;
mod user;
mod verb;
mod window;
mod withdrawal;

use serde_json::Value;

use crate::harness::{TestServer, http};

/// `GET` as an admin: status and body.
async fn get(server: &TestServer, path: &str) -> (u16, Value) {
    let answer = http().get(server.at(path)).bearer_auth(server.admin().await).send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

/// `POST` as an admin, with an `Idempotency-Key` if told: status and body.
async fn post(server: &TestServer, path: &str, body: &Value, key: Option<&str>) -> (u16, Value) {
    post_as(server, &server.admin().await, path, body, key).await
}

/// `POST` with these credentials.
async fn post_as(
    server: &TestServer,
    token: &str,
    path: &str,
    body: &Value,
    key: Option<&str>,
) -> (u16, Value) {
    let mut request = http().post(server.at(path)).bearer_auth(token).json(body);
    if let Some(key) = key {
        request = request.header("idempotency-key", key);
    }
    let answer = request.send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

/// Every event of the log, by type.
async fn story(server: &TestServer, types: &str) -> Vec<Value> {
    let (status, page) = get(server, &format!("/api/v1/events/history?limit=1000&types={types}")).await;
    assert_eq!(status, 200, "{page}");
    page["items"].as_array().unwrap().clone()
}
