//! Why a store did not open.

use std::{io, path::PathBuf};

/// Why a store did not open.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The directory or a file in it cannot be made or read.
    #[error("cannot use {}", path.display())]
    Path {
        /// Which.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Another process has it open.
    #[error("{} is held by another worpen server; stop that one, or name another directory", path.display())]
    Locked {
        /// The lock file.
        path: PathBuf,
    },
    /// The linked SQLite can damage its files.
    #[error("SQLite {found} can corrupt a database when its log is reset; 3.51.3 or newer is needed")]
    OldSqlite {
        /// The version that is linked.
        found: &'static str,
    },
    /// A newer version of this program changed the file's form.
    #[error(
        "{} was written by a newer worpen: it holds migration '{migration}', which this one does not know; \
         start that version again, or restore a copy from before the upgrade",
        path.display()
    )]
    Newer {
        /// The file.
        path: PathBuf,
        /// The migration that is not known here.
        migration: String,
    },
    /// A migration that the file holds is not the one that this program holds.
    #[error("{} holds another text of migration '{migration}' than this worpen", path.display())]
    Changed {
        /// The file.
        path: PathBuf,
        /// The migration.
        migration: String,
    },
    /// The file cannot be read or written as a database.
    #[error("cannot open the database {}", path.display())]
    Database {
        /// The file.
        path: PathBuf,
        /// What SQLite said.
        source: rusqlite::Error,
    },
    /// The file holds what cannot be read.
    #[error("{} is damaged: {detail}", path.display())]
    Corrupt {
        /// The file.
        path: PathBuf,
        /// Where and why.
        detail: String,
    },
}
