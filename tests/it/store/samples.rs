//! The telemetry store.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use tempfile::tempdir;
use worpen::{
    core::port::telemetry::TelemetryStore,
    id::AgentId,
    infra::store::SqliteTelemetry,
    proto::telemetry::{DiskUsage, MemoryUsage, NetworkStats, Telemetry},
};

use super::changes::now;

pub(super) fn sample(name: &str, timestamp: Timestamp, cpu: f32) -> Telemetry {
    Telemetry {
        agent_id: name.to_owned(),
        timestamp,
        cpu_usage: cpu,
        cpu_cores: vec![cpu, 0.5],
        memory_usage: MemoryUsage { total_bytes: 1 << 34, percent: 41.7, ..MemoryUsage::default() },
        disk_usage: BTreeMap::from([("/".to_owned(), DiskUsage { percent: 12.5, ..DiskUsage::default() })]),
        load_average: [0.25, 1.07, 2.0],
        network_stats: BTreeMap::from([("eth0".to_owned(), NetworkStats::default())]),
        container_count: Some(3),
        service_status: BTreeMap::new(),
        uptime_s: Some(86_400),
    }
}

pub(super) fn seconds(start: Timestamp, count: i64) -> Timestamp {
    start + SignedDuration::from_secs(count)
}

#[tokio::test]
async fn a_measurement_reads_back_and_a_second_of_its_moment_changes_nothing() {
    let dir = tempdir().unwrap();
    let (agent, start) = (AgentId::generate(), now());
    let first = sample("web-1", start, 12.25);
    {
        let store = SqliteTelemetry::open(dir.path()).unwrap();
        store.append(agent, first.clone()).await.unwrap();
        store.append(agent, sample("web-1", start, 99.0)).await.unwrap();
    }
    let store = SqliteTelemetry::open(dir.path()).unwrap();
    assert_eq!(
        store.history(agent, start, seconds(start, 1), 10).await.unwrap(),
        std::slice::from_ref(&first)
    );
    assert_eq!(store.latest().await.unwrap(), [(agent, first)]);
}

#[tokio::test]
async fn history_is_from_the_start_to_before_the_end_oldest_first() {
    let dir = tempdir().unwrap();
    let store = SqliteTelemetry::open(dir.path()).unwrap();
    let (agent, other, start) = (AgentId::generate(), AgentId::generate(), now());
    for turn in [3, 0, 2, 1, 4] {
        store.append(agent, sample("web-1", seconds(start, turn), 1.0)).await.unwrap();
        store.append(other, sample("web-2", seconds(start, turn), 1.0)).await.unwrap();
    }
    let times = |found: Vec<Telemetry>| found.iter().map(|it| it.timestamp).collect::<Vec<_>>();
    let found = store.history(agent, seconds(start, 1), seconds(start, 4), 10).await.unwrap();
    assert!(found.iter().all(|it| it.agent_id == "web-1"));
    assert_eq!(times(found), [1, 2, 3].map(|turn| seconds(start, turn)));
    let found = store.history(agent, start, seconds(start, 9), 2).await.unwrap();
    assert_eq!(times(found), [0, 1].map(|turn| seconds(start, turn)));
}

#[tokio::test]
async fn the_latest_of_each_agent_is_its_newest_however_late_others_came() {
    let dir = tempdir().unwrap();
    let store = SqliteTelemetry::open(dir.path()).unwrap();
    assert!(store.latest().await.unwrap().is_empty());
    let start = now();
    let agents: Vec<_> = (0..20).map(|_| AgentId::generate()).collect();
    let appends = agents.iter().flat_map(|agent| [1, 2, 0].map(|turn| (*agent, seconds(start, turn))));
    let appends: Vec<_> =
        appends.map(|(agent, time)| store.append(agent, sample("node", time, 1.0))).collect();
    for append in appends {
        append.await.unwrap();
    }
    let latest = store.latest().await.unwrap();
    assert_eq!(latest.iter().map(|(agent, _)| *agent).collect::<Vec<_>>(), agents);
    assert!(latest.iter().all(|(_, telemetry)| telemetry.timestamp == seconds(start, 2)));
}
