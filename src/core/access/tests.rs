//! What a scope holds.

use super::*;

fn patterns(patterns: &[&str]) -> Option<Vec<String>> {
    Some(patterns.iter().map(|&pattern| pattern.into()).collect())
}

fn node<'a>(name: &'a str, site: &'a str) -> Node<'a> {
    Node { name, site: Some(site) }
}

fn narrowed(role: Role) -> Rights {
    let scope = Scope {
        verbs: patterns(&["docker.*", "exec"]),
        sites: patterns(&["eu", "us-?"]),
        nodes: patterns(&["web-*"]),
    };
    Rights { role, scope: Some(scope) }
}

#[test]
fn a_scope_holds_what_all_of_its_kinds_of_patterns_hold() {
    let rights = narrowed(Role::Operator);
    assert_eq!(rights.permit(Act::Give("docker.stop"), node("web-1", "eu")), Ok(()));
    assert_eq!(rights.permit(Act::Give("exec"), node("web-1", "us-1")), Ok(()));
    let denied = |verb, node| rights.permit(Act::Give(verb), node).unwrap_err();
    assert!(matches!(denied("dockerx", node("web-1", "eu")), Denied::Verb(..)));
    assert!(matches!(denied("exec.more", node("web-1", "eu")), Denied::Verb(..)));
    assert_eq!(denied("exec", node("db-1", "eu")), Denied::Node("db-1".into()));
    assert_eq!(denied("exec", node("web-1", "us-10")), Denied::Node("web-1".into()));
    assert_eq!(denied("exec", node("web-1", "eu-1")), Denied::Node("web-1".into()));
}

#[test]
fn a_node_whose_site_is_not_known_is_in_no_scope_of_sites() {
    let gone = Node { name: "web-1", site: None };
    assert!(!narrowed(Role::Admin).see(gone));
    let by_name = Scope { nodes: patterns(&["web-*"]), ..Scope::default() };
    assert!(Rights { role: Role::Viewer, scope: Some(by_name) }.see(gone));
}

#[test]
fn a_viewer_asks_and_gives_nothing() {
    let rights = narrowed(Role::Viewer);
    assert_eq!(rights.permit(Act::Ask("docker.logs"), node("web-1", "eu")), Ok(()));
    let refused = rights.permit(Act::Give("docker.stop"), node("web-1", "eu"));
    assert_eq!(refused, Err(Denied::Role(Role::Viewer)));
}

#[test]
fn a_scope_that_narrows_nothing_or_names_nothing_is_refused() {
    let field = |scope: Scope| match scope.check().unwrap_err() {
        Error::Invalid(fields) => fields[0].pointer.clone(),
        other => panic!("{other}"),
    };
    assert_eq!(field(Scope::default()), "/scope");
    assert_eq!(field(Scope { verbs: Some(vec![]), ..Scope::default() }), "/scope/verbs");
    assert_eq!(field(Scope { nodes: patterns(&["web-1", ""]), ..Scope::default() }), "/scope/nodes/1");
    assert_eq!(field(Scope { sites: patterns(&["eu,us"]), ..Scope::default() }), "/scope/sites/0");
}

#[test]
fn a_scope_is_bounded_in_all_and_not_by_each_pattern_alone() {
    // Three kinds of 64 patterns of 128 characters each were tried on every node of a fleet.
    let long = |count: usize| Some((0..count).map(|number| format!("{number:0128}")).collect());
    assert!(Scope { nodes: long(32), ..Scope::default() }.check().is_ok());
    let refused = Scope { nodes: long(32), sites: long(1), ..Scope::default() }.check().unwrap_err();
    let Error::Invalid(fields) = refused else { panic!("{refused}") };
    assert_eq!(fields[0].pointer, "/scope");
    assert!(fields[0].detail.contains("4096 bytes"), "{}", fields[0].detail);
}

#[test]
fn what_a_scope_holds_is_the_same_for_one_node_and_for_many() {
    let scope = narrowed(Role::Viewer).scope.unwrap();
    let nodes = scope.nodes();
    for (name, site) in [("web-1", "eu"), ("web-1", "us-1"), ("web-1", "us-10"), ("db-1", "eu")] {
        assert_eq!(nodes.hold(node(name, site)), scope.holds_node(node(name, site)), "{name} {site}");
    }
    let gone = Node { name: "web-1", site: None };
    assert!(!nodes.hold(gone));
}

#[test]
fn a_pattern_that_takes_too_long_to_try_holds_nothing() {
    let costly = format!("*{}b", "a".repeat(120));
    let scope = Scope { nodes: Some(vec![costly]), ..Scope::default() };
    assert!(!scope.holds_node(node(&"a".repeat(60_000), "eu")));
}
