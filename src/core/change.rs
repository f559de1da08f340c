//! [`Change`]: a write as data. Nothing reaches the store in another form.

use std::{borrow::Cow, fmt};

use jiff::Timestamp;
use serde_json::Value as Json;

use super::audit::AuditEntry;
use crate::{id::EventId, proto::event::EventKind};

/// Everything that one act writes: all of it is committed, or none.
#[derive(Clone, Debug, Default)]
pub struct Change {
    /// What is written, in order.
    pub statements: Vec<Statement>,
    /// What happened, appended to the event log in order.
    pub events: Vec<NewEvent>,
    /// What the audit log keeps of it.
    pub audit: Option<AuditEntry>,
    /// Whether it is written even while the disk is full.
    pub need: Need,
}

/// How much depends on a change when the disk is full.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Need {
    /// It waits until there is room again.
    #[default]
    Usual,
    /// It must go on: signing in, revoking, the ends of what runs, what makes room. It may use the ballast.
    Vital,
}

impl Change {
    /// An empty change.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a statement.
    #[must_use]
    pub fn write(mut self, statement: Statement) -> Self {
        self.statements.push(statement);
        self
    }

    /// Adds an event.
    #[must_use]
    pub fn event(mut self, event: NewEvent) -> Self {
        self.events.push(event);
        self
    }

    /// Writes another change with it: its statements and events after these, its audit entry where there is none yet, and as
    /// vital as the more vital of the two.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.statements.extend(other.statements);
        self.events.extend(other.events);
        self.audit = self.audit.or(other.audit);
        if other.need == Need::Vital {
            self.need = Need::Vital;
        }
        self
    }

    /// Sets the audit entry.
    #[must_use]
    pub fn audit(mut self, entry: AuditEntry) -> Self {
        self.audit = Some(entry);
        self
    }

    /// Lets it be written even while the disk is full.
    #[must_use]
    pub const fn vital(mut self) -> Self {
        self.need = Need::Vital;
        self
    }

    /// Whether it is written even while the disk is full: also what only notes in the audit log that something happened.
    #[must_use]
    pub fn is_vital(&self) -> bool {
        self.need == Need::Vital || (self.statements.is_empty() && self.audit.is_some())
    }
}

/// One SQL statement, its values, and how many rows it must touch.
///
/// The text is common to every engine: `?1` is the first value, times are microseconds since 1970 (UTC), ids and
/// JSON are text, booleans are 0 or 1.
#[derive(Clone, Debug)]
pub struct Statement {
    /// What it does, `agent.set_status`; a [`Conflict`] quotes it.
    pub name: &'static str,
    /// The SQL.
    pub sql: &'static str,
    /// The values of `?1`, `?2` ...
    pub values: Vec<Value>,
    /// How many rows it must touch; else the whole change is undone.
    pub rows: Rows,
}

/// How many rows a statement must touch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rows {
    /// Exactly so many.
    Exactly(usize),
    /// Any number, also none.
    Any,
    /// It only looks, and must find something.
    Found,
}

impl Rows {
    /// Whether `touched` rows are as many as there must be.
    #[must_use]
    pub const fn allow(self, touched: usize) -> bool {
        match self {
            Self::Exactly(wanted) => touched == wanted,
            Self::Any => true,
            Self::Found => touched > 0,
        }
    }
}

/// A value of a statement.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// Nothing.
    Null,
    /// A whole number, a time or a truth.
    Integer(i64),
    /// A number.
    Real(f64),
    /// Text, an id or JSON.
    Text(Cow<'static, str>),
    /// Bytes.
    Blob(Vec<u8>),
}

macro_rules! value_from {
    ($($type:ty, $value:ident => $into:expr;)*) => {$(
        impl From<$type> for Value {
            fn from($value: $type) -> Self {
                $into
            }
        }
    )*};
}

value_from! {
    i64, value => Self::Integer(value);
    u32, value => Self::Integer(i64::from(value));
    bool, value => Self::Integer(i64::from(value));
    f64, value => Self::Real(value);
    String, value => Self::Text(Cow::Owned(value));
    &'static str, value => Self::Text(Cow::Borrowed(value));
    Vec<u8>, value => Self::Blob(value);
    Timestamp, value => Self::Integer(value.as_microsecond());
    &Json, value => Self::Text(Cow::Owned(value.to_string()));
}

impl From<u64> for Value {
    /// Counters stay far below 2⁶³; one that does not is stored as the largest there is.
    fn from(value: u64) -> Self {
        Self::Integer(i64::try_from(value).unwrap_or(i64::MAX))
    }
}

impl<T: Into<Self>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

/// An event that is not in the log yet; its sequence comes with the commit.
#[derive(Clone, Debug)]
pub struct NewEvent {
    /// The event's id, so that a later event of the same change can name it as its cause.
    pub id: EventId,
    /// What happened.
    pub kind: EventKind,
    /// The node it is about.
    pub subject: Option<String>,
    /// When it happened.
    pub time: Timestamp,
    /// Who did it: `user:NAME`, `key:NAME`, `agent:NAME` or `server`.
    pub actor: String,
    /// What belongs together.
    pub correlation: Option<String>,
    /// The event that caused it.
    pub causation: Option<EventId>,
    /// The facts.
    pub data: Json,
}

impl NewEvent {
    /// An event without subject, correlation and cause.
    #[must_use]
    pub fn new(kind: EventKind, time: Timestamp, actor: impl Into<String>, data: Json) -> Self {
        Self {
            id: EventId::generate(),
            kind,
            subject: None,
            time,
            actor: actor.into(),
            correlation: None,
            causation: None,
            data,
        }
    }

    /// Names the node it is about.
    #[must_use]
    pub fn about(mut self, node: impl Into<String>) -> Self {
        self.subject = Some(node.into());
        self
    }

    /// Names what it belongs to.
    #[must_use]
    pub fn correlated(mut self, correlation: impl Into<String>) -> Self {
        self.correlation = Some(correlation.into());
        self
    }

    /// Names the event that caused it.
    #[must_use]
    pub const fn caused_by(mut self, cause: Option<EventId>) -> Self {
        self.causation = cause;
        self
    }
}

/// The change is on disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Committed {
    /// The sequence of the log's last event after the change.
    pub sequence: u64,
}

/// A guard did not hold, or a unique, foreign or checked value was refused; nothing of the change was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Conflict {
    /// The name of the statement that was refused or touched another number of rows than it must.
    pub statement: &'static str,
}

/// Why a change was not committed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CommitError {
    /// A guard did not hold.
    Conflict(Conflict),
    /// On whose behalf it was to be written may do so no more.
    Dismissed,
    /// The disk is full, in words for the caller.
    Full(String),
    /// The store cannot write: what it said, for the log.
    Unavailable(String),
}

impl CommitError {
    /// Whether some guard did not hold.
    #[must_use]
    pub fn is_conflict(&self) -> bool {
        matches!(self, Self::Conflict(_))
    }

    /// Whether the guard called `statement` did not hold.
    #[must_use]
    pub fn is_conflict_of(&self, statement: &str) -> bool {
        matches!(self, Self::Conflict(conflict) if conflict.statement == statement)
    }
}

impl fmt::Display for CommitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Conflict(conflict) => write!(f, "the guard '{}' did not hold", conflict.statement),
            Self::Dismissed => f.write_str("on whose behalf it was to be written may do so no more"),
            Self::Full(detail) => f.write_str(detail),
            Self::Unavailable(detail) => write!(f, "the store cannot write: {detail}"),
        }
    }
}

impl std::error::Error for CommitError {}
