//! Telemetry in SQLite.

use std::path::Path;

use async_trait::async_trait;
use jiff::Timestamp;
use rusqlite::{Connection, named_params, params};

use super::{
    OpenError,
    connection::DatabaseFile,
    migration::{self, migrate},
    readers::Readers,
    row::{Columns, all, failed, rows},
    worker::{Asked, Jobs, Worker},
};
use crate::{
    core::port::{StoreError, telemetry::TelemetryStore},
    id::AgentId,
    proto::telemetry::Telemetry,
};

/// How many threads read.
const READERS: usize = 2;

/// Telemetry in `telemetry.db`: one thread writes, two read.
///
/// Dropping it blocks until every measurement that was handed in is answered and the file is closed.
#[derive(Debug)]
pub struct SqliteTelemetry {
    readers: Readers,
    writer: Worker<Sample, Result<(), StoreError>>,
    _file: DatabaseFile,
}

#[derive(Debug)]
struct Sample {
    agent: AgentId,
    time: Timestamp,
    body: String,
}

impl SqliteTelemetry {
    /// Opens `dir/telemetry.db`, or makes it.
    ///
    /// # Errors
    /// Says why the file cannot serve: another server holds it, a newer version wrote it, or the disk refuses.
    pub fn open(dir: &Path) -> Result<Self, OpenError> {
        let file = DatabaseFile::claim(dir, "telemetry")?;
        let mut connection = file.writer()?;
        migrate(&file, &mut connection, migration::TELEMETRY)?;
        let readers = (0..READERS).map(|_| file.reader()).collect::<Result<_, _>>()?;
        let no_thread = |source| OpenError::Path { path: file.path().to_owned(), source };
        Ok(Self {
            readers: Readers::start("telemetry-reader", readers).map_err(no_thread)?,
            writer: Worker::start("telemetry-writer", move |jobs| write(connection, jobs))
                .map_err(no_thread)?,
            _file: file,
        })
    }
}

#[async_trait]
impl TelemetryStore for SqliteTelemetry {
    async fn append(&self, agent: AgentId, telemetry: Telemetry) -> Result<(), StoreError> {
        let unwritable = |error: serde_json::Error| StoreError::Unavailable(error.to_string());
        let body = serde_json::to_string(&telemetry).map_err(unwritable)?;
        let stopped = || Err(StoreError::Unavailable("the writer has stopped after a fault".to_owned()));
        self.writer.ask(Sample { agent, time: telemetry.timestamp, body }).await.unwrap_or_else(stopped)
    }

    async fn latest(&self) -> Result<Vec<(AgentId, Telemetry)>, StoreError> {
        self.readers.run(latest).await
    }

    async fn history(
        &self,
        agent: AgentId,
        from: Timestamp,
        to: Timestamp,
        limit: usize,
    ) -> Result<Vec<Telemetry>, StoreError> {
        self.readers.run(move |connection| history(connection, agent, from, to, limit)).await
    }
}

/// Commits whatever waits, batch after batch, until there is no more; then closes the connection.
fn write(connection: Connection, jobs: &mut Jobs<Sample, Result<(), StoreError>>) {
    while let Some(batch) = jobs.take() {
        let written = append(&connection, &batch).map_err(failed);
        if let Err(error) = &written {
            tracing::error!(%error, samples = batch.len(), "telemetry was not committed");
        }
        for asked in batch {
            // A caller that no longer waits needs no answer.
            let _ = asked.answer.send(written.clone());
        }
    }
    if let Err((_, error)) = connection.close() {
        tracing::warn!(%error, "the telemetry database did not close cleanly");
    }
}

/// Adds samples in one transaction, which is undone on an error.
fn append<A>(connection: &Connection, batch: &[Asked<Sample, A>]) -> rusqlite::Result<()> {
    let transaction = connection.unchecked_transaction()?;
    let mut insert = transaction
        .prepare_cached("INSERT OR IGNORE INTO samples (agent, time, body) VALUES (?1, ?2, ?3)")?;
    for Asked { job: Sample { agent, time, body }, .. } in batch {
        insert.execute(params![agent.as_bytes(), time.as_microsecond(), body])?;
    }
    drop(insert);
    transaction.commit()
}

fn latest(connection: &Connection) -> Result<Vec<(AgentId, Telemetry)>, StoreError> {
    // The index is entered twice for each agent, however many samples it has.
    let sql = "
        WITH RECURSIVE known (agent) AS (
            SELECT min(agent) FROM samples
            UNION ALL
            SELECT (SELECT min(agent) FROM samples WHERE agent > known.agent) FROM known WHERE known.agent NOT NULL
        )
        SELECT samples.agent, body FROM known JOIN samples ON samples.agent = known.agent
            AND time = (SELECT max(time) FROM samples WHERE agent = known.agent)";
    let rows = all(connection, "samples", sql, [], |row| Ok((agent(row)?, row.json::<Telemetry>())))?;
    // One row that cannot be read must not keep the server from starting.
    Ok(rows
        .into_iter()
        .filter_map(|(agent, latest)| match latest {
            Ok(latest) => Some((agent, latest)),
            Err(error) => {
                tracing::error!(%agent, %error, "the latest telemetry of an agent cannot be read");
                None
            }
        })
        .collect())
}

fn history(
    connection: &Connection,
    agent: AgentId,
    from: Timestamp,
    to: Timestamp,
    limit: usize,
) -> Result<Vec<Telemetry>, StoreError> {
    let sql = "SELECT body FROM samples WHERE agent = :agent AND time >= :from AND time < :to
        ORDER BY time LIMIT :limit";
    let values = named_params! {
        ":agent": agent.as_bytes(),
        ":from": from.as_microsecond(),
        ":to": to.as_microsecond(),
        ":limit": rows(limit),
    };
    all(connection, "samples", sql, values, |row| row.json())
}

fn agent(row: &mut Columns<'_>) -> Result<AgentId, StoreError> {
    row.next::<[u8; 16]>().map(|bytes| AgentId::from_uuid(uuid::Uuid::from_bytes(bytes)))
}
