//! [`RotatingFile`]: a file that is put aside before it grows beyond its size.

use std::{
    ffi::OsString,
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

/// Appends to `FILE`; what is full becomes `FILE.1`, that `FILE.2`, and the oldest goes.
///
/// Each write is one line and stays in one file. A line longer than the size gets a file to itself.
#[derive(Debug)]
pub(super) struct RotatingFile {
    path: PathBuf,
    file: File,
    written: u64,
    max_bytes: u64,
    max_files: u32,
}

impl RotatingFile {
    /// Opens the file, or makes it with mode 0640; `max_files` counts it too.
    ///
    /// The file is this writer's alone: two that put one file aside would lose each other's lines.
    pub(super) fn open(path: &Path, max_bytes: u64, max_files: u32) -> io::Result<Self> {
        let file = append(path)?;
        file.try_lock().map_err(|error| match error {
            TryLockError::WouldBlock => io::Error::other("another process writes its log there"),
            TryLockError::Error(error) => error,
        })?;
        let written = file.metadata()?.len();
        Ok(Self { path: path.to_owned(), file, written, max_bytes, max_files })
    }

    fn rotate(&mut self) -> io::Result<()> {
        for age in (1..self.max_files).rev() {
            match fs::rename(self.aged(age - 1), self.aged(age)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        if self.max_files == 1 {
            self.file.set_len(0)?;
        } else {
            let file = append(&self.path)?;
            file.try_lock()?;
            self.file = file;
        }
        self.written = 0;
        Ok(())
    }

    /// The file that was put aside `age` times.
    fn aged(&self, age: u32) -> PathBuf {
        if age == 0 {
            return self.path.clone();
        }
        let mut name = OsString::from(&self.path);
        name.push(format!(".{age}"));
        name.into()
    }
}

impl Write for RotatingFile {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        if self.written > 0 && self.written + line.len() as u64 > self.max_bytes {
            // A line in a file that is too large is better than a line lost; the next one tries again.
            let _ = self.rotate();
        }
        self.file.write_all(line)?;
        self.written += line.len() as u64;
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

fn append(path: &Path) -> io::Result<File> {
    OpenOptions::new().append(true).create(true).mode(0o640).open(path)
}

#[cfg(test)]
mod tests;
