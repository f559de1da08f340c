//! Telemetry in SQLite: recent rows, then columns.
//!
//! A measurement is appended to one table without an index and answered after the sync (`writer`); each row names the
//! one before of its node, so that a node's recent rows are a chain. Every hour what arrived is turned into parts
//! (`seal`): an hour of up to 256 nodes, a block per metric (`column`), a page per series. What is not a number is kept
//! once a change (`shape`). Reads (`history`, `range`) put parts and rows together; the first arrival of a moment wins.

use std::{
    path::{Path, PathBuf},
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicU64, Ordering},
    },
};

use async_trait::async_trait;
use jiff::Timestamp;
use rusqlite::{Connection, Transaction};
use tokio::sync::Notify;

use self::writer::{Job, Writer};
use super::{
    OpenError,
    connection::DatabaseFile,
    migration::{self, migrate},
    readers::Readers,
    row::failed,
    worker::Worker,
};
use crate::{
    core::{
        port::{
            StoreError,
            telemetry::{RangeAnswer, RangeQuery, SummaryAnswer, SummaryQuery, TelemetryStore},
        },
        telemetry::HOUR,
    },
    id::AgentId,
    infra::disk::Disk,
    proto::telemetry::Telemetry,
};

mod bytes;
mod column;
mod directory;
mod history;
mod legacy;
mod part;
mod range;
mod recent;
mod record;
mod rollup;
mod seal;
mod shape;
mod writer;

/// How many threads read.
const READERS: usize = 3;

/// How many nodes share a part: blocks of some 30 KB, so that reading one node reads little else.
const NODES_PER_PART: u32 = 256;

/// How many recent rows are waited for no longer than this many: they are scanned when a fleet is asked for.
const CROWD: u64 = 500_000;

/// Telemetry in `telemetry.db`: one thread writes, three read, one seals.
///
/// Dropping it blocks until every measurement that was handed in is answered and the file is closed.
#[derive(Debug)]
pub struct SqliteTelemetry {
    readers: Readers,
    sealer: Readers,
    sealing: tokio::sync::Mutex<()>,
    writer: Worker<Job, Result<bool, StoreError>>,
    shared: Arc<Shared>,
    disk: Arc<Disk>,
    damaged: Option<PathBuf>,
    _file: DatabaseFile,
}

/// What the writer shows the readers.
#[derive(Debug, Default)]
struct Shared {
    /// The last arrival of each node, by its number; 0 when there is none.
    heads: RwLock<Vec<i64>>,
    /// How many rows are not sealed.
    rows: AtomicU64,
    crowded: Notify,
}

impl Shared {
    /// The last arrival of a node, as the writer needs it: it alone moves heads.
    fn head(&self, number: u32) -> i64 {
        head_of(&self.heads.read().unwrap_or_else(PoisonError::into_inner), number)
    }

    /// Begins a snapshot and gives the last arrivals of nodes in it. No seal moves meanwhile, so that every chain ends
    /// in rows that the snapshot has; what arrives meanwhile was not yet answered.
    fn snapshot<'c>(
        &self,
        connection: &'c Connection,
        numbers: &[u32],
    ) -> Result<(Transaction<'c>, Vec<i64>), StoreError> {
        let heads = self.heads.read().unwrap_or_else(PoisonError::into_inner);
        let snapshot = connection.unchecked_transaction().map_err(failed)?;
        // A transaction sees the file as it is at its first read.
        sealed_to(&snapshot)?;
        let found = numbers.iter().map(|number| head_of(&heads, *number)).collect();
        Ok((snapshot, found))
    }

    /// Moves the seal by a commit; of the nodes whose rows were carried the last arrivals move with it.
    fn sealed(
        &self,
        carried: impl Iterator<Item = (u32, i64)>,
        commit: impl FnOnce() -> rusqlite::Result<()>,
    ) -> rusqlite::Result<()> {
        let mut heads = self.heads.write().unwrap_or_else(PoisonError::into_inner);
        commit()?;
        carried.for_each(|(number, arrival)| set_head(&mut heads, number, arrival));
        Ok(())
    }

    fn arrived(&self, arrivals: impl Iterator<Item = (u32, i64)>) {
        let mut heads = self.heads.write().unwrap_or_else(PoisonError::into_inner);
        let mut count = 0;
        for (number, arrival) in arrivals {
            set_head(&mut heads, number, arrival);
            count += 1;
        }
        drop(heads);
        if self.rows.fetch_add(count, Ordering::Relaxed) + count >= CROWD {
            self.crowded.notify_one();
        }
    }
}

fn head_of(heads: &[i64], number: u32) -> i64 {
    heads.get(number as usize).copied().unwrap_or(0)
}

fn set_head(heads: &mut Vec<i64>, number: u32, arrival: i64) {
    let at = number as usize;
    if at >= heads.len() {
        heads.resize(at + 1, 0);
    }
    if let Some(head) = heads.get_mut(at) {
        *head = arrival;
    }
}

impl SqliteTelemetry {
    /// Opens `dir/telemetry.db`, or makes it; brings a file of an older form to the newest, which takes seconds for
    /// each million measurements.
    ///
    /// # Errors
    /// Says why the file cannot serve: another server holds it, a newer version wrote it, or the disk refuses.
    pub fn open(dir: &Path) -> Result<Self, OpenError> {
        Self::open_on(dir, Disk::unwatched(dir))
    }

