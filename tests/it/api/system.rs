//! What the server says of itself and of the fleet in numbers.

use std::{
    env,
    io::Write,
    process::{Command, Stdio},
};

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use worpen::proto::{
    agent::AgentStatus::Unknown,
    container::ContainerState::{Exited, Running},
    link::AgentFrame,
    telemetry::NetworkStats,
    user::Role,
};

use super::get;
use crate::{
    foreign::Foreign,
    harness::{TestServer, http, until},
    node::{TestLink, TestNode},
};

/// A node with two containers that measured twice, ten seconds apart.
async fn a_node(server: &TestServer) -> (TestNode, TestLink) {
    let mut node = TestNode::joined(server, "web-1").await;
    let mut link = node.link().await;
    link.say(&TestNode::inventory(1, &[("aaa", Running), ("bbb", Exited)])).await;
    let now = Timestamp::now();
    for (sequence, ago, received) in [(2, 10, 1000), (3, 0, 6000)] {
        let mut frame = node.telemetry(sequence, now - SignedDuration::from_secs(ago));
        if let AgentFrame::Telemetry(frame) = &mut frame {
            let stats = NetworkStats { received_bytes: received, ..NetworkStats::default() };
            frame.body.network_stats.insert("eth0".into(), stats);
            frame.body.service_status.insert("nginx".into(), "active".into());
            frame.body.service_status.insert("postgres".into(), "failed".into());
        }
        link.say(&frame).await;
    }
    link.acknowledged(3).await;
    (node, link)
}

#[tokio::test]
async fn health_tells_in_words_and_of_the_database_by_trying_it() {
    let server = TestServer::start().await;
    let health = async |path: &str| -> Value {
        let answer = http().get(server.at(path)).send().await.unwrap();
        assert_eq!(answer.status().as_u16(), 200, "{path} needs no caller");
        answer.json().await.unwrap()
    };
    let whole =
        json!({ "status": "healthy", "database": "healthy", "audit": "healthy", "redis": "not_configured" });
    assert_eq!(health("/api/v1/health").await, whole);
    assert_eq!(health("/api/v1/health/redis").await, json!({ "status": "not_configured" }));
    let commits = server.app.store_meter.commits.spread().count();
    let database = health("/api/v1/health/database").await;
    assert_eq!(database["status"], "healthy");
    assert!(database["write_ms"].as_f64().unwrap() > 0.0, "{database}");
    assert!(commits >= 1, "it was written to");
    server.stop().await;
}

#[tokio::test]
async fn status_and_statistics_count_what_happened() {
    let server = TestServer::start().await;
    let (_node, link) = a_node(&server).await;
    let viewer = server.token(Role::Viewer).await;
    let denied = http().get(server.at("/api/v1/users")).bearer_auth(&viewer).send().await.unwrap();
    assert_eq!(denied.status().as_u16(), 403);
    let (_, status) = get(&server, "/api/v1/status").await;
    assert_eq!(status["listen"], server.url.trim_start_matches("http://"));
    assert_eq!(
        (&status["connections"]["agents_linked"], &status["connections"]["agents_known"]),
        (&json!(1), &json!(1))
    );
    assert!(status["store"]["control_bytes"].as_u64().unwrap() > 0, "{status}");
    assert_eq!(status["events"]["first_sequence"], 1);
    assert_eq!(status["events"]["watcher_lag"], Value::Null, "nobody watches");
    let (_, counted) = get(&server, "/api/v1/statistics").await;
    assert_eq!(counted["agents"], json!({ "ONLINE": 1 }));
    assert_eq!(counted["containers"], json!({ "exited": 1, "running": 1 }));
    assert_eq!((&counted["denied_24h"], &counted["users"]), (&json!(1), &json!(2)));
    assert_eq!(counted["since_start"]["telemetry_stored"], 2);
    assert_eq!(counted["events_24h"], counted["events_kept"]);
    assert!(counted["since_start"]["requests"]["4xx"].as_u64().unwrap() >= 1, "{counted}");
    assert!(counted["since_start"]["received_bytes"].as_u64().unwrap() > 0, "{counted}");
    drop(link);
    server.stop().await;
}

