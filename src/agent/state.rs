//! [`State`]: one SQLite file for what must survive a restart, the spool, the journal and the output, so that a result,
//! its journal entry and the last that was printed are written in one transaction.
//!
//! WAL with `synchronous=NORMAL`: a process that is killed loses nothing, a power cut at most the last frames. What
//! must be on disk before the agent goes on asks for [`Durability::Synced`]. A damaged file is set aside, never
//! repaired, and the agent goes on with a fresh one. What it did before it does not know then: it vouches only for orders
//! that were made after the loss, and says of earlier ones that must not be done twice that their outcome is unknown. That
//! note is made by the transaction that makes the file, so that there is never a file without it that knows nothing.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use jiff::Timestamp;
use rusqlite::{Connection, ErrorCode, OptionalExtension, Transaction, TransactionBehavior};

use super::cause::chain;
use crate::config::private;

const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS frame (
        sequence INTEGER PRIMARY KEY, kind INTEGER NOT NULL, time INTEGER NOT NULL, bytes INTEGER NOT NULL, body TEXT NOT NULL
    ) STRICT;
    CREATE INDEX IF NOT EXISTS frame_by_kind ON frame (kind, sequence);
    CREATE TABLE IF NOT EXISTS execution (
        id TEXT PRIMARY KEY, command TEXT NOT NULL, verb TEXT NOT NULL, began INTEGER NOT NULL, result TEXT,
        told INTEGER NOT NULL DEFAULT 1
    ) STRICT;
    CREATE INDEX IF NOT EXISTS execution_by_began ON execution (began);
    CREATE TABLE IF NOT EXISTS piece (
        number INTEGER PRIMARY KEY AUTOINCREMENT, execution TEXT NOT NULL, stream INTEGER NOT NULL, offset INTEGER NOT NULL,
        time INTEGER NOT NULL, bytes BLOB NOT NULL
    ) STRICT;
    CREATE INDEX IF NOT EXISTS piece_by_execution ON piece (execution, offset);
    CREATE TABLE IF NOT EXISTS counter (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT;
";

/// What the files of earlier versions lack.
const TOLD: &str = "ALTER TABLE execution ADD COLUMN told INTEGER NOT NULL DEFAULT 1";

/// The counter of the moment from which on this file knows what was begun, in milliseconds of the server's clock; 0 until
/// the server has told its time. It is there only after a loss.
const VOUCHES: &str = "vouches_from";
/// The counter that each file has from its first moment on. One without it was made by nobody who noted a loss, or does not
/// know whether there was one.
const BORN: &str = "born";

/// Why the state cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// SQLite says no.
    #[error("cannot use the agent's state in '{}'; check its owner and the space on its disk", path.display())]
    Unusable {
        /// The file.
        path: PathBuf,
        /// Its words.
        #[source]
        source: rusqlite::Error,
    },
    /// A damaged file cannot be set aside.
    #[error("cannot set the damaged '{}' aside", path.display())]
    Stuck {
        /// The file.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: io::Error,
    },
}

/// How much of a power cut a write survives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Durability {
    /// It survives the process; the disk has it a moment later.
    Written,
    /// It is on disk when the write returns.
    Synced,
}

/// The state file. Its calls block for microseconds (a synced one for a disk's sync), which costs less than a thread.
pub(super) struct State {
    path: PathBuf,
    /// `None` while there is no file that can be used; each write tries to begin one.
    connection: Mutex<Option<Connection>>,
    /// The last write failed, and no synced one succeeded since.
    failing: AtomicBool,
}

impl State {
    /// Opens the file, or begins one; a damaged one is set aside. A file that knows nothing of what this agent may have begun
    /// says so from its first moment on.
    pub(super) fn open(path: &Path, may_have_begun: bool) -> Result<Self, StateError> {
        let connection = open_or_begin(path, may_have_begun)?;
        Ok(Self {
            path: path.to_owned(),
            connection: Mutex::new(Some(connection)),
            failing: AtomicBool::new(false),
        })
    }

