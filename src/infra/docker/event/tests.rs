use serde_json::json;

use super::*;

fn message(typ: &str, action: &str, attributes: &Value) -> EventMessage {
    serde_json::from_value(json!({
        "Type": typ, "Action": action, "Actor": {"ID": "abc", "Attributes": attributes},
        "time": 1_700_000_000, "timeNano": 1_700_000_000_123_456_789_i64,
    }))
    .unwrap()
}

#[test]
fn a_death_brings_its_exit_code_and_the_engines_own_time() {
    let event = read(message("container", "die", &json!({"exitCode": "137", "some.label": "x"}))).unwrap();
    assert_eq!(event.kind, EventKind::ContainerDied);
    assert_eq!(event.subject, Subject::Container("abc".into()));
    assert_eq!(event.time.as_nanosecond(), 1_700_000_000_123_456_789);
    assert_eq!(Value::Object(event.attributes), json!({"exit_code": 137}));
}

#[test]
fn a_health_change_brings_the_new_health() {
    let event = read(message("container", "health_status: unhealthy", &json!({}))).unwrap();
    assert_eq!(event.kind, EventKind::ContainerHealthChanged);
    assert_eq!(Value::Object(event.attributes), json!({"health": "unhealthy"}));
}

#[test]
fn what_says_nothing_to_us_is_passed_over() {
    assert_eq!(read(message("container", "exec_start: true", &json!({}))), None);
    assert_eq!(read(message("network", "create", &json!({}))), None);
    assert_eq!(read(message("image", "push", &json!({}))), None);
}

#[test]
fn a_container_that_is_gone_at_once_is_outlined_by_its_event() {
    let event =
        read(message("container", "die", &json!({"name": "job", "image": "tool:1", "exitCode": "2"})))
            .unwrap();
    let outline = event.outline("abc");
    assert_eq!(
        (outline.id.as_str(), outline.name.as_str(), outline.image.as_ref()),
        ("abc", "job", "tool:1")
    );
    assert_eq!((outline.state, outline.exit_code), (ContainerState::Exited, Some(2)));
}
