//! `worpen tokens rotate`: gives an API key another secret.

use super::{
    super::{error::CliError, exit::ExitStatus, measure, session::Session},
    revoke::find,
    signed_in, tell,
};
use crate::proto::auth::{RotateKey, RotateKeyRequest};

const EXAMPLES: &str = "\
Examples:
  worpen tokens rotate deploy --overlap 1h > deploy.token
  worpen tokens rotate deploy                     # the secret before ends at once

Rights and end of the key stay as they are. A key cannot do this, so the password is asked for when this terminal holds one.";

/// Arguments of `worpen tokens rotate`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// Id of your key, or its name when only one has it.
    #[arg(value_name = "KEY")]
    key: String,
    /// How long the secret before holds too, such as 10m or 1h, at most a week; not at all unless told.
    #[arg(long, value_name = "SECONDS", value_parser = measure::seconds)]
    overlap: Option<u32>,
    /// Read your password from stdin.
    #[arg(long)]
    password_stdin: bool,
}

pub(crate) async fn run(args: Args, session: &Session) -> Result<ExitStatus, CliError> {
    let Args { key, overlap, password_stdin } = args;
    let client = signed_in(session, password_stdin).await?;
    let named = [key];
    let Some(id) = find(&client, &named).await?.first().copied() else { return Ok(ExitStatus::NotFound) };
    let issued =
        client.call::<RotateKey>(&RotateKeyRequest { id, overlap: overlap.map(u64::from) }).await?.body;
    tell(session, &issued)?;
    let before = match overlap {
        Some(seconds) if seconds > 0 => format!("the one before holds for {seconds} s more"),
        _ => "the one before has ended".to_owned(),
    };
    session.printer.note(&format!("this is the secret of '{}' from now on; {before}", issued.key.name));
    Ok(ExitStatus::Done)
}
