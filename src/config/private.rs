//! Files and folders of one owner: keys, tokens and data that no other user may read.

use std::{
    fs::{self, DirBuilder, File, OpenOptions},
    io::{self, Write},
    os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt},
    path::Path,
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

/// A sentence for whoever lets others read a file that `holds` something secret; `None` when nobody else can.
#[must_use]
pub fn readable_by_others(path: &Path, holds: &str) -> Option<String> {
    let mode = fs::metadata(path).ok()?.mode() & 0o777;
    (mode & 0o077 != 0).then(|| {
        let path = path.display();
        format!("{path} holds {holds} and others can read it (mode {mode:04o}); run: chmod 600 {path}")
    })
}
