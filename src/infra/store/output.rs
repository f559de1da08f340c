//! [`SqliteOutputs`]: what executions printed, in `output.db`: one thread writes, two read. Pieces that wait are written in one
//! transaction with one sync.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use async_trait::async_trait;
use rusqlite::{Connection, params, params_from_iter};

use super::{
    OpenError,
    connection::DatabaseFile,
    migration::{self, migrate},
    readers::Readers,
    row::{all, one},
    worker::{Asked, Jobs, Worker},
};
use crate::{
    core::port::{
        StoreError,
        outputs::{Extent, Outputs},
    },
    id::ExecutionId,
    infra::disk::Disk,
    proto::output::{LogStream, Piece},
};

/// How many threads read.
const READERS: usize = 2;
/// How many executions are forgotten in one statement.
const FORGOTTEN_AT_ONCE: usize = 256;

#[derive(Debug)]
enum Write {
    Append(ExecutionId, Piece),
    Forget(Arc<[ExecutionId]>),
}

type Answer = Result<(), StoreError>;

/// What executions printed.
#[derive(Debug)]
pub struct SqliteOutputs {
    readers: Readers,
    writer: Worker<Write, Answer>,
    disk: Arc<Disk>,
    damaged: Option<PathBuf>,
    _file: DatabaseFile,
}

impl SqliteOutputs {
    /// Opens `dir/output.db`, or makes it.
    ///
    /// # Errors
    /// Says why the file cannot serve.
    pub fn open(dir: &Path) -> Result<Self, OpenError> {
        Self::open_on(dir, Disk::unwatched(dir))
    }

    /// The same on a disk that is watched: while it is full, what is printed is left out and counted.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn open_on(dir: &Path, disk: Arc<Disk>) -> Result<Self, OpenError> {
        let (file, damaged) = DatabaseFile::claim_sound(dir, "output")?;
        let mut connection = file.writer()?;
        migrate(&file, &mut connection, migration::OUTPUT)?;
        let readers = (0..READERS).map(|_| file.reader()).collect::<Result<_, _>>()?;
        let no_thread = |source| OpenError::Path { path: file.path().to_owned(), source };
        Ok(Self {
            readers: Readers::start("output-reader", readers).map_err(no_thread)?,
            writer: {
                let disk = disk.clone();
                Worker::start("output-writer", move |jobs| write(connection, &disk, jobs))
                    .map_err(no_thread)?
            },
            disk,
            damaged,
            _file: file,
        })
    }

    /// Where a file lies that was found damaged when it was opened, and in whose place there is a new one.
    #[must_use]
    pub fn damaged(&self) -> Option<&Path> {
        self.damaged.as_deref()
    }

    async fn write(&self, write: Write) -> Answer {
        let stopped =
            || Err(StoreError::Unavailable("the writer of output has stopped after a fault".into()));
        self.writer.ask(write).await.unwrap_or_else(stopped)
    }
}

#[async_trait]
impl Outputs for SqliteOutputs {
    async fn append(&self, execution: ExecutionId, piece: Piece) -> Result<(), StoreError> {
        let (room, bytes) = (self.disk.room(), piece.bytes.len() as u64);
        if !room.is_full() {
            let kept = self.write(Write::Append(execution, piece)).await;
            if kept.is_ok() || !room.is_full() {
                return kept;
            }
        }
        // What reads it shows a hole there.
        room.output.add(bytes);
        Ok(())
    }

    async fn extent(&self, execution: ExecutionId) -> Result<Extent, StoreError> {
        self.readers
            .run(move |connection| {
                let sql = "SELECT coalesce(max(offset + length(bytes)), 0), coalesce(sum(length(bytes)), 0)
                    FROM pieces WHERE execution = ?1";
                let extent = one(connection, "pieces", sql, [execution.as_bytes()], |row| {
                    Ok(Extent { end: row.next()?, kept: row.next()? })
                })?;
                Ok(extent.unwrap_or_default())
            })
            .await
    }

