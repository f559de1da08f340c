use super::*;

#[test]
fn the_interval_grows_with_the_fleet() {
    let ten = Duration::from_secs(10);
    assert_eq!(heartbeat_interval(ten, 1), ten);
    assert_eq!(heartbeat_interval(ten, 500), ten);
    assert_eq!(heartbeat_interval(ten, 10_000), Duration::from_secs(200));
}

#[test]
fn a_dead_link_is_noticed_before_its_agent_is_offline() {
    let interval = Duration::from_secs(10);
    assert!(dead_link_after(interval) < offline_after(interval));
}
