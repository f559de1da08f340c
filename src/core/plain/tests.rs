use jiff::Timestamp;
use serde_json::{Value, json};

use super::{PlainFrame, PlainMessage, read, telemetry};
use crate::{
    core::error::Error,
    proto::{command::CommandStatus, plain::PlainPulse},
};

fn frame(kind: &str, payload: &Value) -> Result<PlainMessage, String> {
    read(&json!({ "type": kind, "payload": payload }).to_string()).map_err(|error| error.to_string())
}

fn measured(payload: &Value) -> Result<crate::proto::telemetry::Telemetry, Error> {
    telemetry(payload, "press-7", Timestamp::UNIX_EPOCH)
}

/// The least that makes a measurement.
fn least() -> Value {
    json!({ "cpu_usage": 12.5, "memory_usage": { "total": 1000, "used": 250 }, "load_average": [1, 2, 3.5] })
}

#[test]
fn the_hello_of_the_documents_is_read() {
    let payload = json!({ "agent_id": "gateway-001", "site": "production", "version": "1.0.0",
        "capabilities": ["create_user", "delete_user", "create_user"], "os": "Debian", "kernel": 6, "more": [1] });
    let read = frame("HELLO", &payload).unwrap();
    let PlainFrame::Hello(hello) = read.frame else { panic!("{read:?}") };
    assert_eq!((hello.agent_id.as_str(), hello.version.as_str()), ("gateway-001", "1.0.0"));
    assert_eq!(hello.capabilities, ["create_user", "delete_user"], "each verb once");
    assert_eq!(
        (hello.host.os.as_deref(), hello.host.kernel),
        (Some("Debian"), None),
        "what is not understood is unknown"
    );
}

#[test]
fn each_wrong_field_is_named() {
    let id = "019e1f52-0d14-7b8e-8c3a-5a2b9d6f4e21";
    for (kind, payload, place) in [
        ("HELLO", json!({}), "/payload/agent_id"),
        ("HELLO", json!({ "agent_id": 7 }), "/payload/agent_id"),
        ("HELLO", json!({ "agent_id": "a", "capabilities": "exec" }), "/payload/capabilities"),
        ("HELLO", json!({ "agent_id": "a", "capabilities": ["a", "b c"] }), "/payload/capabilities/1"),
        ("HELLO", json!({ "agent_id": "a", "proof": {} }), "/payload/proof"),
        ("HEARTBEAT", json!({ "status": "DEAD" }), "/payload/status"),
        ("HEARTBEAT", json!({ "cpu": 101 }), "/payload/cpu"),
        ("HEARTBEAT", json!({ "sequence": -1 }), "/payload/sequence"),
        ("HEARTBEAT", json!({ "sequence": 1.5 }), "/payload/sequence"),
        ("RESULT", json!({ "status": "ok" }), "/payload/command_id"),
        ("RESULT", json!({ "command_id": id, "status": "partial" }), "/payload/status"),
        ("RESULT", json!({ "command_id": id, "status": "queued" }), "/payload/status"),
        ("GOODBYE", json!({}), "/type"),
        ("HEARTBEAT", json!([]), "/payload"),
    ] {
        let words = frame(kind, &payload).unwrap_err();
        assert!(words.starts_with(&format!("{place}: expected")), "{kind} {payload}: {words}");
    }
    for text in [
        "",
        "{",
        "[]",
        "7",
        "{\"payload\":{}}",
        &"[".repeat(5000),
        "{\"type\":\"ACK\",\"payload\":{\"a\":NaN}}",
    ] {
        assert!(read(text).is_err(), "{text}");
    }
}

#[test]
fn a_result_is_read_in_the_words_of_both_documents() {
    let id = "019e1f52-0d14-7b8e-8c3a-5a2b9d6f4e21";
    for (kind, word, status) in [
        ("COMMAND_RESULT", "SUCCESS", CommandStatus::Succeeded),
        ("RESULT", "completed", CommandStatus::Succeeded),
        ("command_result", "ERROR", CommandStatus::Failed),
        ("RESULT", "running", CommandStatus::Started),
    ] {
        let payload = json!({ "command_id": id, "status": word, "result": { "uid": 7 }, "sequence": 3 });
        let read = frame(kind, &payload).unwrap();
        let PlainFrame::Result(result) = read.frame else { panic!("{read:?}") };
        assert_eq!((result.status, result.result), (status, Some(json!({ "uid": 7 }))));
        assert_eq!(read.sequence, Some(3));
    }
}

