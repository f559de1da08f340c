//! Schedules, read.

use jiff::Timestamp;
use rusqlite::{Connection, named_params};

use super::row::{Columns, all, one, rows};
use crate::{
    core::port::{StoreError, records::ScheduleRecord},
    id::KeyId,
    proto::schedule::Schedule,
};

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT id, name, cron, time_zone, overlap, request, actor, created_at, paused, next_at, last_at,
                last_command, last_error, sealed, user_id, key_id FROM schedules ",
            $rest
        )
    };
}

/// The schedule with this id or name; no name reads as an id.
pub(super) fn find(connection: &Connection, reference: &str) -> Result<Option<ScheduleRecord>, StoreError> {
    one(connection, "schedules", select!("WHERE id = ?1 OR name = ?1"), [reference], record)
}

pub(super) fn list(
    connection: &Connection,
    key: Option<KeyId>,
    after: Option<&str>,
    limit: usize,
) -> Result<Vec<Schedule>, StoreError> {
    let sql = select!(
        "WHERE name > coalesce(:after, '') AND (:key IS NULL OR key_id = :key) ORDER BY name LIMIT :limit"
    );
    let values = named_params! {
        ":key": key.map(|id| id.to_string()), ":after": after, ":limit": rows(limit)
    };
    all(connection, "schedules", sql, values, schedule)
}

/// Those whose time has come, the earliest first.
pub(super) fn due(connection: &Connection, now: Timestamp) -> Result<Vec<ScheduleRecord>, StoreError> {
    let sql = select!("WHERE next_at <= ?1 ORDER BY next_at");
    all(connection, "schedules", sql, [now.as_microsecond()], record)
}

/// When the first time comes.
pub(super) fn next(connection: &Connection) -> Result<Option<Timestamp>, StoreError> {
    let sql = "SELECT min(next_at) AS next_at FROM schedules WHERE next_at IS NOT NULL";
    one(connection, "schedules", sql, [], |row| row.next::<Option<Timestamp>>()).map(Option::flatten)
}

fn schedule(row: &mut Columns<'_>) -> Result<Schedule, StoreError> {
    Ok(Schedule {
        id: row.next()?,
        name: row.next()?,
        cron: row.next()?,
        time_zone: row.next()?,
        overlap: row.word()?,
        command: row.json()?,
        actor: row.next()?,
        created_at: row.next()?,
        paused: row.next()?,
        next_at: row.next()?,
        last_at: row.next()?,
        last_command: row.next()?,
        last_error: row.next()?,
    })
}

fn record(row: &mut Columns<'_>) -> Result<ScheduleRecord, StoreError> {
    Ok(ScheduleRecord { schedule: schedule(row)?, sealed: row.next()?, user: row.next()?, key: row.next()? })
}
