//! `worpen attach`: comes back to a command that was left going.

use super::{
    commands,
    error::CliError,
    exit::ExitStatus,
    follow::{Shape, View, follow},
    session::Session,
};
use crate::proto::command::{GetCommand, GetCommandRequest};

const EXAMPLES: &str = "\
Examples:
  worpen attach 0198c0de-0000-7000-8000-00000000000c
  worpen attach 0198c0de-0000-7000-8000-00000000000c --from 4096 >> rest.log
  worpen attach $(worpen run --all --detach -- apt-get update) --fold";

/// Arguments of `worpen attach`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// Id of the command.
    #[arg(value_name = "ID")]
    id: String,
    /// Begin at this byte of each node's output.
    #[arg(long, value_name = "BYTE")]
    from: Option<u64>,
    /// Only of this node, by its name or id.
    #[arg(long, value_name = "NODE")]
    node: Option<String>,
    #[command(flatten)]
    shape: Shape,
}

/// Follows to the end, and ends as the command does.
pub(crate) async fn run(args: Args, session: &Session) -> Result<ExitStatus, CliError> {
    let Args { id, from, node, shape } = args;
    let id = commands::id(&id)?;
    let client = session.client()?;
    let command = client.call::<GetCommand>(&GetCommandRequest { id, wait: None }).await?.body;
    follow(session, &client, &command, View { shape, from, node, ..View::default() }).await
}
