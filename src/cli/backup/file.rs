//! Files that backups are read from and written to.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use super::super::{error::CliError, exit::ExitStatus, printer::Printer};
use crate::{config::private, infra::age::Identity};

/// Opens a backup; `-` is standard input.
pub(crate) fn open(path: &Path) -> Result<Box<dyn Read + Send>, CliError> {
    if path == Path::new("-") {
        return Ok(Box::new(io::stdin()));
    }
    Ok(Box::new(File::open(path).map_err(|source| used(path, source))?))
}

/// Reads the secret keys of a file.
pub(crate) fn identities(path: Option<&Path>, printer: &Printer) -> Result<Vec<Identity>, CliError> {
    let Some(path) = path else { return Ok(Vec::new()) };
    if let Some(warning) = private::readable_by_others(path, "a secret key") {
        printer.warning(&warning);
    }
    let text = zeroize::Zeroizing::new(fs::read_to_string(path).map_err(|source| used(path, source))?);
    Identity::read_all(&text).map_err(|why| {
        CliError::new(ExitStatus::Usage, format!("{} holds no secret key: {why}", path.display()))
    })
}

/// A file of one owner that has its name once it is whole.
pub(super) struct Draft {
    file: File,
    part: PathBuf,
    path: PathBuf,
}

impl Draft {
    pub(super) fn new(path: &Path) -> Result<Self, CliError> {
        if path.exists() {
            let words = format!("{} is there already", path.display());
            return Err(CliError::new(ExitStatus::Conflict, words).hint("name another file"));
        }
        let mut part = path.as_os_str().to_owned();
        part.push(".part");
        let part = PathBuf::from(part);
        let file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&part);
        Ok(Self { file: file.map_err(|source| used(&part, source))?, part, path: path.to_owned() })
    }

    /// Syncs it and gives it its name.
    pub(super) fn keep(self) -> Result<(), CliError> {
        let kept = self.file.sync_all().and_then(|()| fs::rename(&self.part, &self.path));
        kept.map_err(|source| used(&self.path, source))
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        // It has another name once it was kept.
        let _ = fs::remove_file(&self.part);
    }
}

impl Write for Draft {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// A file that cannot be used, and why.
pub(super) fn used(path: &Path, source: io::Error) -> CliError {
    CliError::new(ExitStatus::Failed, Unused { path: path.to_owned(), source })
}

#[derive(Debug, thiserror::Error)]
#[error("cannot use {}", path.display())]
struct Unused {
    path: PathBuf,
    source: io::Error,
}
