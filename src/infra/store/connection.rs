//! A database file: its directory, its lock, and the connections to it.

use std::{
    fs::{self, DirBuilder, File, OpenOptions, TryLockError},
    io,
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
    time::Duration,
};

use jiff::Timestamp;
use rusqlite::{Connection, OpenFlags, config::DbConfig, ffi};

use super::{OpenError, copy};
use crate::config::private;

/// SQLite before 3.51.3 can lose what a reset of the write-ahead log should have kept (sqlite.org/wal.html, "The
/// WAL-reset bug").
const OLDEST_SQLITE: i32 = 3_051_003;

/// Files that are larger are not checked at the start: it takes about two seconds for each gigabyte.
const CHECKED_BYTES: u64 = 1024 * 1024 * 1024;

/// How long a statement waits for a process other than a server, such as a backup.
pub(super) const BUSY: Duration = Duration::from_secs(5);

/// A database file that no other server has open, for as long as this value lives.
#[derive(Debug)]
pub(super) struct DatabaseFile {
    path: PathBuf,
    _lock: File,
}

impl DatabaseFile {
    /// Claims `dir/name.db`; makes the directory (0700) and the file (0600) where they are missing.
    pub(super) fn claim(dir: &Path, name: &str) -> Result<Self, OpenError> {
        refuse_old_sqlite(rusqlite::version_number(), rusqlite::version())?;
        DirBuilder::new().recursive(true).mode(0o700).create(dir).map_err(at(dir))?;
        let lock_path = dir.join(format!("{name}.lock"));
        let lock = touch(&lock_path)?;
        match private::lock(&lock) {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(OpenError::Locked { path: lock_path }),
            Err(TryLockError::Error(source)) => return Err(OpenError::Path { path: lock_path, source }),
        }
        let path = dir.join(format!("{name}.db"));
        touch(&path)?;
        File::open(dir).and_then(|dir| dir.sync_all()).map_err(at(dir))?;
        Ok(Self { path, _lock: lock })
    }

    /// The same, when no page of it is damaged. A damaged file is put aside under another name, which is given too.
    pub(super) fn claim_sound(dir: &Path, name: &str) -> Result<(Self, Option<PathBuf>), OpenError> {
        let file = Self::claim(dir, name)?;
        let Err(damage) = file.check() else { return Ok((file, None)) };
        let OpenError::Corrupt { .. } = damage else { return Err(damage) };
        let stamp = Timestamp::now().strftime("%Y%m%dT%H%M%SZ");
        let aside = dir.join(format!("{name}.db.damaged-{stamp}"));
        for ending in ["", "-wal", "-shm"] {
            let (from, to) = (with_ending(&file.path, ending), with_ending(&aside, ending));
            match fs::rename(&from, &to) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                moved => moved.map_err(at(&from))?,
            }
        }
        touch(&file.path)?;
        File::open(dir).and_then(|dir| dir.sync_all()).map_err(at(dir))?;
        Ok((file, Some(aside)))
    }

    /// Looks for damaged pages, unless the file is so large that a start would take long.
    pub(super) fn check(&self) -> Result<(), OpenError> {
        let bytes = fs::metadata(&self.path).map_err(at(&self.path))?.len();
        if bytes > CHECKED_BYTES {
            tracing::info!(bytes, "{} is too large to be checked at the start", self.path.display());
            return Ok(());
        }
        if bytes == 0 {
            return Ok(());
        }
        copy::check(&self.path)
    }

    /// The file's path.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Opens the connection that writes.
    pub(super) fn writer(&self) -> Result<Connection, OpenError> {
        self.connect(OpenFlags::SQLITE_OPEN_READ_WRITE, |connection| {
            write_ahead(connection)?;
            connection.pragma_update(None, "synchronous", "FULL")?;
            connection.pragma_update(None, "foreign_keys", true)?;
            connection.pragma_update(None, "temp_store", "MEMORY")?;
            connection.pragma_update(None, "cache_size", -16_384)
        })
    }

    /// Opens a connection that only reads.
    pub(super) fn reader(&self) -> Result<Connection, OpenError> {
        self.connect(OpenFlags::SQLITE_OPEN_READ_ONLY, |connection| {
            connection.set_prepared_statement_cache_capacity(64);
            connection.pragma_update(None, "cache_size", -4_096)
        })
    }

    /// Wraps what SQLite said of this file.
    pub(super) fn failed(&self, source: rusqlite::Error) -> OpenError {
        OpenError::Database { path: self.path.clone(), source }
    }

    fn connect(
        &self,
        access: OpenFlags,
        configure: impl FnOnce(&Connection) -> rusqlite::Result<()>,
    ) -> Result<Connection, OpenError> {
        // Each connection stays on one thread, so SQLite needs no mutex of its own.
        Connection::open_with_flags(&self.path, access | OpenFlags::SQLITE_OPEN_NO_MUTEX)
            .and_then(|connection| {
                connection.busy_timeout(BUSY)?;
                // Else a value that is bound to a column of which a partial index tells anything makes SQLite plan the
                // statement anew, at each run: two thirds of what a read took.
                connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
                configure(&connection)?;
                Ok(connection)
            })
            .map_err(|source| self.failed(source))
    }
}

fn with_ending(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

fn refuse_old_sqlite(number: i32, found: &'static str) -> Result<(), OpenError> {
    if number < OLDEST_SQLITE { Err(OpenError::OldSqlite { found }) } else { Ok(()) }
}

/// Turns the write-ahead log on; a file system without shared memory cannot have it.
fn write_ahead(connection: &Connection) -> rusqlite::Result<()> {
    let mode: String = connection.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0))?;
    if mode == "wal" {
        return Ok(());
    }
    let why = format!("the write-ahead log cannot be used here; the journal stays in mode '{mode}'");
    Err(rusqlite::Error::SqliteFailure(ffi::Error::new(ffi::SQLITE_CANTOPEN), Some(why)))
}

fn touch(path: &Path) -> Result<File, OpenError> {
    OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(path).map_err(at(path))
}

fn at(path: &Path) -> impl FnOnce(io::Error) -> OpenError {
    move |source| OpenError::Path { path: path.to_owned(), source }
}

#[cfg(test)]
mod tests;