#[test]
fn a_pulse_says_no_more_than_it_says() {
    let read = frame("HEARTBEAT", &json!({ "agent_id": "a" })).unwrap();
    assert_eq!(read.frame, PlainFrame::Heartbeat(PlainPulse::default()));
    let read = frame("HEARTBEAT", &json!({ "status": "degraded", "ram": 41 })).unwrap();
    assert_eq!(
        read.frame,
        PlainFrame::Heartbeat(PlainPulse { well: Some(false), cpu: None, ram: Some(41.0) })
    );
}

#[test]
fn a_measurement_needs_its_main_figures_and_no_more() {
    let found = measured(&least()).unwrap();
    assert_eq!((found.memory_usage.percent, found.memory_usage.available_bytes), (25.0, 750));
    assert_eq!((found.timestamp, found.container_count), (Timestamp::UNIX_EPOCH, None));
    assert!(found.disk_usage.is_empty() && found.network_stats.is_empty() && found.service_status.is_empty());
    for (name, place) in [
        ("cpu_usage", "/payload/cpu_usage"),
        ("memory_usage", "/payload/memory_usage"),
        ("load_average", "/payload/load_average"),
    ] {
        let mut payload = least();
        payload.as_object_mut().unwrap().remove(name);
        let words = measured(&payload).unwrap_err().to_string();
        assert!(words.starts_with(&format!("{place}: ")), "{words}");
    }
}

#[test]
fn what_cannot_be_measured_is_refused_by_its_name() {
    for (name, value, place) in [
        ("cpu_usage", json!("12"), "/payload/cpu_usage"),
        ("cpu_usage", json!(1e300), "/payload/cpu_usage"),
        ("cpu_usage", json!(-1), "/payload/cpu_usage"),
        ("memory_usage", json!({ "total": 1, "used": 2 }), "/payload/memory_usage/used"),
        ("memory_usage", json!({ "total": 1e300, "used": 2 }), "/payload/memory_usage/total"),
        ("memory_usage", json!({ "percent": 40 }), "/payload/memory_usage/total_bytes"),
        ("load_average", json!([1, 2]), "/payload/load_average"),
        ("load_average", json!([1, 2, "3"]), "/payload/load_average"),
        ("disk_usage", json!({ "total": 1, "used": 1 }), "/payload/disk_usage/"),
        ("disk_usage", json!({ "/": { "total": 1 } }), "/payload/disk_usage///used_bytes"),
        (
            "network_stats",
            json!({ "eth0": { "bytes_sent": 1, "bytes_recv": 1 } }),
            "/payload/network_stats/eth0/",
        ),
        ("service_status", json!({ "nginx": {} }), "/payload/service_status/nginx"),
        ("container_count", json!(4_294_967_296_u64), "/payload/container_count"),
        ("timestamp", json!("yesterday"), "/payload/timestamp"),
    ] {
        let mut payload = least();
        payload[name] = value;
        let words = measured(&payload).unwrap_err().to_string();
        assert!(words.starts_with(place) && words.contains("expected"), "{name}: {words}");
    }
}

#[test]
fn shapes_of_common_libraries_are_understood() {
    let mut payload = least();
    payload["timestamp"] = json!(86_400.5);
    payload["disk_usage"] = json!({ "/": { "total": 100, "used": 30, "free": 60, "percent": 33.3 } });
    payload["network_stats"] = json!({ "eth0": { "bytes_sent": 1, "bytes_recv": 2, "packets_sent": 3,
        "packets_recv": 4, "errin": 5, "errout": 6, "dropin": 0 } });
    payload["service_status"] = json!({ "nginx": "running", "cron": true });
    payload["container_count"] = json!(3.0);
    let now: Timestamp = "2026-05-12T11:05:00Z".parse().unwrap();
    let found = telemetry(&payload, "press-7", now).unwrap();
    assert_eq!(found.timestamp, "1970-01-02T00:00:00.5Z".parse().unwrap());
    assert_eq!((found.disk_usage["/"].available_bytes, found.network_stats["eth0"].receive_errors), (60, 5));
    assert_eq!((found.service_status["cron"].as_str(), found.container_count), ("true", Some(3)));
}
