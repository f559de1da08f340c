//! Measurements of the first form, a JSON text each, brought to the form of today.

use rusqlite::Connection;

use super::writer::Writer;
use crate::{id::AgentId, proto::telemetry::Telemetry};

/// How many are converted in one transaction.
const AT_ONCE: i64 = 4_096;

/// Converts what is left of the first form, some at a time; broken off, it goes on at the next start. A text that
/// cannot be read is said and left out.
pub(super) fn convert(writer: &mut Writer) -> rusqlite::Result<()> {
    if !exists(writer.connection())? {
        return Ok(());
    }
    let mut converted = 0;
    loop {
        let rows = next(writer.connection())?;
        let Some(last) = rows.last().map(|row| row.arrival) else { break };
        converted += rows.len();
        let read = |row: &Row| -> Option<(AgentId, Telemetry)> {
            let agent = AgentId::from_uuid(uuid::Uuid::from_bytes(row.agent));
            match serde_json::from_str(&row.body) {
                Ok(telemetry) => Some((agent, telemetry)),
                Err(error) => {
                    tracing::error!(%agent, %error, "a measurement cannot be read and is left out");
                    None
                }
            }
        };
        let samples: Vec<_> = rows.iter().filter_map(read).collect();
        // Killed between the two, the same are appended again, and the second of a moment changes nothing.
        writer.append(samples.iter().map(|(agent, telemetry)| (*agent, telemetry)))?;
        writer.connection().execute("DELETE FROM samples WHERE arrival <= ?1", [last])?;
    }
    if converted > 0 {
        tracing::info!(converted, "telemetry was brought to the form of this version");
    }
    writer.connection().execute_batch("DROP TABLE samples")
}

struct Row {
    arrival: i64,
    agent: [u8; 16],
    body: String,
}

fn exists(connection: &Connection) -> rusqlite::Result<bool> {
    connection.query_row(
        "SELECT count(*) > 0 FROM sqlite_schema WHERE type = 'table' AND name = 'samples'",
        [],
        |row| row.get(0),
    )
}

fn next(connection: &Connection) -> rusqlite::Result<Vec<Row>> {
    connection
        .prepare_cached("SELECT arrival, agent, body FROM samples ORDER BY arrival LIMIT ?1")?
        .query_map([AT_ONCE], |row| Ok(Row { arrival: row.get(0)?, agent: row.get(1)?, body: row.get(2)? }))?
        .collect()
}
