//! Every write there is, as a guarded statement; a file per noun. A usecase strings them into a
//! [`Change`](super::change::Change).

pub mod agent;
pub mod anchor;
pub mod audit;
pub mod bearer;
pub mod caller;
pub mod command;
pub mod container;
pub mod credential;
pub mod event;
pub mod idempotency;
pub mod image;
pub mod invitation;
pub mod key;
pub mod plan;
pub mod probe;
pub mod rollout;
pub mod schedule;
pub mod session;
pub mod setting;
pub mod user;

use super::change::{Rows, Statement, Value};

/// A statement that must touch one row.
fn one(name: &'static str, sql: &'static str, values: Vec<Value>) -> Statement {
    Statement { name, sql, values, rows: Rows::Exactly(1) }
}

/// A statement that may touch any number of rows.
fn any(name: &'static str, sql: &'static str, values: Vec<Value>) -> Statement {
    Statement { name, sql, values, rows: Rows::Any }
}

/// A query that must find something; it writes nothing.
fn found(name: &'static str, sql: &'static str, values: Vec<Value>) -> Statement {
    Statement { name, sql, values, rows: Rows::Found }
}

/// A plain value of the wire (an enumeration, a record) as the store keeps it: a bare word, or JSON.
fn stored(value: &impl serde::Serialize) -> Value {
    match serde_json::to_value(value).expect("records are plain data and always serialize") {
        serde_json::Value::String(word) => word.into(),
        serde_json::Value::Null => Value::Null,
        other => other.to_string().into(),
    }
}
