//! `worpen backup key`: a pair of keys.

use std::path::PathBuf;

use serde_json::json;

use super::{
    super::{error::CliError, exit::ExitStatus, session::Session},
    file::used,
};
use crate::{config::private, infra::age::Identity};

const EXAMPLES: &str = "\
Examples:
  worpen backup key backup.key     keep this file away from the server, and a copy of it

The public key goes into the server's settings:
  [backup]
  recipients = [\"age1...\"]";

/// Arguments of `worpen backup key`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// File to write the secret key to; it must not be there.
    file: PathBuf,
}

pub(crate) fn run(args: &Args, session: &Session) -> Result<ExitStatus, CliError> {
    let path = &args.file;
    if path.exists() {
        let words = format!("{} is there already", path.display());
        return Err(CliError::new(ExitStatus::Conflict, words).hint("name another file"));
    }
    let identity =
        Identity::generate().map_err(|error| CliError::new(ExitStatus::Failed, error.to_string()))?;
    let recipient = identity.recipient().to_string();
    let text = zeroize::Zeroizing::new(format!("# public key: {recipient}\n{}\n", *identity.expose()));
    private::replace(path, text.as_bytes()).map_err(|source| used(path, source))?;
    session.record(&json!({ "recipient": recipient }), &recipient, || recipient.clone())?;
    session.printer.note(&format!(
        "the secret key is in {}: whoever has it opens the backups, and without it nobody does",
        path.display()
    ));
    Ok(ExitStatus::Done)
}
