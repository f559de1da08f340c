//! Backups: a tar of the data folder's files, compressed (zstd), encrypted (`age`). Standard tools open one too:
//! `age -d -i key FILE | tar --zstd -x`.
//!
//! A [`Snapshot`] is whole and checked before a byte of it is written anywhere. Its manifest is signed with the key that
//! signs commands, which is in it: whoever cannot open a backup of this server cannot make one either.

mod keeper;
mod unpacked;

use std::{
    fs::{self, File, OpenOptions},
    io::{self, BufReader, Read, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use jiff::Timestamp;
use sha2::{Digest, Sha256};

pub use self::{
    keeper::Keeper,
    unpacked::{Unpacked, unpack},
};
use super::{
    age,
    store::{self, OpenError},
};
use crate::{
    config::{private, recipient::Recipient},
    core::{
        backup::{Besides, FORM, HeldFile, KEY_FILE, MANIFEST_FILE, MANIFEST_TYPE, Manifest},
        digest::hex,
        envelope::seal,
        signing::SigningKey,
    },
    infra::seed,
};

/// The databases that may be in a backup, without their ending; the first one always is.
pub const DATABASES: [&str; 3] = ["worpen", "output", "telemetry"];
/// Private files of the data folder by their ending, and by their whole name. The key of tokens is left out: a restored
/// server makes a new one, so that nobody stays signed in whose session was ended since.
const ENDINGS: [&str; 3] = ["key", "pem", "crt"];
const NAMES: [&str; 1] = ["admin-password"];
const LEFT_OUT: [&str; 1] = ["token.key"];
/// Folders of the data folder whose private files belong to it.
const FOLDERS: [&str; 1] = ["ca"];
/// What the folders of copies in the making are called; what follows tells them apart.
const COPIES: &str = ".backup-";
/// The file in such a folder that is locked for as long as somebody is at it. Who that is says no number of a process, since a
/// server and a terminal may be in containers of their own.
const HELD: &str = "held";
/// How often a folder is made that another backup takes for one that was left.
const ATTEMPTS: usize = 3;
/// Levels above cost much time and save little.
const COMPRESSION: i32 = 3;

/// Why a backup was not made or not read.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// A file cannot be read or written.
    #[error("cannot use {}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A database cannot be copied, or its copy is damaged.
    #[error(transparent)]
    Store(#[from] OpenError),
    /// There is no room for the copies.
    #[error("the copies need {needed} bytes in {} and {free} are free", path.display())]
    Room {
        /// The folder.
        path: PathBuf,
        /// Bytes that they need.
        needed: u64,
        /// Bytes that are free.
        free: u64,
    },
    /// It cannot be read as a backup.
    #[error("it is no backup that can be used: {0}")]
    Unusable(String),
    /// It cannot be read at all.
    #[error("it cannot be read")]
    Read(#[source] io::Error),
}

/// Checked copies of a data folder's files, which go when this does.
#[derive(Debug)]
pub struct Snapshot {
    folder: Folder,
    manifest: Manifest,
    signed: Vec<u8>,
    taken_at: Timestamp,
}

/// A private folder that is removed with this value, and by nobody else before.
#[derive(Debug)]
struct Folder {
    path: PathBuf,
    _held: File,
}

impl Folder {
    fn make(path: PathBuf) -> Result<Self, BackupError> {
        let held = path.join(HELD);
        for _ in 0..ATTEMPTS {
            private::folder(&path).map_err(at(&path))?;
            match private::touch(&held) {
                // Until it is locked, it looks like one that was left.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                touched => {
                    let file = touched.map_err(at(&held))?;
                    if file.try_lock().is_ok() && held.exists() {
                        return Ok(Self { path, _held: file });
                    }
                }
            }
        }
        Err(at(&held)(io::ErrorKind::WouldBlock.into()))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What stays is removed by the next backup.
        let _ = fs::remove_dir_all(&self.path);
    }
}

impl Snapshot {
    /// Copies what a running or stopped server keeps in `data`, and checks the copies: every page, and the audit log's
    /// chain. A writer is not held up.
    ///
    /// # Errors
    /// Says which file cannot be copied, or is damaged, or that there is no room.
    pub fn take(data: &Path, besides: Besides, now: Timestamp) -> Result<Self, BackupError> {
        let key_path = data.join(KEY_FILE);
        let key = seed::read(&key_path).map_err(at(&key_path))?;
        let key = SigningKey::from_seed(&key);
        let mut databases = vec![DATABASES[0]];
        databases.extend(besides.output.then_some(DATABASES[1]));
        databases.extend(besides.telemetry.then_some(DATABASES[2]));
        remove_left_copies(data);
        room_for(data, &databases)?;
        let folder =
            Folder::make(data.join(format!("{COPIES}{}-{}", std::process::id(), now.as_nanosecond())))?;
        let mut files = Vec::new();
        // The control data first: what it says of output and telemetry is in their later copies then.
        for name in databases {
            let (name, from) = (format!("{name}.db"), data.join(format!("{name}.db")));
            if !from.exists() && name != "worpen.db" {
                continue;
            }
            let to = folder.path.join(&name);
            store::copy(&from, &to)?;
            store::check(&to)?;
            files.push(measured(&folder.path, name)?);
        }
        let holding = store::holding(&folder.path.join("worpen.db"))?;
        for name in private_files(data)? {
            copy_private(data, &folder.path, &name)?;
            files.push(measured(&folder.path, name)?);
        }
        let manifest = Manifest {
            form: FORM,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            server: holding.server,
            taken_at: now,
            sequence: holding.sequence,
            audit: holding.audit,
            files,
        };
        let signed = serde_json::to_vec(&seal(&key, MANIFEST_TYPE, &manifest)).map_err(io::Error::from);
        let signed = signed.map_err(at(data))?;
        Ok(Self { folder, manifest, signed, taken_at: now })
    }

    /// What it holds.
    #[must_use]
    pub const fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// Writes it, encrypted for some recipients; for nobody in particular when there are none.
    ///
    /// # Errors
    /// As the writer or the copies' disk says.
    pub fn write<W: Write>(&self, recipients: &[Recipient], out: W) -> io::Result<()> {
        if recipients.is_empty() {
            return self.archive(out)?.flush();
        }
        let encryptor = age::Encryptor::new(recipients, out)?;
        self.archive(encryptor)?.finish()?.flush()
    }

    fn archive<W: Write>(&self, out: W) -> io::Result<W> {
        let mut archive = tar::Builder::new(zstd::Encoder::new(out, COMPRESSION)?);
        let header = |name: &str, bytes: u64| -> io::Result<tar::Header> {
            let mut header = tar::Header::new_gnu();
            header.set_path(name)?;
            header.set_size(bytes);
            header.set_mode(0o600);
            header.set_mtime(u64::try_from(self.taken_at.as_second()).unwrap_or(0));
            header.set_cksum();
            Ok(header)
        };
        archive.append(&header(MANIFEST_FILE, self.signed.len() as u64)?, self.signed.as_slice())?;
        for file in &self.manifest.files {
            let content = File::open(self.folder.path.join(&file.name))?.take(file.bytes);
            archive.append(&header(&file.name, file.bytes)?, BufReader::new(content))?;
        }
        archive.into_inner()?.finish()
    }
}

/// Names what an input or output error is about.
fn at(path: &Path) -> impl FnOnce(io::Error) -> BackupError {
    move |source| BackupError::File { path: path.to_owned(), source }
}

/// Removes copies that nobody is at any more.
fn remove_left_copies(data: &Path) {
    for entry in fs::read_dir(data).into_iter().flatten().flatten() {
        if !entry.file_name().to_string_lossy().starts_with(COPIES) {
            continue;
        }
        let Ok(held) = private::touch(&entry.path().join(HELD)) else { continue };
        if held.try_lock().is_ok() {
            // Where it stays, the next one tries again.
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

/// Refuses to begin where the copies would fill the disk.
fn room_for(data: &Path, databases: &[&str]) -> Result<(), BackupError> {
    let bytes = |name: &str| fs::metadata(data.join(format!("{name}.db"))).map_or(0, |found| found.len());
    let needed: u64 = databases.iter().map(|name| bytes(name)).sum::<u64>() / 10 * 11;
    let free = super::disk::free(data).map_err(at(data))?;
    if free < needed {
        return Err(BackupError::Room { path: data.to_owned(), needed, free });
    }
    Ok(())
}

/// The names of keys, certificates and the first password in a data folder, in order.
fn private_files(data: &Path) -> Result<Vec<String>, BackupError> {
    let mut names = Vec::new();
    for folder in std::iter::once("").chain(FOLDERS) {
        let path = data.join(folder);
        let entries = match fs::read_dir(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            entries => entries.map_err(at(&path))?,
        };
        for entry in entries {
            let entry = entry.map_err(at(&path))?;
            let name = entry.file_name().to_string_lossy().into_owned();
            let ending = Path::new(&name).extension().and_then(|ending| ending.to_str());
            let wanted = NAMES.contains(&name.as_str())
                || (ending.is_some_and(|ending| ENDINGS.contains(&ending))
                    && !LEFT_OUT.contains(&name.as_str()));
            if wanted && entry.file_type().is_ok_and(|kind| kind.is_file()) {
                names.push(if folder.is_empty() { name } else { format!("{folder}/{name}") });
            }
        }
    }
    names.sort();
    Ok(names)
}

fn copy_private(data: &Path, folder: &Path, name: &str) -> Result<(), BackupError> {
    let (from, to) = (data.join(name), folder.join(name));
    if let Some(parent) = to.parent() {
        private::folder(parent).map_err(at(parent))?;
    }
    let mut source = File::open(&from).map_err(at(&from))?;
    let mut target = new_private(&to).map_err(at(&to))?;
    io::copy(&mut source, &mut target).map(drop).map_err(at(&to))
}

/// Makes a file that only its owner reads.
fn new_private(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)
}

/// A copy as the manifest lists it.
fn measured(folder: &Path, name: String) -> Result<HeldFile, BackupError> {
    let path = folder.join(&name);
    let mut hashed = Hashed::new(io::sink());
    let read = File::open(&path).and_then(|mut file| io::copy(&mut file, &mut hashed));
    let bytes = read.map_err(at(&path))?;
    Ok(HeldFile { name, bytes, sha256: hashed.hex() })
}

/// Hashes what is written through it.
struct Hashed<W> {
    out: W,
    hash: Sha256,
}

impl<W: Write> Hashed<W> {
    fn new(out: W) -> Self {
        Self { out, hash: Sha256::new() }
    }

    fn hex(self) -> String {
        hex(&self.hash.finalize())
    }
}

impl<W: Write> Write for Hashed<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.out.write(bytes)?;
        self.hash.update(&bytes[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

#[cfg(test)]
mod tests;
