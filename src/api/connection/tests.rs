use super::*;
use crate::config::value::{Raw, Value};

const HERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1));
const THERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(198, 51, 100, 1));

fn connections(max: usize, max_agents: usize) -> Arc<Connections> {
    Arc::new(Connections::new(max, max_agents, Duration::ZERO, Networks::default()))
}

/// A request that has come whole.
fn at_work(slot: &Arc<Slot>) -> Busy {
    let busy = slot.request();
    slot.works();
    busy
}

#[test]
fn the_idle_make_room_and_those_at_work_do_not() {
    let all = connections(4, 1);
    let idle = all.admit(HERE).unwrap();
    let second = Arc::new(all.admit(HERE).unwrap());
    let busy = at_work(&second);
    let third = all.admit(HERE).unwrap();
    assert_eq!((all.count().0, all.evicted.get()), (2, 1), "one address holds half of all");
    drop(idle);
    let third = Arc::new(third);
    let also_busy = at_work(&third);
    assert!(all.admit(HERE).is_none(), "both are at work");
    assert!(all.admit(THERE).is_some(), "another address has room");
    drop(busy);
    assert!(all.admit(HERE).is_some());
    drop(also_busy);
}

#[test]
fn a_link_is_no_callers_connection() {
    let all = connections(2, 1);
    let (link, other) = (all.admit(HERE).unwrap(), all.admit(THERE).unwrap());
    assert!(link.becomes_link());
    assert!(!other.becomes_link(), "one agent may be linked");
    assert_eq!(all.count(), (1, 1));
    drop(link);
    assert_eq!(all.count(), (1, 0));
}

#[test]
fn strangers_who_knock_take_no_links_place() {
    let all = connections(1000, 100);
    let most = all.max_knocking();
    let strangers: Vec<Slot> = (0..most)
        .filter_map(|_| Some(all.admit(HERE).unwrap()).filter(|stranger| stranger.knocks(HERE)))
        .collect();
    assert_eq!(strangers.len(), most / 2, "one household holds half of all");
    assert_eq!(all.count(), (0, 0), "they are neither callers nor linked");
    let agent = all.admit(THERE).unwrap();
    assert!(agent.knocks(THERE) && agent.becomes_link() && agent.becomes_link());
    assert_eq!(all.count(), (0, 1));
    drop(strangers);
    let late = all.admit(HERE).unwrap();
    assert!(late.knocks(HERE), "whoever goes makes room");
    drop((agent, late));
    assert_eq!(all.count(), (0, 0));
}

#[test]
fn a_peer_that_takes_nothing_counts_as_idle() {
    let all = connections(1, 1);
    let slot = Arc::new(all.admit(HERE).unwrap());
    let _busy = at_work(&slot);
    assert!(all.admit(THERE).is_none());
    slot.stalled();
    assert!(all.admit(THERE).is_some());
}

#[test]
fn a_websocket_makes_no_room() {
    let all = connections(1, 1);
    let slot = Arc::new(all.admit(HERE).unwrap());
    let busy = at_work(&slot);
    slot.becomes_websocket();
    drop(busy);
    assert!(all.admit(THERE).is_none(), "its stream goes on");
    drop(slot);
    assert!(all.admit(THERE).is_some());
}

#[test]
fn a_request_makes_room_until_it_has_come_whole() {
    let all = connections(1, 1);
    let slot = Arc::new(all.admit(HERE).unwrap());
    let _drips = slot.request();
    let other = Arc::new(all.admit(THERE).expect("the one whose body does not come makes room"));
    let _busy = at_work(&other);
    assert!(all.admit(HERE).is_none());
}

#[test]
fn who_is_known_outstays_strangers_that_came_later() {
    let all = connections(4, 1);
    let known = Arc::new(all.admit(HERE).unwrap());
    let busy = known.request();
    known.works_for_known();
    drop(busy);
    let stranger = all.admit(HERE).unwrap();
    let later = all.admit(HERE).unwrap();
    let open = |slot: &Slot| all.open().callers.contains_key(&slot.id);
    assert_eq!((open(&known), open(&stranger), open(&later)), (true, false, true));
    known.state.idle.store(1, Relaxed);
    later.state.idle.store(1 + 60_001, Relaxed);
    let last = all.admit(HERE).unwrap();
    assert_eq!((open(&known), open(&later), open(&last)), (false, true, true), "idle for long");
}

#[test]
fn behind_a_trusted_proxy_each_client_has_its_share() {
    let trusted = Value::read(&Raw::Untyped("192.0.2.1".into())).unwrap();
    let all = Arc::new(Connections::new(4, 1, Duration::ZERO, trusted));
    let slots: Vec<_> = (0..4).map(|_| Arc::new(all.admit(HERE).unwrap())).collect();
    let mut requests: Vec<_> = slots[..2].iter().map(at_work).collect();
    assert!(slots[..2].iter().all(|slot| slot.serves(THERE)));
    let _third = slots[2].request();
    assert!(!slots[2].serves(THERE), "it holds half, all at work");
    assert!(slots[2].serves("198.51.100.2".parse().unwrap()), "another client has room");
    requests.pop();
    assert!(slots[3].serves(THERE), "between requests a connection is the proxy's");
}
