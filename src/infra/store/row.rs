//! A row, column by column; what cannot be read says where it is.

use std::sync::Arc;

use std::fmt::Display;

use jiff::Timestamp;
use rusqlite::{Connection, ErrorCode, Params, Row, types::ValueRef};
use serde::{
    Deserialize,
    de::{DeserializeOwned, IntoDeserializer, value::Error as WordError},
};

use crate::{
    core::port::{StoreError, records::Found},
    id::{
        AgentId, CommandId, EventId, ExecutionId, InvitationId, KeyId, PlanId, ScheduleId, ServerId,
        SessionId, UserId,
    },
    proto::command::Priority,
};

/// All rows of a query over `table`.
pub(super) fn all<T>(
    connection: &Connection,
    table: &'static str,
    sql: &str,
    values: impl Params,
    read: impl Fn(&mut Columns<'_>) -> Result<T, StoreError>,
) -> Result<Vec<T>, StoreError> {
    weighed(connection, table, sql, values, read).map(|(found, _)| found)
}

/// All rows of a query over `table`, and the bytes that they weigh.
pub(super) fn weighed<T>(
    connection: &Connection,
    table: &'static str,
    sql: &str,
    values: impl Params,
    read: impl Fn(&mut Columns<'_>) -> Result<T, StoreError>,
) -> Result<(Vec<T>, usize), StoreError> {
    let mut statement = connection.prepare_cached(sql).map_err(failed)?;
    let mut rows = statement.query(values).map_err(failed)?;
    let (mut found, mut bytes) = (Vec::new(), 0);
    while let Some(row) = rows.next().map_err(failed)? {
        let mut columns = Columns::of(row, table);
        found.push(read(&mut columns)?);
        bytes += columns.bytes;
    }
    Ok((found, bytes))
}

/// The first rows of a query over `table`: so many at most, and no more once they weigh so many bytes. The query has to ask for
/// one more row, which tells that there are others.
pub(super) fn some<T>(
    connection: &Connection,
    table: &'static str,
    sql: &str,
    values: impl Params,
    (most, most_bytes): (usize, usize),
    read: impl Fn(&mut Columns<'_>) -> Result<T, StoreError>,
) -> Result<Found<T>, StoreError> {
    let mut statement = connection.prepare_cached(sql).map_err(failed)?;
    let mut rows = statement.query(values).map_err(failed)?;
    let (mut items, mut bytes) = (Vec::new(), 0);
    while let Some(row) = rows.next().map_err(failed)? {
        if items.len() >= most || bytes >= most_bytes {
            return Ok(Found { items, more: true });
        }
        let mut columns = Columns::of(row, table);
        items.push(read(&mut columns)?);
        bytes += columns.bytes;
    }
    Ok(Found { items, more: false })
}

/// The only row of a query over `table`, when there is one.
pub(super) fn one<T>(
    connection: &Connection,
    table: &'static str,
    sql: &str,
    values: impl Params,
    read: impl Fn(&mut Columns<'_>) -> Result<T, StoreError>,
) -> Result<Option<T>, StoreError> {
    Ok(all(connection, table, sql, values, read)?.pop())
}

/// How many rows a query may give, as SQLite takes it.
pub(super) fn rows(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}

/// What SQLite said, as the ports say it.
#[expect(clippy::needless_pass_by_value, reason = "it stands as the function of map_err")]
pub(super) fn failed(error: rusqlite::Error) -> StoreError {
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => StoreError::Corrupt(error.to_string()),
        _ => StoreError::Unavailable(error.to_string()),
    }
}

/// The columns of a row, in the order of the query.
pub(super) struct Columns<'r> {
    row: &'r Row<'r>,
    table: &'static str,
    next: usize,
    /// What was read weighs so much.
    bytes: usize,
}

impl<'r> Columns<'r> {
    pub(super) const fn of(row: &'r Row<'r>, table: &'static str) -> Self {
        Self { row, table, next: 0, bytes: 0 }
    }

    /// Reads the next column.
    pub(super) fn next<T: Column>(&mut self) -> Result<T, StoreError> {
        let index = self.next;
        self.next += 1;
        let value = self.row.get_ref(index).map_err(|error| error.to_string());
        if let Ok(ValueRef::Text(bytes) | ValueRef::Blob(bytes)) = value {
            self.bytes += bytes.len();
        }
        value.and_then(T::read).map_err(|error| {
            let column = self.row.as_ref().column_name(index).unwrap_or("?");
            StoreError::Corrupt(format!("{}.{column}: {error}", self.table))
        })
    }

    /// Reads the next column, an enumeration in the word that it has on the wire.
    pub(super) fn word<T: DeserializeOwned>(&mut self) -> Result<T, StoreError> {
        self.next().map(|Word(value)| value)
    }

    /// Reads the next column, JSON.
    pub(super) fn json<T: DeserializeOwned>(&mut self) -> Result<T, StoreError> {
        self.next().map(|Json(value)| value)
    }

    /// Reads the next column, JSON or nothing.
    pub(super) fn json_or_null<T: DeserializeOwned>(&mut self) -> Result<Option<T>, StoreError> {
        self.next::<Option<Json<T>>>().map(|value| value.map(|Json(value)| value))
    }
}

/// What a column can hold.
pub(super) trait Column: Sized {
    /// Reads it, or says why it cannot be read.
    fn read(value: ValueRef<'_>) -> Result<Self, String>;
}

struct Word<T>(T);
struct Json<T>(T);

impl<T: for<'de> Deserialize<'de>> Column for Word<T> {
    fn read(value: ValueRef<'_>) -> Result<Self, String> {
        let text: &str = value.as_str().map_err(said)?;
        T::deserialize(text.into_deserializer()).map(Self).map_err(|error: WordError| said(error))
    }
}

impl<T: DeserializeOwned> Column for Json<T> {
    fn read(value: ValueRef<'_>) -> Result<Self, String> {
        value.as_str().map_err(said).and_then(|text| serde_json::from_str(text).map_err(said)).map(Self)
    }
}

impl<T: Column> Column for Option<T> {
    fn read(value: ValueRef<'_>) -> Result<Self, String> {
        if value == ValueRef::Null { Ok(None) } else { T::read(value).map(Some) }
    }
}

macro_rules! columns {
    ($($type:ty: $value:ident => $read:expr;)*) => {$(
        impl Column for $type {
            fn read($value: ValueRef<'_>) -> Result<Self, String> {
                $read.map_err(said)
            }
        }
    )*};
}

columns! {
    String: value => value.as_str().map(str::to_owned);
    Arc<str>: value => value.as_str().map(Into::into);
    [u8; 16]: value => <[u8; 16]>::try_from(value.as_blob().map_err(said)?);
    [u8; 32]: value => <[u8; 32]>::try_from(value.as_blob().map_err(said)?);
    u64: value => u64::try_from(value.as_i64().map_err(said)?);
    u32: value => u32::try_from(value.as_i64().map_err(said)?);
    Timestamp: value => Timestamp::from_microsecond(value.as_i64().map_err(said)?);
    AgentId: value => value.as_str().map_err(said)?.parse();
    CommandId: value => value.as_str().map_err(said)?.parse();
    EventId: value => value.as_str().map_err(said)?.parse();
    ExecutionId: value => value.as_str().map_err(said)?.parse();
    InvitationId: value => value.as_str().map_err(said)?.parse();
    PlanId: value => value.as_str().map_err(said)?.parse();
    ScheduleId: value => value.as_str().map_err(said)?.parse();
    KeyId: value => value.as_str().map_err(said)?.parse();
    ServerId: value => value.as_str().map_err(said)?.parse();
    SessionId: value => value.as_str().map_err(said)?.parse();
    UserId: value => value.as_str().map_err(said)?.parse();
}

impl Column for Priority {
    fn read(value: ValueRef<'_>) -> Result<Self, String> {
        let rank = u32::read(value)?;
        Self::ALL
            .into_iter()
            .find(|priority| priority.rank() == rank)
            .ok_or_else(|| format!("{rank} is no priority"))
    }
}

impl Column for bool {
    fn read(value: ValueRef<'_>) -> Result<Self, String> {
        value.as_i64().map(|number| number != 0).map_err(said)
    }
}

impl Column for Vec<u8> {
    fn read(value: ValueRef<'_>) -> Result<Self, String> {
        value.as_blob().map(<[u8]>::to_vec).map_err(said)
    }
}

fn said(error: impl Display) -> String {
    error.to_string()
}
