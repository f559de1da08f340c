//! [`Disk`]: the disk under the data folder, and a ballast file that keeps room for what must go on when it is full.

use std::{
    fs::{self, OpenOptions},
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use rusqlite::ErrorCode;
use rustix::{fs::FallocateFlags, io::Errno};
use tokio::sync::Notify;

use crate::core::room::{Marks, Room};

/// The ballast within the data folder.
const BALLAST: &str = "ballast";
/// Whoever writes looks at the disk no more often.
const PAUSE: Duration = Duration::from_secs(1);
/// An error of a write is taken for lack of room where less is free.
const NOTHING: u64 = 1024 * 1024;

/// Bytes that this process may still write to the file system of a path.
///
/// # Errors
/// As the operating system says.
pub fn free(path: &Path) -> io::Result<u64> {
    let about = rustix::fs::statvfs(path)?;
    Ok(about.f_bavail.saturating_mul(about.f_frsize))
}

/// The disk under a data folder.
#[derive(Debug)]
pub struct Disk {
    folder: PathBuf,
    marks: Marks,
    room: Arc<Room>,
    looked: Mutex<Option<Instant>>,
    changed: Notify,
}

impl Disk {
    /// Looks at the disk and lays the ballast down where there is room for it.
    ///
    /// # Errors
    /// The disk cannot be looked at, or the ballast cannot be made for another reason than lack of room.
    pub fn watch(folder: &Path, marks: Marks) -> io::Result<Arc<Self>> {
        let disk = Self::of(folder, marks);
        disk.look_now()?;
        let ballast = fs::metadata(disk.ballast()).map_or(0, |found| found.len());
        if !disk.room.is_full() && ballast != marks.ballast {
            disk.release();
            let free = free(folder)?;
            disk.settle(Marks::is_full(marks, true, free), free)?;
        }
        Ok(Arc::new(disk))
    }

    /// A disk that nobody looks at, which counts as never full.
    #[must_use]
    pub fn unwatched(folder: &Path) -> Arc<Self> {
        Arc::new(Self::of(folder, Marks { ballast: 0, least: 0 }))
    }

    fn of(folder: &Path, marks: Marks) -> Self {
        Self {
            folder: folder.to_owned(),
            marks,
            room: Arc::new(Room::new(folder.display().to_string())),
            looked: Mutex::new(None),
            changed: Notify::new(),
        }
    }

    /// What is known of it.
    #[must_use]
    pub const fn room(&self) -> &Arc<Room> {
        &self.room
    }

    /// Looks, unless that was done a moment ago.
    pub fn look(&self) {
        if self.marks.least == 0 {
            return;
        }
        {
            let mut looked = self.looked.lock().unwrap_or_else(PoisonError::into_inner);
            if looked.is_some_and(|at| at.elapsed() < PAUSE) {
                return;
            }
            *looked = Some(Instant::now());
        }
        if let Err(error) = self.look_now() {
            tracing::warn!(%error, "the disk under {} cannot be looked at", self.folder.display());
        }
    }

    /// Looks, and does what follows: releases the ballast of a disk that became full, lays it down again once there is
    /// room.
    ///
    /// # Errors
    /// The disk cannot be looked at, or there is room and the ballast cannot be made.
    pub fn look_now(&self) -> io::Result<()> {
        let free = free(&self.folder)?;
        self.settle(self.marks.is_full(self.room.is_full(), free), free)
    }

    /// Whether a write failed for lack of room; if so, the disk is full from now on.
    pub fn refused(&self, error: &rusqlite::Error) -> bool {
        if self.marks.least == 0 {
            return false;
        }
        let code = error.sqlite_error_code();
        let free = free(&self.folder).unwrap_or(u64::MAX);
        let is_room = match code {
            Some(ErrorCode::DiskFull) => true,
            // Some ways of writing say only that it failed.
            Some(ErrorCode::SystemIoFailure | ErrorCode::CannotOpen) => free < NOTHING,
            _ => false,
        };
        if is_room {
            // A full disk needs no ballast to be laid down, which is all that can fail.
            let _ = self.settle(true, free);
        }
        is_room
    }

    /// Waits until it became full or has room again, since the last wait.
    pub async fn changed(&self) {
        self.changed.notified().await;
    }

    fn settle(&self, is_full: bool, free: u64) -> io::Result<()> {
        let was_full = self.room.is_full();
        let mut is_full = is_full;
        if is_full && !was_full {
            tracing::error!(
                free,
                "the disk under {} is full: only what must go on is written",
                self.folder.display()
            );
            self.release();
        }
        if !is_full && (was_full || !self.ballast().exists()) {
            match self.lay_down() {
                Ok(()) => {}
                Err(error) if error.raw_os_error() == Some(Errno::NOSPC.raw_os_error()) => {
                    self.release();
                    is_full = true;
                }
                Err(error) => return Err(error),
            }
        }
        if was_full && !is_full {
            tracing::info!(free, "the disk under {} has room again", self.folder.display());
        }
        self.room.note(is_full, free, self.marks.wanted());
        if is_full != was_full {
            self.changed.notify_one();
        }
        Ok(())
    }

    fn ballast(&self) -> PathBuf {
        self.folder.join(BALLAST)
    }

    fn release(&self) {
        match fs::remove_file(self.ballast()) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => tracing::error!(%error, "the ballast cannot be released"),
        }
    }

    /// Makes the ballast, of real blocks.
    fn lay_down(&self) -> io::Result<()> {
        if self.marks.ballast == 0 {
            return Ok(());
        }
        let mut file =
            OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(self.ballast())?;
        match rustix::fs::fallocate(&file, FallocateFlags::empty(), 0, self.marks.ballast) {
            Err(Errno::OPNOTSUPP) => {
                let block = [0; 64 * 1024];
                let mut left = self.marks.ballast;
                while left > 0 {
                    let some = usize::try_from(left).map_or(block.len(), |left| left.min(block.len()));
                    file.write_all(&block[..some])?;
                    left -= some as u64;
                }
                file.sync_all()
            }
            laid => Ok(laid?),
        }
    }
}
