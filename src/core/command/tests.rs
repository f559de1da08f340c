use super::*;
use CommandStatus::{Expired, Failed, Partial, Queued, Started, Succeeded};

#[test]
fn a_command_stands_as_its_executions_do() {
    assert_eq!(aggregate(&[Queued]), Queued);
    assert_eq!(aggregate(&[Queued, Succeeded]), Started);
    assert_eq!(aggregate(&[Succeeded, Succeeded]), Succeeded);
    assert_eq!(aggregate(&[Succeeded, Expired]), Partial);
    assert_eq!(aggregate(&[Failed, Expired]), Failed);
}

#[test]
fn a_verb_in_capitals_passes_for_none_of_ours() {
    assert!(["docker.start", "DOCKER.start", "Exec", "eXec.x", "Agent.update"].into_iter().all(is_built_in));
    assert!(!is_built_in("create_user") && !is_built_in("docker"));
    assert!(is_verb("create_user") && !is_verb("Create_user") && !is_verb("DOCKER.start"));
}

#[test]
fn a_wait_has_a_bound() {
    assert_eq!(wait_of(None, 30).unwrap(), Duration::from_secs(30));
    assert_eq!(wait_of(Some(0), 30).unwrap(), Duration::ZERO);
    assert!(wait_of(Some(301), 30).is_err());
}