/// What is scraped as a caller with an API key, and its media type.
async fn scrape(server: &TestServer, accept: &str) -> (String, String) {
    let request = http().get(server.at("/api/v1/metrics")).bearer_auth(server.admin().await);
    let answer = request.header("accept", accept).send().await.unwrap();
    assert_eq!(answer.status().as_u16(), 200);
    let kind = answer.headers()["content-type"].to_str().unwrap().to_owned();
    (kind, answer.text().await.unwrap())
}

#[tokio::test]
async fn promtool_has_nothing_to_say_of_the_metrics() {
    let server = TestServer::start().await;
    let (_node, link) = a_node(&server).await;
    assert_eq!(http().get(server.at("/nowhere/\"{}")).send().await.unwrap().status().as_u16(), 404);
    let _ = get(&server, "/api/v1/agents/web-1").await;
    let (kind, text) = scrape(&server, "*/*").await;
    assert_eq!(kind, "text/plain; version=0.0.4; charset=utf-8");
    for line in [
        "worpen_agents{status=\"ONLINE\"} 1",
        "worpen_agent_links 1",
        "worpen_containers{state=\"running\"} 1",
        "worpen_link_frames_total{type=\"TELEMETRY\"} 2",
        "worpen_telemetry_appended_total 2",
        "worpen_http_requests_total{method=\"GET\",route=\"/api/v1/agents/{id}\",status=\"200\"} 1",
        "worpen_http_requests_total{method=\"\",route=\"none\",status=\"404\"} 1",
        "worpen_store_queue_depth 0",
    ] {
        assert!(text.lines().any(|known| known == line), "{line}\n{text}");
    }
    assert!(!text.contains("nowhere") && !text.contains("web-1"), "what callers send is no label");
    for name in ["process_resident_memory_bytes", "process_cpu_seconds_total", "process_open_fds"] {
        assert!(text.contains(&format!("\n{name} ")), "{name}");
    }
    if promtool(&text).is_none() {
        assert!(env::var("CI").is_err(), "promtool is missing: install Debian's prometheus");
        println!("not checked: promtool is not installed");
    }
    drop(link);
    server.stop().await;
}

/// What `promtool check metrics` says; `None` where there is none.
fn promtool(text: &str) -> Option<()> {
    let mut command = Command::new("promtool");
    command.args(["check", "metrics"]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut process = command.spawn().ok()?;
    process.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    let ended = process.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&[ended.stdout, ended.stderr].concat()).into_owned();
    assert!(ended.status.success() && said.is_empty(), "{said}");
    Some(())
}

#[tokio::test]
async fn metrics_come_in_the_form_that_is_asked_for() {
    let server = TestServer::start().await;
    let (kind, text) = scrape(&server, "application/openmetrics-text;version=1.0.0,*/*;q=0.1").await;
    assert!(kind.starts_with("application/openmetrics-text"), "{kind}");
    assert!(text.ends_with("# EOF\n") && text.contains("# TYPE worpen_events counter\n"), "{text}");
    let (kind, text) = scrape(&server, "application/json").await;
    assert_eq!(kind, "application/json");
    let json: Value = serde_json::from_str(&text).unwrap();
    assert!(json["metrics"].as_array().unwrap().iter().any(|metric| metric["name"] == "worpen_agent_links"));
    server.stop().await;
}

#[tokio::test]
async fn the_dashboard_tells_the_fleet_in_numbers_and_null_for_the_unknown() {
    let server = TestServer::start().await;
    let (_, empty) = get(&server, "/api/v1/dashboard/stats").await;
    assert_eq!(empty["nodes"], json!({ "total": 0, "by_status": {}, "linked": 0 }));
    let nothing = json!({ "average": null, "highest": null, "highest_node": null });
    assert_eq!((&empty["load"]["cpu_percent"], &empty["load"]["nodes"]), (&nothing, &json!(0)));
    assert_eq!(empty["throughput"]["network_received_bytes_per_second"], Value::Null);
    let (_node, link) = a_node(&server).await;
    let wrong = json!({ "username": "admin", "password": "not the password" });
    let refused = http().post(server.at("/api/v1/auth/login")).json(&wrong).send().await.unwrap();
    assert_eq!(refused.status().as_u16(), 401);
    let (_, stats) = get(&server, "/api/v1/dashboard/stats").await;
    assert_eq!(stats["nodes"], json!({ "total": 1, "by_status": { "ONLINE": 1 }, "linked": 1 }));
    assert_eq!(
        stats["load"]["cpu_percent"],
        json!({ "average": 12.5, "highest": 12.5, "highest_node": "web-1" })
    );
    assert_eq!(stats["throughput"]["network_received_bytes_per_second"], 500.0);
    assert_eq!(stats["throughput"]["network_nodes"], 1);
    assert_eq!(stats["security"]["sign_ins_refused"], 1);
    drop(link);
    server.stop().await;
}

