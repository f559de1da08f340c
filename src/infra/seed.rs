//! Secrets of a server on disk: files that only their owner reads, written whole or not at all.

use std::{
    fs::{self, DirBuilder, File, OpenOptions},
    io::{self, ErrorKind, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::Path,
};

use zeroize::Zeroizing;

/// Makes a folder that only its owner enters, with its parents.
///
/// # Errors
/// As the operating system says.
pub fn private_folder(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)
}

/// Puts bytes in place of a file, mode 0600: a temporary file, synced, renamed, the folder synced.
///
/// # Errors
/// As the operating system says; the old file stands then.
pub fn write_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder =
        path.parent().ok_or_else(|| io::Error::new(ErrorKind::InvalidInput, "the path has no folder"))?;
    let temporary = path.with_extension("new");
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&temporary)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&temporary, path)?;
    File::open(folder)?.sync_all()
}

/// Reads a seed of 32 bytes, or makes one from the operating system's randomness.
///
/// # Errors
/// The file is not 32 bytes long, or as the operating system says.
pub fn read_or_make(path: &Path) -> io::Result<Zeroizing<[u8; 32]>> {
    match fs::read(path).map(Zeroizing::new) {
        Ok(bytes) => bytes.as_slice().try_into().map(Zeroizing::new).map_err(|_| {
            let text = format!("expected 32 bytes, found {}; restore it from a backup", bytes.len());
            io::Error::new(ErrorKind::InvalidData, text)
        }),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let mut seed = Zeroizing::new([0; 32]);
            getrandom::fill(seed.as_mut()).map_err(|error| io::Error::other(error.to_string()))?;
            write_private(path, seed.as_ref())?;
            Ok(seed)
        }
        Err(error) => Err(error),
    }
}
