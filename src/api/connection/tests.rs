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
    busy.works();
    busy
}

impl Connections {
    /// A connection to where callers call.
    fn calls(self: &Arc<Self>, peer: IpAddr) -> Option<Arc<Slot>> {
        self.admit(peer, Entrance::Callers).map(Arc::new)
    }
}

#[test]
fn the_idle_make_room_and_those_at_work_do_not() {
    let all = connections(4, 1);
    let idle = all.calls(HERE).unwrap();
    let second = all.calls(HERE).unwrap();
    let busy = at_work(&second);
    let third = all.calls(HERE).unwrap();
    assert_eq!((all.count().0, all.evicted.get()), (2, 1), "one address holds half of all");
    drop(idle);
    let also_busy = at_work(&third);
    assert!(all.calls(HERE).is_none(), "both are at work");
    assert!(all.calls(THERE).is_some(), "another address has room");
    drop(busy);
    assert!(all.calls(HERE).is_some());
    drop(also_busy);
}

#[test]
fn a_link_is_no_callers_connection() {
    let all = connections(2, 1);
    let (link, other) = (all.calls(HERE).unwrap(), all.calls(THERE).unwrap());
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
    let strangers: Vec<_> = (0..most)
        .filter_map(|_| Some(all.calls(HERE).unwrap()).filter(|stranger| stranger.knocks(HERE)))
        .collect();
    assert_eq!(strangers.len(), most / 2, "one household holds half of all");
    assert_eq!(all.count(), (0, 0), "they are neither callers nor linked");
    let agent = all.calls(THERE).unwrap();
    assert!(agent.knocks(THERE) && agent.becomes_link() && agent.becomes_link());
    assert_eq!(all.count(), (0, 1));
    drop(strangers);
    let late = all.calls(HERE).unwrap();
    assert!(late.knocks(HERE), "whoever goes makes room");
    drop((agent, late));
    assert_eq!(all.count(), (0, 0));
}

#[test]
fn a_peer_that_takes_nothing_counts_as_idle() {
    let all = connections(1, 1);
    let slot = all.calls(HERE).unwrap();
    let _busy = at_work(&slot);
    assert!(all.calls(THERE).is_none());
    slot.stalled();
    assert!(all.calls(THERE).is_some());
}

#[test]
fn a_websocket_makes_no_room() {
    let all = connections(1, 1);
    let slot = all.calls(HERE).unwrap();
    let busy = at_work(&slot);
    slot.becomes_websocket();
    drop(busy);
    assert!(all.calls(THERE).is_none(), "its stream goes on");
    drop(slot);
    assert!(all.calls(THERE).is_some());
}

#[test]
fn a_request_makes_room_until_it_has_come_whole() {
    let all = connections(1, 1);
    let slot = all.calls(HERE).unwrap();
    let _drips = slot.request();
    let other = all.calls(THERE).expect("the one whose body does not come makes room");
    let _busy = at_work(&other);
    assert!(all.calls(HERE).is_none());
}

#[test]
fn who_is_known_outstays_strangers_that_came_later() {
    let all = connections(4, 1);
    let known = all.calls(HERE).unwrap();
    let busy = known.request();
    busy.works_for_known();
    drop(busy);
    let stranger = all.calls(HERE).unwrap();
    let later = all.calls(HERE).unwrap();
    let open = |slot: &Slot| all.open().callers.household(slot.id).is_some();
    assert_eq!((open(&known), open(&stranger), open(&later)), (true, false, true));
    known.state.idle.store(1, Relaxed);
    later.state.idle.store(1 + 60_001, Relaxed);
    let last = all.calls(HERE).unwrap();
    assert_eq!((open(&known), open(&later), open(&last)), (false, true, true), "idle for long");
}

#[test]
fn behind_a_trusted_proxy_each_client_has_its_share() {
    let trusted = Value::read(&Raw::Untyped("192.0.2.1".into())).unwrap();
    let all = Arc::new(Connections::new(4, 1, Duration::ZERO, trusted));
    let slots: Vec<_> = (0..4).map(|_| all.calls(HERE).unwrap()).collect();
    let mut requests: Vec<_> = slots[..2].iter().map(at_work).collect();
    assert!(slots[..2].iter().all(|slot| slot.serves(THERE)));
    let _third = slots[2].request();
    assert!(!slots[2].serves(THERE), "it holds half, all at work");
    assert!(slots[2].serves("198.51.100.2".parse().unwrap()), "another client has room");
    requests.pop();
    assert!(slots[3].serves(THERE), "between requests a connection is the proxy's");
}

#[test]
fn an_answer_that_nobody_takes_makes_room() {
    // Over HTTP/2 a peer may take nothing of an answer while its connection is well: it held its place for ever.
    let all = connections(1, 1);
    let slot = all.calls(HERE).unwrap();
    let busy = at_work(&slot);
    assert!(all.calls(THERE).is_none());
    busy.offers();
    assert!(all.calls(THERE).is_some());
}

#[test]
fn who_is_known_may_be_slow_to_take_an_answer() {
    let all = Arc::new(Connections::new(1, 1, Duration::from_secs(3600), Networks::default()));
    let slot = all.calls(HERE).unwrap();
    let busy = slot.request();
    busy.works_for_known();
    busy.offers();
    assert!(all.calls(THERE).is_none());
    drop(busy);
    assert!(all.calls(THERE).is_some());
}

#[test]
fn a_body_that_does_not_come_hides_no_idleness_of_its_connection() {
    // The second request was the connection's work for as long as the first was on its way.
    let all = connections(1, 1);
    let slot = all.calls(HERE).unwrap();
    let _drips = slot.request();
    let other = at_work(&slot);
    assert!(all.calls(THERE).is_none(), "one of two is at work");
    drop(other);
    assert!(all.calls(THERE).is_some());
}

#[test]
fn callers_keep_no_agents_out_and_agents_no_callers() {
    let all = connections(2, 100);
    let callers = [all.calls(HERE).unwrap(), all.calls(THERE).unwrap()];
    let _busy = callers.each_ref().map(at_work);
    assert!(all.calls(HERE).is_none(), "all places are at work");
    let node = all.admit(HERE, Entrance::Agents).expect("agents come in elsewhere");
    assert_eq!((all.count(), all.count_coming()), ((2, 0), 1));
    assert!(node.knocks(HERE) && all.count_coming() == 1 && node.becomes_link());
    assert_eq!((all.count(), all.count_coming()), ((2, 1), 0));
    drop(node);
    assert_eq!(all.count(), (2, 0));
}

#[test]
fn strangers_who_knock_keep_nobody_out_who_shows_a_certificate() {
    // Whoever can open WebSockets where callers call filled the places in which agents show who they are.
    let all = connections(1000, 100);
    let strangers: Vec<_> = [HERE, THERE]
        .iter()
        .flat_map(|from| (0..all.max_knocking()).map(|_| (*from, all.calls(*from).unwrap())))
        .filter(|(from, stranger)| stranger.knocks(*from))
        .collect();
    assert_eq!(strangers.len(), all.max_knocking());
    assert!(!all.calls(HERE).unwrap().knocks("203.0.113.1".parse().unwrap()), "all places are taken");
    let agent = all.admit(THERE, Entrance::Agents).unwrap();
    agent.is_certified();
    assert!(agent.knocks(THERE) && agent.becomes_link());
}
