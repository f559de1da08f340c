//! Agents that speak only HTTP.

use std::time::Duration;

use serde_json::{Value, json};
use worpen::proto::agent::AgentStatus::{self, Degraded, Offline, Online, Unknown};

use super::{get, post_as, story};
use crate::{
    foreign::Foreign,
    harness::{TestServer, until},
};

async fn beat(server: &TestServer, token: &str, body: &Value) -> (u16, Value) {
    post_as(server, token, "/api/v1/internal/heartbeat", body, None).await
}

fn status(server: &TestServer) -> AgentStatus {
    server.app.fleet.read().agent("press-7").unwrap().status
}

#[tokio::test]
async fn an_agent_lives_by_its_heartbeats_alone() {
    let server = TestServer::start_with(Duration::from_secs(1)).await;
    let foreign = Foreign::of(&server, "press-7").await;
    let body = json!({ "id": "press-7", "cpu": 12.5, "ram": 41, "status": "ONLINE" });
    let (code, taken) = beat(&server, &foreign.token, &body).await;
    assert_eq!((code, &taken["status"], &taken["heartbeat_interval_s"]), (200, &json!("ONLINE"), &json!(1)));
    let (_, health) = get(&server, "/api/v1/agents/press-7/health").await;
    assert_eq!((&health["status"], &health["linked"]), (&json!("ONLINE"), &json!(false)));
    assert_eq!((&health["cpu_usage"], &health["memory_usage"]), (&json!(12.5), &json!(41.0)));
    let (_, page) = get(&server, "/api/v1/agents/press-7/telemetry").await;
    assert_eq!(page["items"], json!([]), "a pulse is no measurement");
    let id = get(&server, "/api/v1/agents/press-7").await.1["id"].clone();
    let (code, taken) = beat(&server, &foreign.token, &json!({ "id": id, "status": "degraded" })).await;
    assert_eq!((code, &taken["status"]), (200, &json!("DEGRADED")));
    assert_eq!(status(&server), Degraded);
    until("the agent is unknown", || status(&server) == Unknown).await;
    until("the agent is offline", || status(&server) == Offline).await;
    beat(&server, &foreign.token, &body).await;
    assert_eq!(status(&server), Online);
    until("the agent is unknown again", || status(&server) == Unknown).await;
    let story = story(&server, "agent.*").await;
    let kinds: Vec<&str> = story.iter().map(|event| event["type"].as_str().unwrap()).collect();
    assert_eq!(
        kinds,
        [
            "agent.invited",
            "agent.joined",
            "agent.online",
            "agent.degraded",
            "agent.unknown",
            "agent.offline",
            "agent.online",
            "agent.unknown"
        ]
    );
    server.stop().await;
}

#[tokio::test]
async fn heartbeats_hold_an_agent_up() {
    let server = TestServer::start_with(Duration::from_secs(1)).await;
    let foreign = Foreign::of(&server, "press-7").await;
    for _ in 0..12 {
        beat(&server, &foreign.token, &json!({ "id": "press-7", "status": "ONLINE" })).await;
        let heard = server.app.fleet.read().agent("press-7").unwrap().last_seen_at.unwrap();
        until("a quarter of an interval went by", || {
            heard.duration_until(jiff::Timestamp::now()).as_millis() > 250
        })
        .await;
    }
    assert_eq!(status(&server), Online);
    assert_eq!(story(&server, "agent.unknown").await, Vec::<Value>::new());
    server.stop().await;
}

#[tokio::test]
async fn a_heartbeat_is_taken_from_its_own_agent_alone() {
    let server = TestServer::start().await;
    let foreign = Foreign::of(&server, "press-7").await;
    let body = json!({ "id": "press-7", "status": "ONLINE" });
    for token in ["wpa_wrong", "wpk_wrong", &server.admin().await] {
        let (code, problem) = beat(&server, token, &body).await;
        assert_eq!((code, &problem["code"]), (401, &json!("unauthenticated")), "{token}");
    }
    for (body, field) in [
        (json!({ "id": "press-8", "status": "ONLINE" }), "/id"),
        (json!({ "id": "press-7", "status": "DEAD" }), "/status"),
        (json!({ "id": "press-7", "status": "ONLINE", "cpu": 101 }), "/cpu"),
        (json!({ "id": "press-7", "status": "ONLINE", "ram": -1 }), "/ram"),
        (json!({ "id": "press-7", "status": "ONLINE", "disk": 1 }), "/disk"),
    ] {
        let (code, problem) = beat(&server, &foreign.token, &body).await;
        assert_eq!((code, &problem["errors"][0]["pointer"]), (400, &json!(field)), "{problem}");
    }
    assert_eq!(status(&server), Offline);
    server.stop().await;
}
