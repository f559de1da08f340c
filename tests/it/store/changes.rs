//! Changes that the tests commit.

use jiff::Timestamp;
use serde_json::json;
use worpen::{
    core::{
        audit::{AuditEntry, Outcome},
        change::{Change, NewEvent, Rows, Statement, Value},
    },
    proto::event::EventKind,
};

pub(super) fn statement(name: &'static str, sql: &'static str, values: Vec<Value>) -> Statement {
    Statement { name, sql, values, rows: Rows::Exactly(1) }
}

/// Claims a key: a row that can be read back by it, and that is refused a second time.
pub(super) fn claim(key: &str) -> Statement {
    statement(
        "idempotency.claim",
        "INSERT INTO idempotency (caller, endpoint, key, body_hash, resource, created_at)
        VALUES ('user:ada', 'Test', ?1, 'hash', ?1, ?2)",
        vec![key.to_owned().into(), now().into()],
    )
}

/// A guard that never holds.
pub(super) fn broken_guard() -> Statement {
    statement("agent.guard", "UPDATE agents SET epoch = epoch + 1 WHERE id = 'nobody'", Vec::new())
}

pub(super) fn event(note: &str) -> NewEvent {
    NewEvent::new(EventKind::CommandQueued, now(), "user:ada", json!({ "note": note }))
}

pub(super) fn entry(note: &str) -> AuditEntry {
    AuditEntry {
        time: now(),
        actor: "user:ada".to_owned(),
        address: Some("192.0.2.7".to_owned()),
        action: "container.stop".to_owned(),
        resource: format!("container/web-1/{note}"),
        outcome: Outcome::Done,
        correlation: None,
        detail: json!({ "note": note, "count": 3 }),
    }
}

/// A claim with so many events and an audit entry.
pub(super) fn claiming(key: &str, events: u64) -> Change {
    (0..events).fold(Change::new().write(claim(key)).audit(entry(key)), |change, _| change.event(event(key)))
}

/// Now, as precise as the store keeps it.
pub(super) fn now() -> Timestamp {
    Timestamp::from_microsecond(Timestamp::now().as_microsecond()).unwrap()
}
