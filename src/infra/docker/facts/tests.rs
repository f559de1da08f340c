use bollard::models::{ContainerStateStatusEnum, PortSummaryTypeEnum};

use super::*;

#[test]
fn the_primary_name_has_no_further_slash() {
    assert_eq!(name(vec!["/web/db".into(), "/db".into()]), "db");
    assert_eq!(name(vec![]), "");
}

#[test]
fn ports_are_told_once_and_in_order() {
    let port = |ip: Option<&str>, public| PortSummary {
        ip: ip.map(Into::into),
        private_port: 80,
        public_port: public,
        typ: Some(PortSummaryTypeEnum::TCP),
    };
    let told =
        ports(vec![port(Some("::"), Some(8080)), port(Some("127.0.0.1"), Some(8080)), port(None, None)]);
    assert_eq!(told, ["127.0.0.1:8080->80/tcp", "80/tcp", "[::]:8080->80/tcp"]);
}

#[test]
fn never_is_no_time_and_a_running_container_has_no_exit_code() {
    let summary = ContainerSummary { state: Some(Listed::RUNNING), ..ContainerSummary::default() };
    let inspected = Inspected {
        status: Some(ContainerStateStatusEnum::RUNNING),
        exit_code: Some(0),
        started_at: Some("2024-05-01T10:00:00.5Z".into()),
        finished_at: Some("0001-01-01T00:00:00Z".into()),
        ..Inspected::default()
    };
    let told = container(summary, inspected);
    assert_eq!((told.exit_code, told.finished_at), (None, None));
    assert_eq!(told.started_at.map(|time| time.to_string()).as_deref(), Some("2024-05-01T10:00:00.5Z"));
}

#[test]
fn a_list_that_still_tells_the_old_state_is_not_believed() {
    let summary = ContainerSummary { state: Some(Listed::RUNNING), ..ContainerSummary::default() };
    let inspected = Inspected { status: Some(Status::EXITED), exit_code: Some(3), ..Inspected::default() };
    let told = container(summary, inspected);
    assert_eq!((told.state, told.exit_code), (ContainerState::Exited, Some(3)));
}

#[test]
fn labels_that_are_too_much_are_counted_and_the_others_told() {
    let small = ("a".to_owned(), "1".to_owned());
    let told = labels(
        [small.clone(), ("b".to_owned(), "x".repeat(MAX_LABELS_BYTES)), ("c".to_owned(), "2".to_owned())]
            .into(),
    );
    assert_eq!((told.get("a"), told.get("b"), told.get("c")), (Some("1"), None, Some("2")));
    assert_eq!(told.get(LABELS_LEFT_OUT), Some("1"));
    assert_eq!(labels([small].into()).get(LABELS_LEFT_OUT), None);
}
