//! Copies of a store's files, made while it is written to, and what such a copy holds.

use std::{
    fs::{self, OpenOptions},
    os::unix::fs::OpenOptionsExt,
    path::Path,
};

use rusqlite::{Connection, ErrorCode, OpenFlags, params};

use super::{OpenError, audit, journal::Heads};
use crate::{
    core::{
        audit::{ChainHead, first_break},
        backup::AuditHead,
        digest::hex,
        port::StoreError,
    },
    id::ServerId,
};

/// How many entries of the audit log are held in memory while its chain is followed.
const ENTRIES: usize = 4096;

/// What a copy of the control data holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holding {
    /// The server that it is of.
    pub server: ServerId,
    /// The sequence of the last event.
    pub sequence: u64,
    /// The end of the audit log.
    pub audit: AuditHead,
}

/// Copies a database as it is at this moment into a new file (0600) and syncs it. Its writer is not held up: the copy is
/// one long read, beside which the log grows. Deleted content is left behind.
///
/// # Errors
/// Says which file cannot be read or written.
pub fn copy(from: &Path, to: &Path) -> Result<(), OpenError> {
    let path = |source| OpenError::Path { path: to.to_owned(), source };
    let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(to).map_err(path)?;
    let failed = |source| OpenError::Database { path: from.to_owned(), source };
    let connection = reader(from)?;
    // Only a name that SQLite takes as one; the folder is the operator's.
    let name = to.to_str().ok_or_else(|| {
        path(std::io::Error::new(
            std::io::ErrorKind::InvalidInput,
            "its path is not UTF-8; name another folder",
        ))
    })?;
    connection.execute("VACUUM INTO ?1", params![name]).map_err(failed)?;
    file.sync_all().map_err(path)
}

/// Looks through every page of a database.
///
/// # Errors
/// It is damaged, or cannot be read.
pub fn check(path: &Path) -> Result<(), OpenError> {
    let found = reader(path)?.query_row("PRAGMA quick_check(1)", [], |row| row.get::<_, String>(0));
    match found {
        Ok(found) if found == "ok" => Ok(()),
        Ok(found) => Err(corrupt(path, found)),
        Err(error) if is_damage(&error) => Err(corrupt(path, error.to_string())),
        Err(source) => Err(OpenError::Database { path: path.to_owned(), source }),
    }
}

/// What a copy of the control data holds; its audit log is followed from where it was trimmed to.
///
/// # Errors
/// The chain of the audit log is broken, or the file cannot be read.
pub fn holding(path: &Path) -> Result<Holding, OpenError> {
    let connection = reader(path)?;
    let failed = |source| OpenError::Database { path: path.to_owned(), source };
    let server: String = connection
        .query_row("SELECT value FROM settings WHERE name = 'server_id'", [], |row| row.get(0))
        .map_err(failed)?;
    let server = server.parse().map_err(|_| corrupt(path, "settings.server_id is none".into()))?;
    let heads = Heads::read(&connection).map_err(failed)?;
    let unreadable = |error: StoreError| corrupt(path, error.to_string());
    // What was trimmed lies in archives, and the chain goes on from there.
    let base = audit::base(&connection).map_err(unreadable)?.map(|base| base.chain);
    let ChainHead { mut number, mut hash } = base.unwrap_or_default();
    loop {
        let entries = audit::after(&connection, number, ENTRIES).map_err(unreadable)?;
        if let Some(at) = first_break(&entries, number, hash) {
            return Err(corrupt(path, format!("the audit log is broken at entry {at}")));
        }
        let Some(last) = entries.last() else { break };
        (number, hash) = (last.number, last.hash);
    }
    Ok(Holding { server, sequence: heads.sequence, audit: AuditHead { number, hash: hex(&hash) } })
}

fn reader(path: &Path) -> Result<Connection, OpenError> {
    // SQLite says little of a file that is not there. It must not be opened otherwise: closing it would take the locks away
    // that this process holds on it (sqlite.org/howtocorrupt.html, section 2.2).
    fs::metadata(path).map_err(|source| OpenError::Path { path: path.to_owned(), source })?;
    Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX)
        .and_then(|connection| connection.busy_timeout(super::connection::BUSY).map(|()| connection))
        .map_err(|source| OpenError::Database { path: path.to_owned(), source })
}

fn corrupt(path: &Path, detail: String) -> OpenError {
    OpenError::Corrupt { path: path.to_owned(), detail }
}

/// Whether an error says that the file itself is wrong.
fn is_damage(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase))
}
