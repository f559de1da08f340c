//! A backup taken apart again, and held against what its manifest says.

use std::{
    fs::File,
    io::{self, BufRead, BufReader, Read},
    path::{Path, PathBuf},
};

use super::{BackupError, DATABASES, Hashed, age, at, new_private};
use crate::{
    config::private,
    core::{
        backup::{KEY_FILE, MANIFEST_FILE, MANIFEST_TYPE, MAX_MANIFEST_BYTES, Manifest},
        envelope,
        signing::{PublicKey, SigningKey},
    },
    infra::{seed, store},
    proto::envelope::Envelope,
};

/// The first bytes of zstd (RFC 8878, section 3.1.1).
const ZSTD: [u8; 4] = [0x28, 0xB5, 0x2F, 0xFD];

/// A backup whose files lie in a folder and are what the manifest says.
#[derive(Debug)]
pub struct Unpacked {
    /// What it holds.
    pub manifest: Manifest,
    /// The key that signed it, and that the server's agents know.
    pub key: PublicKey,
}

/// Unpacks a backup into a folder that is private and empty, and checks it: the manifest's signature, each file's checksum,
/// every page of the databases, the audit log's chain.
///
/// # Errors
/// It is damaged, altered, encrypted for another key, or of a newer form; or the folder cannot be written.
pub fn unpack(from: impl Read, identities: &[age::Identity], folder: &Path) -> Result<Unpacked, BackupError> {
    let mut from = BufReader::with_capacity(128 * 1024, from);
    let begin = from.fill_buf().map_err(BackupError::Read)?;
    if begin.starts_with(age::MAGIC.as_bytes()) {
        if identities.is_empty() {
            let words = "it is encrypted; name the file of the secret key: --identity FILE";
            return Err(BackupError::Unusable(words.into()));
        }
        let plain = age::Decryptor::new(identities, from).map_err(unreadable)?;
        let mut plain = BufReader::with_capacity(128 * 1024, plain);
        let unpacked = files(&mut plain, folder)?;
        // Only the end says that nothing was cut off.
        io::copy(&mut plain, &mut io::sink()).map_err(unreadable)?;
        return Ok(unpacked);
    }
    if begin.starts_with(&ZSTD) {
        return files(&mut from, folder);
    }
    Err(BackupError::Unusable("it begins like neither form of a backup".into()))
}

/// What its bytes make of it is the backup's own fault.
fn unreadable(error: io::Error) -> BackupError {
    match error.kind() {
        io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof => BackupError::Unusable(error.to_string()),
        _ => BackupError::Read(error),
    }
}

fn files(from: impl BufRead, folder: &Path) -> Result<Unpacked, BackupError> {
    let unusable = |words: &str| BackupError::Unusable(words.to_owned());
    let mut archive = tar::Archive::new(zstd::Decoder::with_buffer(from).map_err(unreadable)?);
    let mut entries = archive.entries().map_err(unreadable)?;
    let mut next = || -> Result<Option<(String, tar::Entry<'_, _>)>, BackupError> {
        let Some(entry) = entries.next() else { return Ok(None) };
        let entry = entry.map_err(unreadable)?;
        let name = entry.path().map_err(unreadable)?.to_string_lossy().into_owned();
        Ok(Some((name, entry)))
    };
    let first = next()?.filter(|(name, _)| name == MANIFEST_FILE);
    let (_, entry) = first.ok_or_else(|| unusable("its manifest is not the first file"))?;
    let mut text = Vec::new();
    entry.take(MAX_MANIFEST_BYTES).read_to_end(&mut text).map_err(unreadable)?;
    let envelope: Envelope =
        serde_json::from_slice(&text).map_err(|_| unusable("its manifest is damaged"))?;
    let manifest = unproven(&envelope).ok_or_else(|| unusable("its manifest is damaged"))?;
    manifest.check().map_err(BackupError::Unusable)?;
    for file in &manifest.files {
        let found = next()?.filter(|(name, _)| *name == file.name);
        let (_, entry) = found.ok_or_else(|| unusable(&format!("its file {} is missing", file.name)))?;
        let path = place(folder, &file.name)?;
        let mut out = Hashed::new(new_private(&path).map_err(at(&path))?);
        // One byte more than there must be shows that there are more.
        let bytes = io::copy(&mut entry.take(file.bytes + 1), &mut out).map_err(unreadable)?;
        out.out.sync_all().map_err(at(&path))?;
        if bytes != file.bytes || out.hex() != file.sha256 {
            return Err(unusable(&format!("its file {} is not what the manifest says", file.name)));
        }
    }
    if next()?.is_some() {
        return Err(unusable("it holds files that its manifest does not name"));
    }
    let key = seed::read(&folder.join(KEY_FILE)).map_err(at(&folder.join(KEY_FILE)))?;
    let key = SigningKey::from_seed(&key).public();
    envelope::open::<Manifest>(&[key], MANIFEST_TYPE, &envelope).map_err(|why| {
        BackupError::Unusable(format!("its manifest was not signed with its own key: {why}"))
    })?;
    check_stores(folder, &manifest)?;
    Ok(Unpacked { manifest, key })
}

/// What an envelope says before its signature is looked at: the key for that is in the files that it names.
fn unproven(envelope: &Envelope) -> Option<Manifest> {
    use base64::{Engine, engine::general_purpose::STANDARD};
    serde_json::from_slice(&STANDARD.decode(&envelope.payload).ok()?).ok()
}

fn place(folder: &Path, name: &str) -> Result<PathBuf, BackupError> {
    let path = folder.join(name);
    if let Some(parent) = path.parent() {
        private::folder(parent).map_err(at(parent))?;
    }
    Ok(path)
}

fn check_stores(folder: &Path, manifest: &Manifest) -> Result<(), BackupError> {
    for name in DATABASES {
        let path = folder.join(format!("{name}.db"));
        if path.exists() {
            store::check(&path)?;
        }
    }
    let holding = store::holding(&folder.join("worpen.db"))?;
    let said = (manifest.server, manifest.sequence, &manifest.audit);
    if (holding.server, holding.sequence, &holding.audit) != said {
        return Err(BackupError::Unusable("its database ends elsewhere than its manifest says".into()));
    }
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(at(folder))
}
