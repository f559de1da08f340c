use tempfile::tempdir;

use super::*;
use crate::{
    core::port::telemetry::TelemetryStore, infra::store::SqliteTelemetry, proto::telemetry::Telemetry,
};

/// What each group has, when so many values may be held.
fn groups_of(connection: &Connection, shared: &Shared, most: usize) -> Vec<(u32, Hours)> {
    let (whose, snapshot) = Whose::of(connection, shared, None).unwrap();
    let source = Source {
        connection: &snapshot,
        metric: Metric::CpuCore,
        labels: Labels::All,
        nodes: None,
        span: (0, i64::MAX),
        still: &|| true,
    };
    let mut recent = Recent::of(&source, &whose, most).unwrap();
    let groups = source.groups(&recent).unwrap();
    groups
        .into_iter()
        .map(|group| {
            let hours = recent.take(&source, group).unwrap();
            let held: usize = recent.held.values().map(|(count, _)| count).sum();
            assert!(held <= most, "{held} values are held, and {most} may be");
            (group, hours)
        })
        .collect()
}

#[tokio::test]
async fn rows_are_held_a_few_groups_at_a_time_and_none_is_left_out() {
    let dir = tempdir().unwrap();
    let store = SqliteTelemetry::open(dir.path()).unwrap();
    let sample: Telemetry = serde_json::from_value(serde_json::json!({
        "agent_id": "web-1", "timestamp": "2026-05-12T11:00:00Z", "cpu_usage": 0.0, "cpu_cores": [1.0, 2.0, 3.0],
        "load_average": [0.0, 0.0, 0.0], "memory_usage": crate::proto::telemetry::MemoryUsage::default(),
    }))
    .unwrap();
    let agents: Vec<_> = (0..1_100).map(|_| AgentId::generate()).collect();
    let appends: Vec<_> = agents.iter().map(|agent| store.append(*agent, sample.clone())).collect();
    for stored in futures_util::future::join_all(appends).await {
        stored.unwrap();
    }
    let (all, few) = store
        .read(|connection, shared, _| {
            Ok((groups_of(connection, shared, usize::MAX), groups_of(connection, shared, 1_000)))
        })
        .await
        .unwrap();
    assert_eq!(few, all);
    let values =
        |(_, hours): &(u32, Hours)| hours.values().flatten().map(|(_, points)| points.len()).sum::<usize>();
    assert_eq!((all.len(), all.iter().map(values).sum::<usize>()), (5, 3_300));
}
