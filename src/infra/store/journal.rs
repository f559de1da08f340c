//! What a batch appends: events under the next sequences, audit entries under the next numbers.

use rusqlite::{
    Connection, OptionalExtension, Row, ToSql,
    types::{ToSqlOutput, ValueRef},
};
use uuid::Uuid;

use super::statements::Statements;
use crate::{
    core::{
        audit::{AuditEntry, ChainHead, hash_of, text_of},
        change::NewEvent,
    },
    id::{EventId, ServerId},
    proto::event::Event,
};

const INSERT_EVENT: &str = "INSERT INTO events \
    (sequence, id, kind, subject, time, actor, correlation, causation, data) \
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";

const INSERT_ENTRY: &str =
    "INSERT INTO audit (number, server, entry, previous, hash) VALUES (?1, ?2, ?3, ?4, ?5)";

/// Where the event log and the audit chain end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Heads {
    pub(super) sequence: u64,
    pub(super) number: u64,
    pub(super) hash: [u8; 32],
}

impl Heads {
    /// Reads them from the file.
    pub(super) fn read(connection: &Connection) -> rusqlite::Result<Self> {
        let sequence = connection
            .query_row("SELECT sequence FROM events ORDER BY sequence DESC LIMIT 1", [], |row| place(row, 0))
            .optional()?;
        let floor = connection.query_row(
            "SELECT coalesce(max(CAST(value AS INTEGER)), 0) FROM settings
             WHERE name > 'event_gap:' AND name < 'event_gap;'",
            [],
            |row| place(row, 0),
        )?;
        // Where the log was trimmed to stands for the entries that are gone, should there be no other.
        let last = "SELECT number, hash FROM audit UNION ALL SELECT number, hash FROM audit_base \
            ORDER BY number DESC LIMIT 1";
        let last = connection.query_row(last, [], |row| Ok((place(row, 0)?, row.get(1)?))).optional()?;
        let (number, hash) = last.unwrap_or_default();
        Ok(Self { sequence: sequence.unwrap_or_default().max(floor), number, hash })
    }

    /// Where the audit chain ends.
    pub(super) const fn chain(self) -> ChainHead {
        ChainHead { number: self.number, hash: self.hash }
    }
}

fn place(row: &Row<'_>, column: usize) -> rusqlite::Result<u64> {
    let place: i64 = row.get(column)?;
    u64::try_from(place).map_err(|_| rusqlite::Error::IntegralValueOutOfRange(column, place))
}

/// Who writes: the server's id, and the `source` of its events.
#[derive(Clone, Debug)]
pub(super) struct Origin {
    pub(super) server: ServerId,
    pub(super) source: String,
}

impl Origin {
    pub(super) fn new(server: ServerId) -> Self {
        Self { server, source: source(server) }
    }
}

/// The `source` of a server's events.
pub(super) fn source(server: ServerId) -> String {
    format!("/worpen/{server}")
}

/// An audit entry in its place.
#[derive(Debug)]
struct Chained {
    number: u64,
    text: String,
    previous: [u8; 32],
    hash: [u8; 32],
}

/// What one batch appends.
#[derive(Debug)]
pub(super) struct Journal {
    pub(super) heads: Heads,
    pub(super) events: Vec<Event>,
    entries: Vec<Chained>,
}

impl Journal {
    /// Appends nothing yet, after `heads`.
    pub(super) const fn after(heads: Heads) -> Self {
        Self { heads, events: Vec::new(), entries: Vec::new() }
    }

    /// Gives the events and the entry of one change their places; returns the last event's sequence.
    pub(super) fn append(
        &mut self,
        origin: &Origin,
        events: Vec<NewEvent>,
        audit: Option<AuditEntry>,
    ) -> u64 {
        for event in events {
            self.heads.sequence += 1;
            self.events.push(event_at(self.heads.sequence, &origin.source, event));
        }
        if let Some(entry) = audit {
            let (previous, text) = (self.heads.hash, text_of(&entry));
            self.heads.number += 1;
            self.heads.hash = hash_of(origin.server, self.heads.number, &previous, text.as_bytes());
            let Heads { number, hash, .. } = self.heads;
            self.entries.push(Chained { number, text, previous, hash });
        }
        self.heads.sequence
    }

    /// Writes what was appended.
    pub(super) fn write(&self, statements: &mut Statements<'_>, origin: &Origin) -> rusqlite::Result<()> {
        let mut data = Vec::new();
        let first = self.heads.sequence - self.events.len() as u64 + 1;
        for (event, sequence) in self.events.iter().zip(first..) {
            data.clear();
            serde_json::to_writer(&mut data, &event.data).map_err(unwritable)?;
            insert_event(statements, sequence, event, &data)?;
        }
        let server = origin.server.to_string();
        for Chained { number, text, previous, hash } in &self.entries {
            let number = number.cast_signed();
            statements.run::<&dyn ToSql>(INSERT_ENTRY, &[&number, &server, text, previous, hash])?;
        }
        Ok(())
    }
}

/// An event in its place in the log.
pub(super) fn event_at(sequence: u64, source: &str, event: NewEvent) -> Event {
    Event {
        specversion: "1.0".to_owned(),
        id: event.id,
        source: source.to_owned(),
        kind: event.kind,
        subject: event.subject,
        time: event.time,
        sequence: format!("{sequence:020}"),
        actor: event.actor,
        correlationid: event.correlation,
        causationid: event.causation,
        datacontenttype: "application/json".to_owned(),
        data: event.data,
    }
}

fn insert_event(
    statements: &mut Statements<'_>,
    sequence: u64,
    event: &Event,
    data: &[u8],
) -> rusqlite::Result<()> {
    let (mut id, mut cause) = (Uuid::encode_buffer(), Uuid::encode_buffer());
    let id: &str = hyphenated(event.id, &mut id);
    let cause = event.causationid.map(|event| &*hyphenated(event, &mut cause));
    let sequence = sequence.cast_signed();
    let time = event.time.as_microsecond();
    let data = ToSqlOutput::Borrowed(ValueRef::Text(data));
    statements
        .run::<&dyn ToSql>(
            INSERT_EVENT,
            &[
                &sequence,
                &id,
                &event.kind.as_str(),
                &event.subject,
                &time,
                &event.actor,
                &event.correlationid,
                &cause,
                &data,
            ],
        )
        .map(drop)
}

fn hyphenated(id: EventId, buffer: &mut [u8]) -> &mut str {
    Uuid::from_bytes(*id.as_bytes()).hyphenated().encode_lower(buffer)
}

fn unwritable(error: serde_json::Error) -> rusqlite::Error {
    rusqlite::Error::ToSqlConversionFailure(error.into())
}
