use super::*;
use crate::{id::AgentId, proto::labels::Labels};

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

fn container(node: &str, id: &str, name: &str) -> Container {
    Container {
        facts: facts(id, name, ContainerState::Running),
        node: node.into(),
        agent: AgentId::generate(),
        stale_since: None,
    }
}

#[test]
fn a_container_is_found_by_what_names_it_alone() {
    let all =
        [container("a", "abc111", "web"), container("a", "abd222", "db"), container("b", "fff333", "web")];
    let find = |reference: &str| resolve(reference, all.iter()).map(|found| found.facts.id.clone());
    assert_eq!(find("abc111").unwrap(), "abc111");
    assert_eq!(find("abd").unwrap(), "abd222");
    assert_eq!(find("b/web").unwrap(), "fff333");
    assert_eq!(find("db").unwrap(), "abd222");
    assert!(matches!(find("web"), Err(Error::Conflict { .. })));
    assert!(matches!(find("ab"), Err(Error::NotFound { .. })), "two digits are too few to be a prefix");
    assert!(matches!(find("b/db"), Err(Error::NotFound { .. })));
}

#[test]
fn an_ambiguous_prefix_names_the_candidates() {
    let all = [container("a", "abc111", "web"), container("b", "abc222", "db")];
    let Err(Error::Conflict { detail, .. }) = resolve("abc", all.iter()) else {
        panic!("expected a conflict")
    };
    assert!(detail.contains("a/web") && detail.contains("b/db"), "{detail}");
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
    let all =
        [container("a", "abc111", "web"), container("b", "abc111", "db"), container("c", "fff333", "abc")];
    assert!(matches!(resolve("abc111", all.iter()), Err(Error::Conflict { .. })));
    assert!(matches!(resolve("abc", all.iter()), Err(Error::Conflict { .. })));
    assert_eq!(resolve("b/abc111", all.iter()).unwrap().node.as_ref(), "b");
}
