use serde_json::json;

use super::*;
use crate::proto::{agent::Agent, labels::Labels};

fn facts(id: &str, name: &str, state: ContainerState) -> ContainerFacts {
    ContainerFacts {
        id: id.into(),
        name: name.into(),
        image: "busybox".into(),
        image_id: "sha256:0".into(),
        command: None,
        state,
        health: None,
        exit_code: None,
        created_at: None,
        started_at: None,
        finished_at: None,
        ports: vec![],
        labels: Labels::default(),
    }
}

fn agent(name: &str) -> Agent {
    serde_json::from_value(json!({
        "id": AgentId::generate(), "agent_id": name, "site": "eu", "status": "ONLINE", "labels": {}, "host": {},
        "status_since": "1970-01-01T00:00:00Z", "created_at": "1970-01-01T00:00:00Z", "capabilities": [],
    }))
    .unwrap()
}

/// A fleet of these containers: node, id and name of each.
fn fleet(containers: &[(&str, &str, &str)]) -> Fleet {
    let mut agents: Vec<Agent> = Vec::new();
    let mut known = Vec::new();
    for (node, id, name) in containers {
        if agents.iter().all(|agent| agent.agent_id != *node) {
            agents.push(agent(node));
        }
        let agent = agents.iter().find(|agent| agent.agent_id == *node).unwrap().id;
        let facts = facts(id, name, ContainerState::Running);
        known.push(Container { facts, node: (*node).into(), agent, stale_since: None });
    }
    Fleet::load(agents, known, vec![], vec![])
}

#[test]
fn a_container_is_found_by_what_names_it_alone() {
    let fleet = fleet(&[("a", "abc111", "web"), ("a", "abd222", "db"), ("b", "fff333", "web")]);
    let find = |reference: &str| resolve(reference, &fleet).map(|found| found.facts.id.clone());
    assert_eq!(find("abc111").unwrap(), "abc111");
    assert_eq!(find("abd").unwrap(), "abd222");
    assert_eq!(find("b/web").unwrap(), "fff333");
    assert_eq!(find("db").unwrap(), "abd222");
    assert!(matches!(find("web"), Err(Error::Conflict { .. })));
    assert!(matches!(find("ab"), Err(Error::NotFound { .. })), "two digits are too few to be a prefix");
    assert!(matches!(find("b/db"), Err(Error::NotFound { .. })));
    let Err(Error::NotFound { noun, name }) = find("c/db") else { panic!("there is no such node") };
    assert_eq!((noun, name.as_str()), ("container", "c/db"));
    let b = fleet.agent("b").unwrap().id;
    assert_eq!(resolve_on("web", b, &fleet).unwrap().facts.id, "fff333");
}

#[test]
fn an_ambiguous_prefix_names_the_first_candidates() {
    let all = fleet(&[("a", "abc111", "web"), ("b", "abc222", "db")]);
    let Err(Error::Conflict { detail, .. }) = resolve("abc", &all) else { panic!("expected a conflict") };
    assert!(detail.contains("a/web") && detail.contains("b/db"), "{detail}");
    let many: Vec<String> = (0..8).map(|number| format!("abc{number}")).collect();
    let many: Vec<_> = many.iter().map(|id| ("a", id.as_str(), id.as_str())).collect();
    let Err(Error::Conflict { detail, .. }) = resolve("a/abc", &fleet(&many)) else { panic!("a conflict") };
    assert!(detail.contains("a/abc4, 3 more;"), "{detail}");
}

#[test]
fn a_full_report_tells_what_happened_while_nobody_looked() {
    use ContainerState::{Exited, Running};
    let known = [facts("1", "died", Running), facts("2", "same", Running), facts("3", "gone", Exited)];
    let reported = [facts("1", "died", Exited), facts("2", "same", Running), facts("4", "new", Running)];
    let found = differences(&known.iter().collect::<Vec<_>>(), &reported);
    assert_eq!(
        found,
        vec![
            Difference::Present(EventKind::ContainerDied, reported[0].clone()),
            Difference::Present(EventKind::ContainerUpdated, reported[2].clone()),
            Difference::Gone(known[2].clone()),
        ]
    );
}

#[test]
fn a_container_that_borrows_anothers_id_or_prefix_is_not_taken_for_it() {
    let all = fleet(&[("a", "abc111", "web"), ("b", "abc111", "db"), ("c", "fff333", "abc")]);
    assert!(matches!(resolve("abc111", &all), Err(Error::Conflict { .. })));
    assert!(matches!(resolve("abc", &all), Err(Error::Conflict { .. })));
    assert_eq!(resolve("b/abc111", &all).unwrap().node.as_ref(), "b");
}
