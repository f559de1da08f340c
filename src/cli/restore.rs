//! `worpen restore`: a server's data folder made of a backup.

use std::{path::PathBuf, time::Instant};

use serde_json::json;

use super::{
    backup::{identities, open},
    error::CliError,
    exit::ExitStatus,
    session::Session,
};
use crate::server::{How, RestoreError, restore};

const EXAMPLES: &str = "\
Examples:
  worpen restore worpen.backup --identity backup.key --data /var/lib/worpen

Run it as the server's user while the server is stopped. Agents come back by themselves. What
happened since the backup is lost: keys and users that were revoked since hold again, so revoke
them again or use --revoke-keys. Signed-in users sign in again, open invitations are void.";

/// Arguments of `worpen restore`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// The backup; - for standard input.
    file: PathBuf,
    /// Data folder of the server to be.
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    /// File of the secret key that the backup is encrypted for.
    #[arg(long, value_name = "FILE")]
    identity: Option<PathBuf>,
    /// Put aside what is in the folder.
    #[arg(long)]
    force: bool,
    /// Revoke every API key.
    #[arg(long)]
    revoke_keys: bool,
}

pub(crate) async fn run(args: Args, session: &Session) -> Result<ExitStatus, CliError> {
    let Args { file, data, identity, force, revoke_keys } = args;
    let began = Instant::now();
    let from = open(&file)?;
    let identities = identities(identity.as_deref(), &session.printer)?;
    let how = How { force, revoke_keys };
    let restored = restore(from, identities, &data, how, session.now).await.map_err(refused)?;
    let (manifest, took) = (&restored.manifest, began.elapsed());
    let lost = manifest.taken_at.duration_until(session.now).as_secs();
    let report = json!({ "server": manifest.server, "key": restored.key.fingerprint_text(), "data": data,
        "taken_at": manifest.taken_at, "lost_s": lost, "took_s": took.as_secs_f64(), "sequence": manifest.sequence,
        "audit": manifest.audit, "before": restored.before });
    session.record(&report, &manifest.server.to_string(), || {
        format!(
            "restored server {} into {} in {:.1} s\nas it was at {}: what happened in the {lost} s since is lost\n\
             audit entry {}: {}",
            manifest.server,
            data.display(),
            took.as_secs_f64(),
            manifest.taken_at,
            manifest.audit.number,
            manifest.audit.hash,
        )
    })?;
    if let Some(before) = restored.before {
        session.printer.note(&format!("what was there is in {}", before.display()));
    }
    if !revoke_keys {
        session
            .printer
            .note("keys that were revoked since the backup hold again: look at 'worpen tokens ls'");
    }
    Ok(ExitStatus::Done)
}

fn refused(error: RestoreError) -> CliError {
    let (status, hint) = match &error {
        RestoreError::Running { .. } => (ExitStatus::Conflict, None),
        RestoreError::NotEmpty { .. } => {
            (ExitStatus::Conflict, Some("name an empty folder, or put aside what is there with --force"))
        }
        _ => (ExitStatus::Failed, None),
    };
    let error = CliError::new(status, error);
    match hint {
        Some(hint) => error.hint(hint),
        None => error,
    }
}
