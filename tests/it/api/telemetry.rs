//! What nodes measured, over the fleet and over time.

use std::{collections::BTreeMap, sync::Arc};

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use worpen::{
    core::telemetry::{HOUR, SECOND},
    proto::telemetry::{Metric, NetworkStats, Telemetry},
};

use super::get;
use crate::{harness::TestServer, node::TestNode};

/// When the hour before the last began.
fn begin() -> Timestamp {
    let hour = Timestamp::now().as_microsecond().div_euclid(HOUR) - 2;
    Timestamp::from_microsecond(hour * HOUR).unwrap()
}

fn measured(name: &str, timestamp: Timestamp, cpu: f32, received: u64) -> Telemetry {
    let stats =
        NetworkStats { received_bytes: received, transmitted_bytes: received / 2, ..NetworkStats::default() };
    Telemetry {
        agent_id: name.to_owned(),
        timestamp,
        cpu_usage: cpu,
        cpu_cores: vec![cpu],
        memory_usage: worpen::proto::telemetry::MemoryUsage::default(),
        disk_usage: BTreeMap::new(),
        load_average: [1.0, 2.0, 3.0],
        network_stats: BTreeMap::from([("eth0".to_owned(), stats), ("lo".to_owned(), stats)]),
        container_count: Some(2),
        service_status: BTreeMap::new(),
        uptime_s: Some(1),
    }
}

/// A server and two nodes; each measured for half an hour, once a minute, a gap of ten minutes in between.
async fn measured_fleet() -> (TestServer, Vec<TestNode>) {
    let server = TestServer::start().await;
    let mut nodes = Vec::new();
    for (name, factor) in [("web-1", 1_u16), ("web-2", 3)] {
        let node = TestNode::joined(&server, name).await;
        for minute in (0..10_u16).chain(20..40) {
            let time = begin() + SignedDuration::from_mins(i64::from(minute));
            let received = u64::from(minute) * 6_000 * u64::from(factor);
            let sample = measured(name, time, f32::from(minute * factor), received);
            server.app.telemetry.append(node.joined.id, sample.clone()).await.unwrap();
            server.app.fleet.measured(node.joined.id, Arc::new(sample));
        }
        nodes.push(node);
    }
    (server, nodes)
}

fn path(rest: &str) -> String {
    let to = begin() + SignedDuration::from_hours(1);
    format!("/api/v1/telemetry/{rest}&from={}&to={to}", begin())
}

fn values(history: &Value) -> Vec<Option<f64>> {
    let points = history["series"][0]["points"].as_array().unwrap();
    points.iter().map(|point| point["value"].as_f64()).collect()
}

#[tokio::test]
async fn a_range_is_the_same_before_and_after_sealing() {
    let (server, _nodes) = measured_fleet().await;
    for _ in 0..2 {
        let (status, alone) = get(&server, &path("history?metric=cpu_usage&agent=web-2&step=5m")).await;
        assert_eq!(status, 200, "{alone}");
        assert_eq!(alone["unit"], "percent");
        assert_eq!(alone["step_s"], 300);
        let found = values(&alone);
        assert_eq!(found.len(), 12);
        assert_eq!(found[..5], [Some(6.0), Some(21.0), None, None, Some(66.0)]);
        let (_, mean) = get(&server, &path("history?step=5m&aggregate=max&across=avg")).await;
        assert_eq!(values(&mean)[0], Some(8.0), "{mean}");
        let (_, each) = get(&server, &path("history?step=1h&by=agent")).await;
        let names: Vec<_> = each["series"].as_array().unwrap().iter().map(|it| &it["agent_id"]).collect();
        assert_eq!(names, ["web-1", "web-2"]);
        let (_, page) =
            get(&server, &format!("/api/v1/agents/web-1/telemetry?from={}&limit=25", begin())).await;
        assert_eq!(page["items"].as_array().unwrap().len(), 25);
        let next = page["next_cursor"].as_str().unwrap();
        let (_, rest) = get(&server, &format!("/api/v1/agents/web-1/telemetry?cursor={next}")).await;
        assert_eq!(rest["items"].as_array().unwrap().len(), 5);
        server.app.telemetry.seal(None).await.unwrap();
    }
    server.stop().await;
}

#[tokio::test]
async fn what_cannot_be_asked_names_the_field_and_the_cure() {
    let (server, _nodes) = measured_fleet().await;
    for (query, pointer, word) in [
        ("history?metric=cpu_usage&range=soon", "/range", "15m"),
        ("history?range=1h&from=2026-01-01T00:00:00Z", "/range", "not both"),
        ("history?range=30d&step=1s", "/step", "longer step"),
        ("history?metric=cpu_usage&aggregate=rate", "/aggregate", "avg"),
        ("history?metric=cpu_usage&label=eth0", "/label", "leave"),
        ("history?metric=happiness", "/metric", "cpu_usage"),
        ("analytics?metrics=cpu_usage,happiness", "/metrics", "telemetry/metrics"),
        ("history?from=2026-01-01T00:00:00Z&to=2026-01-01T00:00:00Z", "/from", "before"),
    ] {
        let (status, problem) = get(&server, &format!("/api/v1/telemetry/{query}")).await;
        assert_eq!(status, 400, "{query}: {problem}");
        assert_eq!(problem["errors"][0]["pointer"], pointer, "{query}: {problem}");
        assert!(problem["errors"][0]["detail"].as_str().unwrap().contains(word), "{query}: {problem}");
    }
    let (status, _) = get(&server, "/api/v1/telemetry/history?agent=nobody").await;
    assert_eq!(status, 404);
    server.stop().await;
}