#[tokio::test]
async fn each_part_and_each_service_of_a_node_has_its_row() {
    let server = TestServer::start().await;
    let (_node, link) = a_node(&server).await;
    let (_, matrix) = get(&server, "/api/v1/dashboard/services").await;
    let part = |name: &str| {
        matrix["parts"].as_array().unwrap().iter().find(|part| part["name"] == name).cloned().unwrap()
    };
    for name in ["api", "store", "telemetry_store", "agent_links", "event_stream"] {
        assert_eq!(part(name)["status"], "healthy", "{matrix}");
    }
    assert!(part("store")["latency_ms"].as_f64().unwrap() > 0.0, "{matrix}");
    assert_eq!((&part("agent_links")["load"], &part("agent_links")["capacity"]), (&json!(1), &json!(1)));
    assert_eq!(part("redis")["status"], "not_configured");
    let of_nodes: Vec<_> =
        matrix["nodes"].as_array().unwrap().iter().map(|row| (&row["name"], &row["status"])).collect();
    assert_eq!(of_nodes, [(&json!("postgres"), &json!("down")), (&json!("nginx"), &json!("healthy"))]);
    drop(link);
    server.stop().await;
}

/// A part of the matrix.
async fn part(server: &TestServer, name: &str) -> Value {
    let (_, matrix) = get(server, "/api/v1/dashboard/services").await;
    matrix["parts"].as_array().unwrap().iter().find(|part| part["name"] == name).cloned().unwrap()
}

#[tokio::test]
async fn agents_that_need_no_link_are_not_missed() {
    let server = TestServer::start().await;
    // It joined and never came.
    let _never = TestNode::joined(&server, "web-0").await;
    assert_eq!(part(&server, "agent_links").await["status"], "unknown");
    let foreign = Foreign::of(&server, "press-7").await;
    let beat = json!({ "id": "press-7", "status": "ONLINE" });
    let request = http().post(server.at("/api/v1/internal/heartbeat")).bearer_auth(&foreign.token);
    assert_eq!(request.json(&beat).send().await.unwrap().status().as_u16(), 200);
    let (_node, link) = a_node(&server).await;
    let mut other = TestNode::joined(&server, "web-2").await;
    let other_link = other.link().await;
    let links = part(&server, "agent_links").await;
    assert_eq!((&links["status"], &links["capacity"]), (&json!("healthy"), &json!(2)), "{links}");
    drop(other_link);
    let unlinked = || server.app.fleet.read().agent("web-2").unwrap().status == Unknown;
    until("it is missed", unlinked).await;
    assert_eq!(part(&server, "agent_links").await["status"], "degraded");
    let request = http().put(server.at("/api/v1/agents/web-2/status")).bearer_auth(server.admin().await);
    let maintained = request.json(&json!({ "status": "MAINTENANCE" })).send().await.unwrap();
    assert_eq!(maintained.status().as_u16(), 200);
    let links = part(&server, "agent_links").await;
    assert_eq!((&links["status"], &links["capacity"]), (&json!("healthy"), &json!(1)), "{links}");
    // A node in maintenance that is not linked is not heard of: what it measured is of the past.
    drop(link);
    let unlinked = || server.app.fleet.read().agent("web-1").unwrap().status == Unknown;
    until("it is not heard of", unlinked).await;
    let request = http().put(server.at("/api/v1/agents/web-1/status")).bearer_auth(server.admin().await);
    request.json(&json!({ "status": "MAINTENANCE" })).send().await.unwrap();
    let (_, stats) = get(&server, "/api/v1/dashboard/stats").await;
    assert_eq!(stats["load"]["nodes"], 0, "{stats}");
    server.stop().await;
}
