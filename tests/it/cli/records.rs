//! Records as the server writes them.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

pub(super) const COMMAND: &str = "0198c0de-0000-7000-8000-00000000000c";
const AGENT: &str = "0198c0de-0000-7000-8000-00000000000a";

/// A moment this many minutes ago; half a minute is added, so that an age does not turn while a test runs.
fn minutes_ago(minutes: i64) -> String {
    (Timestamp::now() - SignedDuration::from_secs(minutes * 60 + 30)).to_string()
}

pub(super) fn page(items: &[Value], next: Option<&str>) -> Value {
    json!({ "items": items, "next_cursor": next })
}

pub(super) fn agent(name: &str, status: &str) -> Value {
    json!({
        "id": AGENT, "agent_id": name, "site": "eu", "status": status, "status_since": minutes_ago(5),
        "version": "0.1.0", "capabilities": ["docker.stop"], "labels": { "tier": "web" },
        "host": { "os": "Debian GNU/Linux 12", "kernel": "6.1.0", "memory_total_bytes": 8_589_934_592_u64 },
        "container_engine": { "name": "docker", "version": "28.0.1", "api_version": "1.48" },
        "created_at": minutes_ago(9_000), "last_seen_at": minutes_ago(2), "address": "192.0.2.7",
    })
}

pub(super) fn agent_detail(name: &str) -> Value {
    let mut detail = agent(name, "ONLINE");
    detail["containers"] = json!({ "exited": 1, "running": 3 });
    detail["telemetry"] = Value::Null;
    detail
}

pub(super) fn container(node: &str, name: &str, state: &str) -> Value {
    json!({
        "id": "4f1c7a09b2d3".repeat(5), "name": name, "image": "nginx:1.29", "image_id": "sha256:00",
        "state": state, "exit_code": if state == "exited" { json!(137) } else { Value::Null },
        "health": if state == "running" { json!("healthy") } else { Value::Null },
        "created_at": minutes_ago(9_000), "started_at": minutes_ago(4_400), "finished_at": minutes_ago(70),
        "ports": ["127.0.0.1:8080->80/tcp"], "node": node, "agent": AGENT, "stale_since": null,
    })
}

pub(super) fn command(status: &str, error: Option<&str>) -> Value {
    json!({
        "id": COMMAND, "verb": "docker.stop", "args": { "id": "nginx" }, "status": status,
        "actor": "user:admin", "created_at": minutes_ago(1), "expires_at": minutes_ago(0), "ended_at": null,
        "timeout_s": 30, "correlation_id": COMMAND,
        "executions": [{
            "id": AGENT, "agent": AGENT, "node": "web-1", "attempt": 1, "status": status,
            "started_at": minutes_ago(1), "ended_at": null, "result": null, "error_message": error,
        }],
    })
}

pub(super) fn event(number: u64, kind: &str, cause: Option<u64>, data: &Value) -> Value {
    json!({ "class": "events", "event": {
        "specversion": "1.0", "id": event_id(number), "source": "/servers/1", "type": kind,
        "subject": "web-1", "time": "2026-03-01T12:00:00Z", "sequence": format!("{number:020}"),
        "actor": "agent:web-1", "causationid": cause.map(event_id),
        "datacontenttype": "application/json", "data": data,
    }})
}

fn event_id(number: u64) -> String {
    format!("0198c0de-0000-7000-8000-{number:012}")
}