#[tokio::test]
async fn who_asks_for_a_range_while_too_many_are_read_is_told_to_ask_again() {
    let (server, _nodes) = measured_fleet().await;
    let others = server.app.ranges.acquire_many(2).await.unwrap();
    let (status, problem) = get(&server, "/api/v1/telemetry/history").await;
    assert_eq!((status, problem["code"].as_str()), (429, Some("too_many_requests")), "{problem}");
    assert!(problem["detail"].as_str().unwrap().contains("ask again"), "{problem}");
    drop(others);
    assert_eq!(get(&server, "/api/v1/telemetry/history").await.0, 200);
    server.stop().await;
}

#[tokio::test]
async fn figures_and_trend_follow_from_what_was_measured() {
    let (server, _nodes) = measured_fleet().await;
    server.app.telemetry.seal(None).await.unwrap();
    let query = path("analytics?metrics=cpu_usage,network_received_bytes,disk_usage&agent=web-1");
    let (status, found) = get(&server, &query).await;
    assert_eq!(status, 200, "{found}");
    let [cpu, received, disk] = &found["metrics"].as_array().unwrap()[..] else { panic!("{found}") };
    assert_eq!(
        (&cpu["samples"], &cpu["min"], &cpu["max"], &cpu["p95"]),
        (&30.into(), &0.0.into(), &39.0.into(), &38.0.into())
    );
    assert!((cpu["trend_per_hour"].as_f64().unwrap() - 60.0).abs() < 1e-6, "{cpu}");
    assert_eq!(received["unit"], "bytes per second");
    assert_eq!(received["avg"], 100.0, "{received}");
    assert_eq!(disk["samples"], 0);
    assert!(disk["avg"].is_null() && disk["trend_per_hour"].is_null(), "unknown is not 0: {disk}");
    server.stop().await;
}

#[tokio::test]
async fn the_latest_of_a_site_is_told_page_after_page() {
    let (server, _nodes) = measured_fleet().await;
    let (_, first) = get(&server, "/api/v1/telemetry/latest?limit=1&site=local").await;
    assert_eq!(first["items"][0]["agent_id"], "web-1");
    let next = first["next_cursor"].as_str().unwrap();
    let (_, rest) = get(&server, &format!("/api/v1/telemetry/latest?limit=1&site=local&cursor={next}")).await;
    assert_eq!(rest["items"][0]["cpu_usage"], 117.0);
    assert!(rest["next_cursor"].is_null());
    let (_, none) = get(&server, "/api/v1/telemetry/latest?site=mars").await;
    assert_eq!(none["items"].as_array().unwrap().len(), 0);
    server.stop().await;
}

#[tokio::test]
async fn every_metric_is_listed_and_can_be_asked_for() {
    let (server, _nodes) = measured_fleet().await;
    let (_, list) = get(&server, "/api/v1/telemetry/metrics").await;
    let names: Vec<_> =
        list["items"].as_array().unwrap().iter().map(|it| it["metric"].as_str().unwrap()).collect();
    assert_eq!(names.len(), Metric::ALL.len());
    for name in names {
        let (status, found) = get(&server, &path(&format!("history?metric={name}&step=5m"))).await;
        assert_eq!(status, 200, "{found}");
        assert_eq!(found["metric"], name);
    }
    server.stop().await;
}

#[tokio::test]
async fn traffic_is_the_sum_of_rates_and_gaps_are_null() {
    let (server, _nodes) = measured_fleet().await;
    server.app.telemetry.seal(None).await.unwrap();
    let (status, found) = get(&server, "/api/v1/dashboard/network?range=24h").await;
    assert_eq!(status, 200, "{found}");
    let points = found["points"].as_array().unwrap();
    let step = found["step_s"].as_i64().unwrap();
    assert_eq!(step, 900);
    let at = |minute: i64| {
        let time = begin() + SignedDuration::from_mins(minute);
        let time = time.as_microsecond().div_euclid(step * SECOND) * step * SECOND;
        let time = Timestamp::from_microsecond(time).unwrap().to_string();
        points.iter().find(|point| point["time"] == time).unwrap()
    };
    assert_eq!(at(0)["inbound_bytes_per_s"], 400.0, "100 and 300, loopback left out");
    assert_eq!(at(0)["outbound_bytes_per_s"], 200.0);
    assert!(at(60)["inbound_bytes_per_s"].is_null());
    server.stop().await;
}
