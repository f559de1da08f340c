//! `worpen backup verify`: whether a backup could be restored.

use std::{path::PathBuf, time::Instant};

use super::{
    super::{error::CliError, exit::ExitStatus, session::Session},
    described,
    file::{identities, open, used},
};
use crate::{config::private, infra::backup};

const EXAMPLES: &str = "\
Examples:
  worpen backup verify worpen.backup --identity backup.key";

/// Arguments of `worpen backup verify`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// The backup; - for standard input.
    file: PathBuf,
    /// File of the secret key that it is encrypted for.
    #[arg(long, value_name = "FILE")]
    identity: Option<PathBuf>,
    /// Folder to unpack it in for the check; the system's for temporary files unless told.
    #[arg(long, value_name = "DIR")]
    scratch: Option<PathBuf>,
}

pub(crate) async fn run(args: Args, session: &Session) -> Result<ExitStatus, CliError> {
    let from = open(&args.file)?;
    let identities = identities(args.identity.as_deref(), &session.printer)?;
    let parent = args.scratch.unwrap_or_else(std::env::temp_dir);
    let scratch =
        Scratch(parent.join(format!("worpen-verify-{}-{}", std::process::id(), session.now.as_nanosecond())));
    private::folder(&scratch.0).map_err(|source| used(&scratch.0, source))?;
    let began = Instant::now();
    let folder = scratch.0.clone();
    let unpacked = tokio::task::spawn_blocking(move || backup::unpack(from, &identities, &folder)).await;
    let unpacked = unpacked.map_err(|error| CliError::new(ExitStatus::Failed, error))??;
    let manifest = &unpacked.manifest;
    session.record(manifest, &manifest.server.to_string(), || {
        format!(
            "{}\nsigned by {}\nwhole, in {:.1} s",
            described(manifest),
            unpacked.key.fingerprint_text(),
            began.elapsed().as_secs_f64()
        )
    })?;
    Ok(ExitStatus::Done)
}

/// A folder that goes when this does.
struct Scratch(PathBuf);

impl Drop for Scratch {
    fn drop(&mut self) {
        // It is the system's folder for what may go.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
