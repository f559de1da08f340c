//! How much the control data holds, and how much of it is recent.
//!
//! What has no index by time is in the order of time nearly enough: the first row of a span is found by halving, and
//! only the span is read.

use std::collections::BTreeMap;

use jiff::Timestamp;
use rusqlite::{Connection, params};

use super::{
    event,
    row::{all as rows_of, failed, one},
};
use crate::{
    core::{
        audit::{AuditEntry, Outcome},
        command::aggregate,
        port::{StoreError, records::Counts},
    },
    proto::command::CommandStatus,
};

pub(super) fn all(connection: &Connection, since: Timestamp, now: Timestamp) -> Result<Counts, StoreError> {
    // All of it as it stood at one moment.
    let _moment = connection.unchecked_transaction().map_err(failed)?;
    let (events, recent_events) = events(connection, since)?;
    Ok(Counts {
        users: number(connection, "users", "SELECT count(*) AS n FROM users", params![])?,
        active_keys: number(
            connection,
            "api_keys",
            "SELECT count(*) AS n FROM api_keys WHERE revoked_at IS NULL AND expires_at > ?1",
            params![now.as_microsecond()],
        )?,
        commands: commands(connection, since)?,
        events,
        recent_events,
        denied: denied(connection, since)?,
    })
}

fn number(
    connection: &Connection,
    table: &'static str,
    sql: &str,
    values: impl rusqlite::Params,
) -> Result<u64, StoreError> {
    Ok(one(connection, table, sql, values, |row| row.next())?.unwrap_or_default())
}

/// Commands by status, of which the last attempts count. Their ids rise with time, those of their executions too.
fn commands(connection: &Connection, since: Timestamp) -> Result<BTreeMap<CommandStatus, u64>, StoreError> {
    let sql = "SELECT statuses, count(*) FROM (
            SELECT json_group_array(DISTINCT status) AS statuses FROM executions WHERE id >= ?1 AND NOT EXISTS (
                SELECT 1 FROM executions AS later WHERE later.command_id = executions.command_id
                    AND later.agent = executions.agent AND later.attempt > executions.attempt)
            GROUP BY command_id
        ) GROUP BY statuses";
    let groups: Vec<(Vec<CommandStatus>, u64)> =
        rows_of(connection, "executions", sql, [first_id(since)], |row| Ok((row.json()?, row.next()?)))?;
    let mut counted = BTreeMap::new();
    for (statuses, count) in groups {
        *counted.entry(aggregate(&statuses)).or_default() += count;
    }
    Ok(counted)
}

/// The least id that can have been made at or after a moment (RFC 9562, section 5.7).
pub(super) fn first_id(since: Timestamp) -> String {
    let millis = u64::try_from(since.as_millisecond()).unwrap_or_default();
    format!("{:08x}-{:04x}-7000-8000-000000000000", millis >> 16, millis & 0xffff)
}

/// How many events are kept, and how many of them are recent.
fn events(connection: &Connection, since: Timestamp) -> Result<(u64, u64), StoreError> {
    let Some((first, last)) = event::bounds(connection)? else { return Ok((0, 0)) };
    let sql = "SELECT time FROM events WHERE sequence >= ?1 ORDER BY sequence LIMIT 1";
    let at = |place: u64| one(connection, "events", sql, [place.cast_signed()], |row| row.next());
    let recent = first_since(first, last, since, at)?;
    Ok((last - first + 1, last + 1 - recent))
}

/// How many recent audit entries tell of something denied.
fn denied(connection: &Connection, since: Timestamp) -> Result<u64, StoreError> {
    let last = number(connection, "audit", "SELECT coalesce(max(number), 0) AS n FROM audit", params![])?;
    let sql = "SELECT entry FROM audit WHERE number >= ?1 ORDER BY number LIMIT 1";
    let at = |place: u64| {
        let entry = one(connection, "audit", sql, [place.cast_signed()], |row| row.json::<AuditEntry>())?;
        Ok(entry.map(|entry| entry.time))
    };
    let first = first_since(1, last, since, at)?;
    number(
        connection,
        "audit",
        "SELECT count(*) AS n FROM audit WHERE number >= ?1 AND json_extract(entry, '$.outcome') = ?2",
        params![first.cast_signed(), outcome(Outcome::Denied)],
    )
}

fn outcome(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Done => "done",
        Outcome::Denied => "denied",
    }
}

/// The first place between two at which the time is not before a moment; the place after the last when there is none.
fn first_since(
    mut low: u64,
    last: u64,
    since: Timestamp,
    at: impl Fn(u64) -> Result<Option<Timestamp>, StoreError>,
) -> Result<u64, StoreError> {
    let mut high = last + 1;
    while low < high {
        let middle = low + (high - low) / 2;
        match at(middle)? {
            Some(time) if time < since => low = middle + 1,
            _ => high = middle,
        }
    }
    Ok(low)
}
