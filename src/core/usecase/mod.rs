//! What callers and agents can make happen: each flow reads through ports, decides by the rules, and builds one
//! [`Change`](super::change::Change).

pub mod admit;
pub mod authority;
pub mod backup;
pub mod cancel;
pub mod certify;
pub mod dispatch;
pub mod enroll;
pub mod ingest;
pub mod key;
pub mod order;
pub mod overdue;
pub mod plain;
pub mod plan;
pub mod presence;
pub mod question;
mod repeat;
pub mod restore;
pub mod retention;
pub mod rollout;
pub mod schedule;
pub mod settle;
pub mod sign_in;
pub mod sync;
pub mod trust;
pub mod user;
pub mod witness;

use jiff::Timestamp;
use serde_json::Value;

use super::{
    audit::{AuditEntry, Outcome},
    change::NewEvent,
};
use crate::proto::event::EventKind;

/// Who acts, from where, when, and under which request.
#[derive(Clone, Debug)]
pub struct Origin {
    /// `user:NAME`, `key:NAME/KEY`, `agent:NAME`, `server` or `anonymous`.
    pub actor: String,
    /// The address it came from.
    pub address: Option<String>,
    /// The request or command that everything caused belongs to.
    pub correlation: String,
    /// When.
    pub now: Timestamp,
}

impl Origin {
    /// The server itself.
    #[must_use]
    pub fn server(now: Timestamp, correlation: impl Into<String>) -> Self {
        Self { actor: "server".into(), address: None, correlation: correlation.into(), now }
    }

    /// An event of this origin.
    #[must_use]
    pub fn event(&self, kind: EventKind, data: Value) -> NewEvent {
        NewEvent::new(kind, self.now, self.actor.clone(), data).correlated(self.correlation.clone())
    }

    /// The audit entry of something done.
    #[must_use]
    pub fn done(&self, action: &str, resource: impl Into<String>, detail: Value) -> AuditEntry {
        self.audit(Outcome::Done, action, resource.into(), detail)
    }

    /// The audit entry of something that was not allowed.
    #[must_use]
    pub fn denied(&self, action: &str, resource: impl Into<String>, detail: Value) -> AuditEntry {
        self.audit(Outcome::Denied, action, resource.into(), detail)
    }

    fn audit(&self, outcome: Outcome, action: &str, resource: String, detail: Value) -> AuditEntry {
        AuditEntry {
            time: self.now,
            actor: self.actor.clone(),
            address: self.address.clone(),
            action: action.to_owned(),
            resource,
            outcome,
            correlation: Some(self.correlation.clone()),
            detail,
        }
    }
}
