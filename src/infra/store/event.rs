//! The event log, read.

use jiff::Timestamp;
use rusqlite::{Connection, named_params};

use super::{
    journal::event_at,
    row::{all, one, rows, some},
};
use crate::{
    core::{
        change::NewEvent,
        port::{
            StoreError,
            records::{EventFilter, Found, PAGE_BYTES},
        },
    },
    proto::event::Event,
};

/// Events after a sequence, as the server with this `source` wrote them: `limit` at most, and fewer when they are large.
pub(super) fn after(
    connection: &Connection,
    source: &str,
    after: u64,
    filter: &EventFilter,
    limit: usize,
) -> Result<Found<Event>, StoreError> {
    let sql = "SELECT sequence, id, kind, subject, time, actor, correlation, causation, data FROM events
        WHERE sequence > :after
            AND (:kinds IS NULL OR kind IN (SELECT value FROM json_each(:kinds)))
            AND (:node IS NULL OR subject = :node)
        ORDER BY sequence LIMIT :limit";
    let kinds = (!filter.kinds.is_empty()).then(|| serde_json::json!(filter.kinds).to_string());
    let values = named_params! {
        ":after": i64::try_from(after).unwrap_or(i64::MAX),
        ":kinds": kinds,
        ":node": filter.node,
        ":limit": rows(limit.saturating_add(1)),
    };
    some(connection, "events", sql, values, (limit, PAGE_BYTES), |row| {
        Ok(event_at(
            row.next()?,
            source,
            NewEvent {
                id: row.next()?,
                kind: row.word()?,
                subject: row.next()?,
                time: row.next()?,
                actor: row.next()?,
                correlation: row.next()?,
                causation: row.next()?,
                data: row.json()?,
            },
        ))
    })
}

pub(super) fn bounds(connection: &Connection) -> Result<Option<(u64, u64)>, StoreError> {
    // Each alone is found at an end of the tree; together they would be looked for in all of it.
    let sql = "SELECT (SELECT min(sequence) FROM events) AS sequence, (SELECT max(sequence) FROM events) AS sequence";
    let found = one(connection, "events", sql, [], |row| Ok((row.next()?, row.next()?)))?;
    Ok(found.and_then(|(first, last): (Option<u64>, Option<u64>)| first.zip(last)))
}

/// How many sequences between the first and the last event stand for none.
pub(super) fn skipped(connection: &Connection) -> Result<u64, StoreError> {
    let sql = "SELECT coalesce(sum(CAST(value AS INTEGER) - CAST(substr(name, 11) AS INTEGER)), 0) AS skipped
        FROM settings WHERE name > 'event_gap:' AND name < 'event_gap;'
            AND CAST(substr(name, 11) AS INTEGER) >= (SELECT min(sequence) FROM events)
            AND CAST(value AS INTEGER) < (SELECT max(sequence) FROM events)";
    Ok(one(connection, "settings", sql, [], |row| row.next())?.unwrap_or_default())
}

/// The first events that are kept: sequence and time.
pub(super) fn oldest(connection: &Connection, most: usize) -> Result<Vec<(u64, Timestamp)>, StoreError> {
    let sql = "SELECT sequence, time FROM events ORDER BY sequence LIMIT ?1";
    all(connection, "events", sql, [rows(most)], |row| Ok((row.next()?, row.next()?)))
}
