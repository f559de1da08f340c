//! `worpen commands retry`: gives a command again where it did not succeed.

use std::time::Duration;

use super::super::{act, error::CliError, exit::ExitStatus, run::Manner, session::Session};
use crate::proto::command::{RetryCommand, RetryCommandRequest};

const EXAMPLES: &str = "\
Examples:
  worpen commands retry 0198c0de-0000-7000-8000-00000000000c
  worpen commands retry 0198c0de-0000-7000-8000-00000000000c --on web-7 --detach";

/// Arguments of `worpen commands retry`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// Id of the command.
    #[arg(value_name = "ID")]
    id: String,
    /// Only on these nodes, by name or id, separated by commas; where it did not succeed unless told.
    #[arg(long, value_name = "NODES", value_delimiter = ',')]
    on: Vec<String>,
    #[command(flatten)]
    manner: Manner,
}

pub(crate) async fn run(args: Args, session: &Session) -> Result<ExitStatus, CliError> {
    let Args { id, on, manner } = args;
    let request = RetryCommandRequest { id: super::id(&id)?, agent_targets: on, wait: Some(0) };
    let client = session.client()?;
    let command = act::give::<RetryCommand>(session, &client, request, Duration::ZERO).await?;
    manner.see(session, &client, &command).await
}