    /// Vouches for what is ordered from now on, by the server's clock, where a loss made that doubtful.
    pub(super) fn vouch_from(&self, now: Timestamp) -> Result<(), StateError> {
        let sql = "UPDATE counter SET value = ?2 WHERE name = ?1 AND value = 0";
        self.write(Durability::Written, |transaction| {
            transaction.execute(sql, rusqlite::params![VOUCHES, now.as_millisecond()]).map(drop)
        })
    }

    /// Whether what is written can be relied on. While it cannot, each call tries whether the disk is well again.
    pub(super) fn is_well(&self) -> bool {
        !self.failing.load(Ordering::Relaxed)
            || self
                .write(Durability::Synced, |transaction| {
                    let sql = "INSERT INTO counter (name, value) VALUES ('probe', 1)
                        ON CONFLICT (name) DO UPDATE SET value = value + 1";
                    transaction.execute(sql, []).map(drop)
                })
                .is_ok()
    }

    /// Runs statements in one transaction. When the file turns out to be damaged, it is set aside and the same
    /// statements run on a fresh one; so they must not rely on what they read in an earlier transaction.
    pub(super) fn write<T>(
        &self,
        durability: Durability,
        mut statements: impl FnMut(&Transaction<'_>) -> rusqlite::Result<T>,
    ) -> Result<T, StateError> {
        let written = self.try_write(&mut self.lock(), durability, &mut statements);
        match &written {
            Ok(_) if durability == Durability::Synced && self.failing.swap(false, Ordering::Relaxed) => {
                tracing::info!("the agent's state can be written again");
            }
            Err(error) if !self.failing.swap(true, Ordering::Relaxed) => {
                tracing::error!(
                    path = %self.path.display(), error = %chain(error),
                    "the agent's state cannot be written: the node is DEGRADED, and no order begins that must not be \
                     done twice"
                );
            }
            _ => {}
        }
        written
    }

    /// Where there is no file since one could not be begun, that is tried again first: who had one may have begun things.
    fn try_write<T>(
        &self,
        slot: &mut Option<Connection>,
        durability: Durability,
        statements: &mut impl FnMut(&Transaction<'_>) -> rusqlite::Result<T>,
    ) -> Result<T, StateError> {
        let connection = match slot {
            Some(connection) => connection,
            None => slot.insert(open_or_begin(&self.path, true)?),
        };
        let written = match transact(connection, durability, statements) {
            Err(error) if is_damage(&error) => {
                // It is closed before it is renamed, and not used again when that fails.
                *slot = None;
                set_aside(&self.path, &error)?;
                transact(slot.insert(begin(&self.path, true)?), durability, statements)
            }
            other => other,
        };
        written.map_err(unusable(&self.path))
    }

    /// A panic elsewhere leaves no half-done work here: a transaction that was not committed is rolled back.
    fn lock(&self) -> MutexGuard<'_, Option<Connection>> {
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Opens the file, or begins one; a damaged one is set aside.
fn open_or_begin(path: &Path, may_have_begun: bool) -> Result<Connection, StateError> {
    let existed = path.exists();
    match open(path, may_have_begun) {
        Err(error) if is_damage(&error) => {
            set_aside(path, &error)?;
            begin(path, true)
        }
        opened => {
            if opened.is_ok() && !existed && may_have_begun {
                tracing::error!(
                    path = %path.display(),
                    "the agent's state is gone; orders from before that must not be done twice are answered as unknown"
                );
            }
            opened.map_err(unusable(path))
        }
    }
}

/// Begins a file where there is none.
fn begin(path: &Path, may_have_begun: bool) -> Result<Connection, StateError> {
    open(path, may_have_begun).map_err(unusable(path))
}

fn unusable(path: &Path) -> impl Fn(rusqlite::Error) -> StateError {
    let path = path.to_owned();
    move |source| StateError::Unusable { path: path.clone(), source }
}

fn open(path: &Path, may_have_begun: bool) -> rusqlite::Result<Connection> {
    // SQLite would make it readable to all; where this fails, opening it says why.
    drop(private::touch(path));
    let mut connection = Connection::open(path)?;
    // What makes the file is on disk before anything relies on it.
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "cache_size", -512)?;
    connection.pragma_update(None, "journal_size_limit", 1024 * 1024)?;
    let verdict: String = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
    if verdict != "ok" {
        return Err(rusqlite::Error::SqliteFailure(
            rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_CORRUPT),
            Some(verdict),
        ));
    }
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    transaction.execute_batch(SCHEMA)?;
    let told = "SELECT count(*) FROM pragma_table_info('execution') WHERE name = 'told'";
    if transaction.query_row(told, [], |row| row.get::<_, i64>(0))? == 0 {
        transaction.execute_batch(TOLD)?;
    }
    let born = "INSERT INTO counter (name, value) VALUES (?1, 1) ON CONFLICT (name) DO NOTHING";
    if transaction.execute(born, [BORN])? > 0 && may_have_begun {
        distrust(&transaction)?;
    }
    transaction.commit()?;
    connection.pragma_update(None, "synchronous", "NORMAL")?;
    Ok(connection)
}

/// Notes that what was begun before now is not known here.
fn distrust(connection: &Connection) -> rusqlite::Result<()> {
    let sql = "INSERT INTO counter (name, value) VALUES (?1, 0) ON CONFLICT (name) DO UPDATE SET value = 0";
    connection.execute(sql, [VOUCHES]).map(drop)
}

/// Whether what is begun is known here of an order that was made then, in milliseconds of the server's clock.
pub(super) fn vouches(transaction: &Transaction<'_>, made_at_ms: Option<u64>) -> rusqlite::Result<bool> {
    let from: Option<i64> = transaction
        .prepare_cached("SELECT value FROM counter WHERE name = ?1")?
        .query_row([VOUCHES], |row| row.get(0))
        .optional()?;
    let made = made_at_ms.and_then(|made| i64::try_from(made).ok());
    Ok(from.is_none_or(|from| from > 0 && made.is_some_and(|made| made >= from)))
}

fn transact<T>(
    connection: &mut Connection,
    durability: Durability,
    statements: &mut impl FnMut(&Transaction<'_>) -> rusqlite::Result<T>,
) -> rusqlite::Result<T> {
    if durability == Durability::Synced {
        connection.pragma_update(None, "synchronous", "FULL")?;
    }
    let written =
        connection.transaction_with_behavior(TransactionBehavior::Immediate).and_then(|transaction| {
            let value = statements(&transaction)?;
            transaction.commit()?;
            Ok(value)
        });
    if durability == Durability::Synced {
        connection.pragma_update(None, "synchronous", "NORMAL")?;
    }
    written
}

/// Whether the file itself is broken, rather than the disk full or the statement wrong.
fn is_damage(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase))
}

/// Renames a damaged file and what belongs to it, for whoever wants to look.
fn set_aside(path: &Path, error: &rusqlite::Error) -> Result<(), StateError> {
    let now = Timestamp::now().as_second();
    for ending in ["", "-wal", "-shm"] {
        let from = PathBuf::from(format!("{}{ending}", path.display()));
        let to = PathBuf::from(format!("{}.corrupt-{now}{ending}", path.display()));
        match fs::rename(&from, &to) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            other => other.map_err(|source| StateError::Stuck { path: from, source })?,
        }
    }
    tracing::error!(
        path = %path.display(), %error,
        "the agent's state was damaged and is set aside; frames that waited in it are lost, and orders from before that must \
         not be done twice are answered as unknown"
    );
    Ok(())
}

#[cfg(test)]
mod tests;
