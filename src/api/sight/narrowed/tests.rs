use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::json;

use super::*;
use crate::{
    core::{fleet::Fleet, port::store::Observer},
    id::EventId,
    proto::{
        agent::{AgentStatus, HostFacts},
        event::{Event, EventKind},
        telemetry::{MemoryUsage, Telemetry},
    },
};

const THEN: Timestamp = Timestamp::UNIX_EPOCH;

fn an_agent(name: &str, site: &str) -> Agent {
    Agent {
        id: AgentId::generate(),
        agent_id: name.into(),
        site: site.into(),
        status: AgentStatus::Online,
        status_since: THEN,
        version: None,
        capabilities: vec![],
        site_verbs: vec![],
        labels: std::iter::empty::<(&str, String)>().collect(),
        host: HostFacts::default(),
        container_engine: None,
        created_at: THEN,
        last_seen_at: None,
        address: None,
    }
}

fn updated(agent: &Agent) -> Event {
    Event {
        specversion: "1.0".into(),
        id: EventId::generate(),
        source: "test".into(),
        kind: EventKind::AgentUpdated,
        subject: Some(agent.agent_id.clone()),
        time: THEN,
        sequence: String::new(),
        actor: "server".into(),
        correlationid: None,
        causationid: None,
        datacontenttype: "application/json".into(),
        data: json!({ "agent": agent }),
    }
}

fn measured(agent: &Agent) -> Arc<Telemetry> {
    Arc::new(Telemetry {
        agent_id: agent.agent_id.clone(),
        timestamp: THEN,
        cpu_usage: 1.0,
        cpu_cores: vec![],
        memory_usage: MemoryUsage::default(),
        disk_usage: BTreeMap::new(),
        load_average: [0.0; 3],
        network_stats: BTreeMap::new(),
        container_count: None,
        service_status: BTreeMap::new(),
        uptime_s: None,
    })
}

/// A fleet of two nodes, and a scope of the first one's site.
fn two() -> (SharedFleet, [Agent; 2], Arc<Scope>) {
    let agents = [an_agent("web-1", "eu"), an_agent("db-1", "us")];
    let fleet = SharedFleet::holding(Fleet::load(agents.to_vec(), vec![], vec![], vec![]));
    let scope = Scope { sites: Some(vec!["eu".into()]), ..Scope::default() };
    (fleet, agents, Arc::new(scope))
}

fn names(fleet: &SharedFleet) -> Vec<String> {
    fleet.read().agents().map(|agent| agent.agent_id.clone()).collect()
}

#[test]
fn heartbeats_make_nothing_anew_for_a_moment() {
    // Each call of a key with a scope compared every agent with every pattern, since something is heard all the time.
    let (live, [web, _], scope) = two();
    let narrowed = Narrowed::default();
    let (first, members) = (narrowed.lately(&scope, &live), narrowed.members(&scope, &live));
    assert_eq!(names(&first), ["web-1"]);
    live.heard(web.id, THEN);
    live.measured(web.id, measured(&web));
    assert!(Arc::ptr_eq(&narrowed.lately(&scope, &live), &first));
    let now = narrowed.now(&scope, &live);
    assert_eq!(now.read().agent_by_id(web.id).unwrap().last_seen_at, Some(THEN));
    assert!(now.read().telemetry(web.id).is_some());
    assert!(
        Arc::ptr_eq(&narrowed.members(&scope, &live).ids, &members.ids),
        "the patterns are not asked again"
    );
}

#[test]
fn what_is_heard_is_told_after_the_moment() {
    let (live, [web, _], scope) = two();
    let narrowed = Narrowed::default();
    narrowed.lately(&scope, &live);
    live.heard(web.id, THEN);
    let past = Instant::now().checked_sub(MOMENT).unwrap();
    of_all(&narrowed.fleets).0[0].1.made = past;
    let fleet = narrowed.lately(&scope, &live);
    assert_eq!(fleet.read().agent_by_id(web.id).unwrap().last_seen_at, Some(THEN));
}

#[test]
fn anything_else_is_told_at_once() {
    let (live, [web, mut db], scope) = two();
    let narrowed = Narrowed::default();
    narrowed.lately(&scope, &live);
    live.linked(web.id, true);
    assert!(narrowed.lately(&scope, &live).read().is_linked(web.id));
    db.site = "eu".into();
    live.committed(&[updated(&db)]);
    assert_eq!(names(&narrowed.lately(&scope, &live)), ["web-1", "db-1"], "it moved into the scope");
    db.site = "us".into();
    live.committed(&[updated(&db), updated(&an_agent("web-2", "eu"))]);
    assert_eq!(names(&narrowed.lately(&scope, &live)), ["web-1", "web-2"]);
}

#[test]
fn as_many_scopes_are_kept_as_there_is_room_for() {
    let (live, _, _) = two();
    let narrowed = Narrowed::default();
    for number in 0..2 * MEMBERS {
        let scope = Scope { nodes: Some(vec![format!("web-{number}")]), ..Scope::default() };
        assert_eq!(names(&narrowed.lately(&Arc::new(scope), &live)).len(), usize::from(number == 1));
    }
    let kept = (of_all(&narrowed.fleets).0.len(), of_all(&narrowed.members).0.len());
    assert_eq!(kept, (FLEETS, MEMBERS));
}
