//! Files and folders of one owner: keys, tokens and data that no other user may read.

use std::{
    fs::{self, DirBuilder, File, Metadata, OpenOptions, TryLockError},
    io::{self, Write},
    os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt},
    path::Path,
    thread,
    time::{Duration, Instant},
};

/// Makes a folder, and its parents, that only its owner enters. One that is there stays as it is: it may be shared on
/// purpose, and the files within are private by themselves.
///
/// # Errors
/// As the operating system says.
pub fn folder(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)
}

/// Replaces a file's content, mode 0600, so that a crash leaves the old content or the new and never half of either:
/// a temporary file is synced, takes the name, and the folder is synced.
///
/// # Errors
/// As the operating system says; the old content stands then.
pub fn replace(path: &Path, content: &[u8]) -> io::Result<()> {
    // Beside the file, since a rename is only atomic within a file system.
    let temporary = path.with_extension(format!("{}.new", std::process::id()));
    let written = write_synced(&temporary, content).and_then(|()| fs::rename(&temporary, path));
    if let Err(error) = written {
        // The error to tell is the first one.
        let _ = fs::remove_file(&temporary);
        return Err(error);
    }
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    File::open(parent.unwrap_or(Path::new(".")))?.sync_all()
}

fn write_synced(path: &Path, content: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)?;
    file.write_all(content)?;
    file.sync_all()
}

/// Opens a file, or makes an empty one with mode 0600.
///
/// # Errors
/// As the operating system says.
pub fn touch(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(path)
}

/// How long whoever held a lock may take to let go of it.
const LEAVING: Duration = Duration::from_secs(1);

/// Locks a file for this process alone, for as long as the file is open.
///
/// Waits a moment for a holder that is just ending: a killed process keeps its locks until its memory is freed, and a
/// child that it was starting shares them until that has become its program.
///
/// # Errors
/// [`TryLockError::WouldBlock`] when another process keeps it; otherwise as the operating system says.
pub fn lock(file: &File) -> Result<(), TryLockError> {
    let waiting = Instant::now();
    loop {
        match file.try_lock() {
            Err(TryLockError::WouldBlock) if waiting.elapsed() < LEAVING => {
                thread::sleep(Duration::from_millis(10));
            }
            outcome => return outcome,
        }
    }
}

/// Whether a file or folder can be changed by nobody but root and the user of this process.
///
/// # Errors
/// Says who can, and the cure.
pub fn guarded(path: &Path, about: &Metadata) -> Result<(), String> {
    let (path, mode) = (path.display(), about.mode() & 0o7777);
    let user = rustix::process::geteuid().as_raw();
    if about.uid() != 0 && about.uid() != user {
        return Err(format!(
            "user {} owns {path} and could change it; run: chown {user} {path}",
            about.uid()
        ));
    }
    if mode & 0o022 != 0 {
        return Err(format!("others can change {path} (mode {mode:04o}); run: chmod go-w {path}"));
    }
    Ok(())
}

/// A sentence for whoever lets others read a file that `holds` something secret; `None` when nobody else can.
#[must_use]
pub fn readable_by_others(path: &Path, holds: &str) -> Option<String> {
    let mode = fs::metadata(path).ok()?.mode() & 0o777;
    (mode & 0o077 != 0).then(|| {
        let path = path.display();
        format!("{path} holds {holds} and others can read it (mode {mode:04o}); run: chmod 600 {path}")
    })
}
