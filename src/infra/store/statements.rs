//! The writer's prepared statements.

use std::collections::HashMap;

use rusqlite::{
    Connection, ToSql,
    types::{ToSqlOutput, ValueRef},
};

use crate::core::change::Value;

/// Statements of one connection, prepared once each.
pub(super) struct Statements<'c> {
    connection: &'c Connection,
    prepared: HashMap<Text, Prepared<'c>>,
}

/// Where a text lies and how long it is: a text that lives as long as the program is known by its place, so that
/// finding its statement does not read it.
type Text = (usize, usize);

struct Prepared<'c> {
    statement: rusqlite::Statement<'c>,
    values: usize,
}

impl<'c> Statements<'c> {
    /// None prepared yet.
    pub(super) fn new(connection: &'c Connection) -> Self {
        Self { connection, prepared: HashMap::new() }
    }

    /// Runs a statement and says how many rows it touched.
    pub(super) fn run<V: ToSql>(&mut self, sql: &'static str, values: &[V]) -> rusqlite::Result<usize> {
        self.bound(sql, values)?.raw_execute()
    }

    /// Runs a query and says whether it found a row.
    pub(super) fn finds<V: ToSql>(&mut self, sql: &'static str, values: &[V]) -> rusqlite::Result<bool> {
        Ok(self.bound(sql, values)?.raw_query().next()?.is_some())
    }

    /// Runs a statement that has no values and touches no rows.
    pub(super) fn control(&mut self, sql: &'static str) -> rusqlite::Result<()> {
        self.run::<Value>(sql, &[]).map(drop)
    }

    /// The connection itself.
    pub(super) fn connection(&self) -> &'c Connection {
        self.connection
    }

    fn bound<V: ToSql>(
        &mut self,
        sql: &'static str,
        values: &[V],
    ) -> rusqlite::Result<&mut rusqlite::Statement<'c>> {
        let prepared = self.get(sql)?;
        if values.len() != prepared.values {
            return Err(rusqlite::Error::InvalidParameterCount(values.len(), prepared.values));
        }
        for (value, place) in values.iter().zip(1..) {
            prepared.statement.raw_bind_parameter(place, value)?;
        }
        Ok(&mut prepared.statement)
    }

    fn get(&mut self, sql: &'static str) -> rusqlite::Result<&mut Prepared<'c>> {
        use std::collections::hash_map::Entry;
        match self.prepared.entry((sql.as_ptr().addr(), sql.len())) {
            Entry::Occupied(entry) => Ok(entry.into_mut()),
            Entry::Vacant(entry) => {
                let statement = self.connection.prepare(sql)?;
                let values = statement.parameter_count();
                Ok(entry.insert(Prepared { statement, values }))
            }
        }
    }
}

impl ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Null => ValueRef::Null,
            Self::Integer(value) => ValueRef::Integer(*value),
            Self::Real(value) => ValueRef::Real(*value),
            Self::Text(value) => ValueRef::Text(value.as_bytes()),
            Self::Blob(value) => ValueRef::Blob(value),
        }))
    }
}
