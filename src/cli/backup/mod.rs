//! `worpen backup`: copies of everything that a server keeps.

mod create;
mod file;
mod key;
mod verify;

use clap::Subcommand;

pub(super) use self::file::{identities, open};
use super::{error::CliError, exit::ExitStatus, session::Session};
use crate::{core::backup::Manifest, infra::backup::BackupError};

/// Verbs of `worpen backup`.
#[derive(Debug, Subcommand)]
pub(crate) enum Backup {
    /// Take a backup of a server while it runs.
    Create(create::Args),
    /// Check a backup: every byte, every page, the audit log's chain.
    Verify(verify::Args),
    /// Make a pair of keys that backups are encrypted for and opened with.
    Key(key::Args),
}

pub(crate) async fn run(verb: Backup, session: &Session) -> Result<ExitStatus, CliError> {
    match verb {
        Backup::Create(args) => create::run(args, session).await,
        Backup::Verify(args) => verify::run(args, session).await,
        Backup::Key(args) => key::run(&args, session),
    }
}

/// What a backup is, in a sentence.
pub(super) fn described(manifest: &Manifest) -> String {
    let bytes: u64 = manifest.files.iter().map(|file| file.bytes).sum();
    format!(
        "server {} as it was at {}: {} files, {bytes} bytes, event {}, audit entry {} ({})",
        manifest.server,
        manifest.taken_at,
        manifest.files.len(),
        manifest.sequence,
        manifest.audit.number,
        manifest.audit.hash,
    )
}

impl From<BackupError> for CliError {
    fn from(error: BackupError) -> Self {
        Self::new(ExitStatus::Failed, error)
    }
}
