//! Backups: what one holds and how that is proven.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::id::ServerId;

/// The type under which a manifest is signed.
pub const MANIFEST_TYPE: &str = "application/vnd.worpen.backup+json";
/// The manifest's name within a backup; it comes first.
pub const MANIFEST_FILE: &str = "manifest.json";
/// The key that a manifest is signed with, within a backup and in the data folder.
pub const KEY_FILE: &str = "command.key";
/// The form of backups that this version writes and reads.
pub const FORM: u32 = 1;
/// The most bytes of a manifest.
pub const MAX_MANIFEST_BYTES: u64 = 1024 * 1024;

/// What a backup holds, in the order in which it follows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// The form of the backup.
    pub form: u32,
    /// The version of the program that wrote it.
    pub version: String,
    /// The server that it is of.
    pub server: ServerId,
    /// When the copy of the control data was made: what happened later is not in it.
    pub taken_at: Timestamp,
    /// The sequence of the last event in it.
    pub sequence: u64,
    /// The audit log's last entry in it.
    pub audit: AuditHead,
    /// The files, each with its checksum.
    pub files: Vec<HeldFile>,
}

/// Where an audit log ends.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditHead {
    /// The number of the last entry; 0 when there is none.
    pub number: u64,
    /// Its hash, lower-case hexadecimal.
    pub hash: String,
}

/// A file of a backup.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeldFile {
    /// Its path within the data folder.
    pub name: String,
    /// Its size.
    pub bytes: u64,
    /// SHA-256 of its content, lower-case hexadecimal.
    pub sha256: String,
}

/// What a backup holds besides the control data and the keys.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Besides {
    /// What executions printed.
    pub output: bool,
    /// What the nodes measured.
    pub telemetry: bool,
}

impl Manifest {
    /// What keeps this version from reading the backup.
    ///
    /// # Errors
    /// Says what, and the cure.
    pub fn check(&self) -> Result<(), String> {
        if self.form != FORM {
            return Err(format!(
                "it has form {} and this worpen reads {FORM}; use version {} or a newer one",
                self.form, self.version
            ));
        }
        if let Some(file) = self.files.iter().find(|file| !is_held(&file.name)) {
            return Err(format!("it names a file '{}' that no backup holds", file.name));
        }
        Ok(())
    }
}

/// Whether a path within the data folder may be part of a backup: a plain name, or one in one folder.
#[must_use]
pub fn is_held(name: &str) -> bool {
    let plain = |part: &str| {
        !part.is_empty()
            && !part.starts_with('.')
            && part.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_'))
    };
    name != MANIFEST_FILE && name.split('/').count() <= 2 && name.split('/').all(plain)
}

/// How far above the restored log the next event stands, so that no sequence is given to two events: nobody knows how many
/// the lost server gave out since, and no server writes so many in that time.
#[must_use]
pub fn leap(taken_at: Timestamp, now: Timestamp) -> u64 {
    const LEAST: u64 = 1_000_000;
    const EACH_SECOND: u64 = 100_000;
    let seconds = u64::try_from(taken_at.duration_until(now).as_secs()).unwrap_or(0);
    LEAST + seconds.saturating_mul(EACH_SECOND)
}

#[cfg(test)]
mod tests;