    async fn read(&self, execution: ExecutionId, from: u64, bytes: usize) -> Result<Vec<Piece>, StoreError> {
        self.readers.run(move |connection| pieces(connection, execution, from, bytes)).await
    }

    async fn forget(&self, executions: &[ExecutionId]) -> Result<(), StoreError> {
        for some in executions.chunks(FORGOTTEN_AT_ONCE) {
            self.write(Write::Forget(some.into())).await?;
        }
        Ok(())
    }
}

fn pieces(
    connection: &Connection,
    execution: ExecutionId,
    from: u64,
    bytes: usize,
) -> Result<Vec<Piece>, StoreError> {
    // Pieces are small: no more of them can be wanted than fit if each had a kilobyte, and one.
    const LEAST: usize = 1024;
    let sql = "SELECT stream, offset, time, bytes FROM pieces
        WHERE execution = ?1 AND offset + length(bytes) > ?2
            AND offset >= coalesce((SELECT max(offset) FROM pieces WHERE execution = ?1 AND offset <= ?2), 0)
        ORDER BY offset LIMIT ?3";
    let most = i64::try_from(bytes / LEAST + 1).unwrap_or(i64::MAX);
    let values = params![execution.as_bytes(), i64::try_from(from).unwrap_or(i64::MAX), most];
    let mut found: Vec<Piece> = all(connection, "pieces", sql, values, |row| {
        let stream = if row.next::<u32>()? == 2 { LogStream::Stderr } else { LogStream::Stdout };
        Ok(Piece { stream, offset: row.next()?, time: row.next()?, bytes: row.next()? })
    })?;
    let mut total = 0;
    let fits = found.iter().take_while(|piece| {
        let before = total;
        total += piece.bytes.len();
        before < bytes
    });
    found.truncate(fits.count());
    if let Some(first) = found.first_mut()
        && first.offset < from
    {
        let skipped = usize::try_from(from - first.offset).unwrap_or(usize::MAX).min(first.bytes.len());
        first.bytes.drain(..skipped);
        first.offset = from;
    }
    Ok(found)
}

/// Writes whatever waits, batch after batch, until there is no more; then closes the connection.
fn write(mut connection: Connection, disk: &Disk, jobs: &mut Jobs<Write, Answer>) {
    while let Some(batch) = jobs.take() {
        disk.look();
        let written = commit(&mut connection, &batch)
            .inspect_err(|error| {
                disk.refused(error);
                tracing::error!(%error, "output was not kept");
            })
            .map_err(|error| StoreError::Unavailable(error.to_string()));
        for asked in batch {
            // A caller that no longer waits needs no answer.
            let _ = asked.answer.send(written.clone());
        }
    }
    if let Err((_, error)) = connection.close() {
        tracing::warn!(%error, "the output database did not close cleanly");
    }
}

fn commit(connection: &mut Connection, batch: &[Asked<Write, Answer>]) -> rusqlite::Result<()> {
    let transaction = connection.transaction()?;
    for asked in batch {
        match &asked.job {
            Write::Append(execution, piece) => {
                let stream = match piece.stream {
                    LogStream::Stdout => 1,
                    LogStream::Stderr => 2,
                };
                transaction
                    .prepare_cached(
                        "INSERT INTO pieces (execution, offset, stream, time, bytes) VALUES (?1, ?2, ?3, ?4, ?5)
                         ON CONFLICT DO NOTHING",
                    )?
                    .execute(params![
                        execution.as_bytes(),
                        i64::try_from(piece.offset).unwrap_or(i64::MAX),
                        stream,
                        piece.time.as_microsecond(),
                        piece.bytes
                    ])?;
            }
            Write::Forget(executions) => {
                let places = vec!["?"; executions.len()].join(",");
                transaction.execute(
                    &format!("DELETE FROM pieces WHERE execution IN ({places})"),
                    params_from_iter(executions.iter().map(|execution| execution.as_bytes())),
                )?;
            }
        }
    }
    transaction.commit()
}
