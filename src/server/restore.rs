//! Restoring a backup into the data folder of a server that does not run.
//!
//! All of it happens in a folder within the data folder, which takes its place at the very end: a restore that is broken off
//! leaves what was there, and a server does not start between the two.

use std::{
    ffi::OsStr,
    fs::{self, File, TryLockError},
    io::{self, Read},
    path::{Path, PathBuf},
    sync::Arc,
};

use jiff::Timestamp;

use crate::{
    config::{private, server::HEADS_FILE},
    core::{
        backup::Manifest,
        error::Error,
        port::store::Observer,
        signing::PublicKey,
        usecase::{Origin, restore as usecase},
    },
    infra::{
        age::Identity,
        backup::{self, BackupError},
        store::{OpenError, SqliteStore},
    },
    proto::event::Event,
};

/// Where a restore is made, within the data folder.
pub(super) const UNDER_WAY: &str = ".restoring";
/// What the folder is called that keeps what was there before; what follows is the time.
const BEFORE: &str = "before-restore-";
/// The control data goes last: without it there is no server.
const LAST: &str = "worpen.db";
/// What a server and a restore hold a lock on.
const LOCK: &str = "worpen.lock";
/// What stays where it is: the lock, what a file system keeps in its own root, and what a restore is made in.
const STAYS: [&str; 3] = [LOCK, "lost+found", UNDER_WAY];

