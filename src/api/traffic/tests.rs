use super::*;

fn measured(time: &str, interfaces: &[(&str, u64, u64)]) -> Telemetry {
    let stats = |received, transmitted| NetworkStats {
        received_bytes: received,
        transmitted_bytes: transmitted,
        ..NetworkStats::default()
    };
    let mut telemetry: Telemetry = serde_json::from_value(serde_json::json!({
        "agent_id": "web-1", "timestamp": time, "cpu_usage": 0.0, "load_average": [0.0, 0.0, 0.0],
        "memory_usage": crate::proto::telemetry::MemoryUsage::default(),
    }))
    .unwrap();
    telemetry.network_stats = interfaces
        .iter()
        .map(|(name, received, sent)| ((*name).to_owned(), stats(*received, *sent)))
        .collect();
    telemetry
}

#[test]
fn a_rate_needs_two_measurements_and_counts_what_leaves_the_node_once() {
    let (traffic, agent) = (Traffic::default(), AgentId::generate());
    traffic.measured(agent, &measured("2026-05-12T11:00:00Z", &[("eth0", 100, 10), ("lo", 5, 5)]));
    assert_eq!(traffic.total(|_| true), (None, 0));
    let later = [("eth0", 1100, 510), ("lo", 9005, 9005), ("docker0", 700, 700)];
    traffic.measured(agent, &measured("2026-05-12T11:00:10Z", &later));
    assert_eq!(traffic.total(|_| true), (Some(Rate { received: 100.0, transmitted: 50.0 }), 1));
    traffic.measured(agent, &measured("2026-05-12T11:00:05Z", &[("eth0", 600, 260)]));
    assert_eq!(traffic.total(|_| true).1, 1, "one from the spool changes nothing");
    traffic.measured(agent, &measured("2026-05-12T11:00:20Z", &[("eth0", 3, 3)]));
    let again = Rate { received: 0.3, transmitted: 0.3 };
    assert_eq!(traffic.total(|_| true), (Some(again), 1), "a node that started again counts from zero");
    traffic.measured(agent, &measured("2026-05-12T11:00:30Z", &[("docker0", 9, 9)]));
    assert_eq!(traffic.total(|_| true), (None, 0), "no interface is left that counts");
    assert_eq!(traffic.total(|_| false), (None, 0));
}
