//! The control data in SQLite.

use std::{path::Path, sync::Arc};

use async_trait::async_trait;
use rusqlite::{Connection, params};
use tokio::sync::watch;

use super::{
    OpenError,
    connection::DatabaseFile,
    journal::{Heads, Origin},
    migration::{self, migrate},
    readers::Readers,
    worker::Worker,
    writer::{self, Answer},
};
use crate::{
    core::{
        audit::ChainHead,
        change::{Change, CommitError, Committed},
        meter::StoreMeter,
        port::{
            StoreError,
            store::{Observer, Store},
        },
    },
    id::ServerId,
    infra::disk::Disk,
};

/// How many threads read.
const READERS: usize = 3;

/// Control data in `worpen.db`: one thread writes, three read.
///
/// Dropping it blocks until every change that was handed in is answered and the file is closed.
#[derive(Debug)]
pub struct SqliteStore {
    // The writer closes last, and so folds the log into the file; the lock outlives it.
    readers: Readers,
    writer: Worker<Change, Answer>,
    meter: Arc<StoreMeter>,
    server: ServerId,
    chain: watch::Receiver<ChainHead>,
    _file: DatabaseFile,
}

impl SqliteStore {
    /// Opens `dir/worpen.db`, or makes it; `observer` sees every event that is committed from now on.
    ///
    /// # Errors
    /// Says why the file cannot serve: another server holds it, a newer version wrote it, or the disk refuses.
    pub fn open(dir: &Path, observer: Arc<dyn Observer>) -> Result<Self, OpenError> {
        Self::open_on(dir, observer, Disk::unwatched(dir))
    }

    /// The same on a disk that is watched: while it is full, only what must go on is written.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn open_on(dir: &Path, observer: Arc<dyn Observer>, disk: Arc<Disk>) -> Result<Self, OpenError> {
        let file = DatabaseFile::claim(dir, "worpen")?;
        file.check()?;
        let mut connection = file.writer()?;
        migrate(&file, &mut connection, migration::CONTROL)?;
        let server = server_id(&file, &connection)?;
        let readers = (0..READERS).map(|_| file.reader()).collect::<Result<_, _>>()?;
        let no_thread = |source| OpenError::Path { path: file.path().to_owned(), source };
        let origin = Origin::new(server);
        let meter = Arc::new(StoreMeter::default());
        let counts = meter.clone();
        let head = Heads::read(&connection).map_err(|source| file.failed(source))?.chain();
        let (told, chain) = watch::channel(head);
        Ok(Self {
            readers: Readers::start("store-reader", readers).map_err(no_thread)?,
            writer: Worker::start("store-writer", move |jobs| {
                writer::run(connection, &origin, &observer, &counts, &disk, &told, jobs)
            })
            .map_err(no_thread)?,
            meter,
            server,
            chain,
            _file: file,
        })
    }

    /// The server's own id, made when the file was.
    #[must_use]
    pub const fn server_id(&self) -> ServerId {
        self.server
    }

    /// What this store counts of its own work.
    #[must_use]
    pub const fn meter(&self) -> &Arc<StoreMeter> {
        &self.meter
    }

    /// Where the audit chain ends, and each time that it grows.
    #[must_use]
    pub fn audit_chain(&self) -> watch::Receiver<ChainHead> {
        self.chain.clone()
    }

    /// Runs a read that sees every change committed before.
    pub(super) async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.readers.run(read).await
    }
}

#[async_trait]
impl Store for SqliteStore {
    async fn commit(&self, change: Change) -> Result<Committed, CommitError> {
        let stopped = || Err(CommitError::Unavailable("the writer has stopped after a fault".to_owned()));
        let _waiting = self.meter.waiting.one_more();
        self.writer.ask(change).await.unwrap_or_else(stopped)
    }
}

fn server_id(file: &DatabaseFile, connection: &Connection) -> Result<ServerId, OpenError> {
    let text: String = connection
        .execute(
            "INSERT INTO settings (name, value) VALUES ('server_id', ?1) ON CONFLICT DO NOTHING",
            params![ServerId::generate().to_string()],
        )
        .and_then(|_| {
            connection.query_row("SELECT value FROM settings WHERE name = 'server_id'", [], |row| row.get(0))
        })
        .map_err(|source| file.failed(source))?;
    text.parse().map_err(|_| OpenError::Corrupt {
        path: file.path().to_owned(),
        detail: format!("settings.server_id is '{text}'"),
    })
}