    /// The same on a disk that is watched: while it is full, measurements are left out and counted.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn open_on(dir: &Path, disk: Arc<Disk>) -> Result<Self, OpenError> {
        let (file, damaged) = DatabaseFile::claim_sound(dir, "telemetry")?;
        let mut connection = file.writer()?;
        migrate(&file, &mut connection, migration::TELEMETRY)?;
        let shared = Arc::new(Shared::default());
        let writer =
            Writer::start(connection, shared.clone(), disk.clone()).map_err(|source| file.failed(source))?;
        let readers = |count| (0..count).map(|_| file.reader()).collect::<Result<_, _>>();
        let no_thread = |source| OpenError::Path { path: file.path().to_owned(), source };
        Ok(Self {
            readers: Readers::start("telemetry-reader", readers(READERS)?).map_err(no_thread)?,
            sealer: Readers::start("telemetry-sealer", readers(1)?).map_err(no_thread)?,
            sealing: tokio::sync::Mutex::new(()),
            writer: Worker::start("telemetry-writer", move |jobs| writer.run(jobs)).map_err(no_thread)?,
            shared,
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

    async fn write(&self, job: Job) -> Result<bool, StoreError> {
        let stopped = || Err(StoreError::Unavailable("the writer has stopped after a fault".to_owned()));
        self.writer.ask(job).await.unwrap_or_else(stopped)
    }

    /// Reads with the shared heads; a long read asks now and then whether its caller still waits.
    async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Connection, &Shared, &dyn Fn() -> bool) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let shared = self.shared.clone();
        self.readers.run_while(move |connection, wanted| read(connection, &shared, wanted)).await
    }
}

#[async_trait]
impl TelemetryStore for SqliteTelemetry {
    async fn append(&self, agent: AgentId, telemetry: Telemetry) -> Result<(), StoreError> {
        let room = self.disk.room();
        if !room.is_full() {
            let kept = self.write(Job::Append(agent, Box::new(telemetry))).await;
            if kept.is_ok() || !room.is_full() {
                return kept.map(drop);
            }
        }
        room.telemetry.one();
        Ok(())
    }

    async fn latest(&self) -> Result<Vec<(AgentId, Telemetry)>, StoreError> {
        self.read(|connection, _, _| history::latest(connection)).await
    }

    async fn history(
        &self,
        agent: AgentId,
        from: Timestamp,
        to: Timestamp,
        limit: usize,
    ) -> Result<Vec<Telemetry>, StoreError> {
        let (from, to) = (from.as_microsecond(), to.as_microsecond());
        self.read(move |connection, shared, _| history::history(connection, shared, agent, from, to, limit))
            .await
    }

    async fn range(&self, query: RangeQuery) -> Result<RangeAnswer, StoreError> {
        self.read(move |connection, shared, wanted| range::range(connection, shared, &query, wanted)).await
    }

    async fn summary(&self, query: SummaryQuery) -> Result<SummaryAnswer, StoreError> {
        self.read(move |connection, shared, wanted| range::summary(connection, shared, &query, wanted)).await
    }

    async fn seal(&self, before: Option<Timestamp>) -> Result<u64, StoreError> {
        let _alone = self.sealing.lock().await;
        // What a sealing left that was broken off is no longer wanted.
        self.write(Job::Discard).await?;
        let before = before.map(Timestamp::as_microsecond);
        let plan = self.sealer.run(move |connection| seal::plan(connection, before)).await?;
        let Some(plan) = plan else { return Ok(0) };
        let plan = Arc::new(plan);
        for group in 0..plan.groups() {
            let plan = plan.clone();
            let part = self.sealer.run(move |connection| plan.part(connection, group)).await?;
            self.write(Job::Part(Box::new(part))).await?;
        }
        let (arrival, carried) = (plan.arrival, plan.carried.clone());
        self.write(Job::Sealed { arrival, carried }).await?;
        while self.write(Job::Trim).await? {}
        Ok(plan.sealed())
    }

    async fn crowded(&self) {
        self.shared.crowded.notified().await;
    }

    async fn forget(&self, before: Timestamp) -> Result<(), StoreError> {
        let hour = before.as_microsecond().div_euclid(HOUR);
        while self.write(Job::Forget { hour }).await? {}
        while self.write(Job::Reclaim).await? {}
        Ok(())
    }
}

/// The arrival up to which rows are sealed.
fn sealed_to(connection: &Connection) -> Result<i64, StoreError> {
    connection
        .prepare_cached("SELECT arrival FROM seal")
        .and_then(|mut statement| statement.query_row([], |row| row.get(0)))
        .map_err(failed)
}

/// The number of an agent, when it ever measured anything.
fn number_of(connection: &Connection, agent: AgentId) -> rusqlite::Result<Option<u32>> {
    use rusqlite::OptionalExtension;
    connection
        .prepare_cached("SELECT number FROM nodes WHERE agent = ?1")?
        .query_row([agent.as_bytes()], |row| row.get(0))
        .optional()
}