/// Why nothing was restored.
#[derive(Debug, thiserror::Error)]
pub enum RestoreError {
    /// A server runs on the folder.
    #[error("a server runs on {}; stop it first", folder.display())]
    Running {
        /// The folder.
        folder: PathBuf,
    },
    /// There is something in the folder.
    #[error("{} is not empty", folder.display())]
    NotEmpty {
        /// The folder.
        folder: PathBuf,
    },
    /// The backup cannot be used.
    #[error("the backup was not restored")]
    Backup(#[from] BackupError),
    /// A file or folder cannot be used.
    #[error("cannot use {}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The restored store cannot be opened.
    #[error("the restored store cannot be opened")]
    Open(#[from] OpenError),
    /// The restored store cannot be brought up to date.
    #[error("the restored store cannot be brought up to date")]
    Store(#[source] Error),
}

/// What was restored.
#[derive(Debug)]
pub struct Restored {
    /// What the backup holds.
    pub manifest: Manifest,
    /// The key that the server's agents know.
    pub key: PublicKey,
    /// Where what was there before lies now.
    pub before: Option<PathBuf>,
}

/// How to restore.
#[derive(Clone, Copy, Debug, Default)]
pub struct How {
    /// Whether what is in the folder is put aside; else it has to be empty.
    pub force: bool,
    /// Whether every API key is revoked.
    pub revoke_keys: bool,
}

/// Nobody looks on.
struct Unseen;

impl Observer for Unseen {
    fn committed(&self, _: &[Event]) {}
}

/// Restores a backup into `data`, which is made when it is missing.
///
/// # Errors
/// Says what is in the way. Up to the very end nothing that was there is touched, and what was moved then is moved back.
pub async fn restore(
    from: impl Read + Send + 'static,
    identities: Vec<Identity>,
    data: &Path,
    how: How,
    now: Timestamp,
) -> Result<Restored, RestoreError> {
    private::folder(data).map_err(at(data))?;
    // A folder of somebody else's is left without a trace.
    vacant(data, how)?;
    let _lock = lock(data)?;
    let others = vacant(data, how)?;
    let under_way = data.join(UNDER_WAY);
    if under_way.exists() {
        fs::remove_dir_all(&under_way).map_err(at(&under_way))?;
    }
    private::folder(&under_way).map_err(at(&under_way))?;
    let folder = under_way.clone();
    let unpacked = tokio::task::spawn_blocking(move || backup::unpack(from, &identities, &folder)).await;
    let restored = match unpacked.map_err(|error| io::Error::other(error.to_string())) {
        Err(source) => Err(RestoreError::File { path: under_way.clone(), source }),
        Ok(Err(error)) => Err(error.into()),
        Ok(Ok(unpacked)) => {
            bring_up_to_date(&under_way, &unpacked.manifest, how.revoke_keys, now).await.map(|()| unpacked)
        }
    };
    let unpacked = restored.inspect_err(|_| {
        // The error to tell is the first one; what stays is removed by the next restore.
        let _ = fs::remove_dir_all(&under_way);
    })?;
    let before = take_its_place(data, &under_way, &others, now).inspect_err(|_| {
        // Where this stays, no server starts.
        let _ = fs::remove_dir_all(&under_way);
    })?;
    Ok(Restored { manifest: unpacked.manifest, key: unpacked.key, before })
}

async fn bring_up_to_date(
    folder: &Path,
    manifest: &Manifest,
    revoke: bool,
    now: Timestamp,
) -> Result<(), RestoreError> {
    let origin = Origin::server(now, manifest.server.to_string());
    let store = SqliteStore::open(folder, Arc::new(Unseen))?;
    usecase::leave_room(&store, manifest, now).await.map_err(RestoreError::Store)?;
    // Where the log goes on is read when a store is opened.
    drop(store);
    let store = SqliteStore::open(folder, Arc::new(Unseen))?;
    usecase::restored(&store, &store, manifest, revoke, &origin).await.map_err(RestoreError::Store)
}

/// What is in the data folder, if it may be put aside.
fn vacant(data: &Path, how: How) -> Result<Vec<PathBuf>, RestoreError> {
    let others = entries(data)?;
    if others.is_empty() || how.force {
        return Ok(others);
    }
    Err(RestoreError::NotEmpty { folder: data.to_owned() })
}

/// What is in a folder, without what stays there.
fn entries(folder: &Path) -> Result<Vec<PathBuf>, RestoreError> {
    let entries = fs::read_dir(folder).map_err(at(folder))?;
    let paths = entries.map(|entry| Ok(entry.map_err(at(folder))?.path()));
    paths
        .filter(|path| path.as_ref().map_or(true, |path| !STAYS.iter().any(|name| path.ends_with(name))))
        .collect()
}

/// The lock that a server holds, and one restore at a time.
fn lock(data: &Path) -> Result<File, RestoreError> {
    let path = data.join(LOCK);
    let file = private::touch(&path).map_err(at(&path))?;
    match private::lock(&file) {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(RestoreError::Running { folder: data.to_owned() }),
        Err(TryLockError::Error(source)) => Err(RestoreError::File { path, source }),
    }
}

/// Puts what was there aside, and what was restored in its place. Gives where the former lies now.
fn take_its_place(
    data: &Path,
    under_way: &Path,
    others: &[PathBuf],
    now: Timestamp,
) -> Result<Option<PathBuf>, RestoreError> {
    let others: Vec<&PathBuf> =
        others.iter().filter(|path| !name(path).to_string_lossy().starts_with(BEFORE)).collect();
    let mut restored = entries(under_way)?;
    restored.sort_by_key(|path| path.ends_with(LAST));
    // A folder beside it: the data folder may be a volume of its own, which cannot be renamed.
    let before = data.join(format!("{BEFORE}{}", now.strftime("%Y%m%dT%H%M%SZ")));
    if !others.is_empty() {
        private::folder(&before).map_err(at(&before))?;
    }
    let restored: Vec<&PathBuf> = restored.iter().collect();
    let moved = move_all(&others, &before)
        .and_then(|()| move_all(&restored, data).inspect_err(|_| move_back(&others, &before)));
    moved.inspect_err(|_| {
        // The error to tell is the first one.
        let _ = fs::remove_dir(&before);
    })?;
    // Nothing but the lock of what was made is left in it.
    fs::remove_dir_all(under_way).map_err(at(under_way))?;
    File::open(data).and_then(|folder| folder.sync_all()).map_err(at(data))?;
    Ok((!others.is_empty()).then_some(before))
}

/// Moves files into a folder, all of them or none. Only the heads of the audit log may stay where they are, since a file that can
/// only be added to cannot be moved; they are good for the restored server too.
fn move_all(paths: &[&PathBuf], into: &Path) -> Result<(), RestoreError> {
    for (count, path) in paths.iter().enumerate() {
        match fs::rename(path, into.join(name(path))) {
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied && path.ends_with(HEADS_FILE) => {}
            Err(source) => {
                move_back(&paths[..count], into);
                return Err(at(path)(source));
            }
            Ok(()) => {}
        }
    }
    Ok(())
}

/// Moves files back to where they were. What cannot be moved is where the error that led here says.
fn move_back(paths: &[&PathBuf], from: &Path) {
    for path in paths {
        let _ = fs::rename(from.join(name(path)), path);
    }
}

fn name(path: &Path) -> &OsStr {
    path.file_name().unwrap_or_default()
}

fn at(path: &Path) -> impl FnOnce(io::Error) -> RestoreError {
    move |source| RestoreError::File { path: path.to_owned(), source }
}

#[cfg(test)]
mod tests;
