//! `worpen commands output`: what a command printed.

use super::super::{
    error::CliError,
    exit::ExitStatus,
    follow::{Shape, View, follow},
    session::Session,
};
use crate::proto::command::{GetCommand, GetCommandRequest};

const EXAMPLES: &str = "\
Examples:
  worpen commands output 0198c0de-0000-7000-8000-00000000000c
  worpen commands output 0198c0de-0000-7000-8000-00000000000c --node web-1 > web-1.txt
  worpen commands output 0198c0de-0000-7000-8000-00000000000c -o json --jq '.[].stderr'";

/// Arguments of `worpen commands output`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// Id of the command.
    #[arg(value_name = "ID")]
    id: String,
    /// Only of this node, by its name or id.
    #[arg(long, value_name = "NODE")]
    node: Option<String>,
    /// Begin at this byte of each node's output.
    #[arg(long, value_name = "BYTE")]
    from: Option<u64>,
    /// Go on until the command is over, and end as it does.
    #[arg(long, short)]
    follow: bool,
    /// Show equal answers once, after the names of the nodes that gave them.
    #[arg(long)]
    fold: bool,
}

/// Shows what there is; how the command ended decides nothing unless it is followed.
pub(crate) async fn run(args: Args, session: &Session) -> Result<ExitStatus, CliError> {
    let Args { id, node, from, follow: goes_on, fold } = args;
    let id = super::id(&id)?;
    let client = session.client()?;
    let command = client.call::<GetCommand>(&GetCommandRequest { id, wait: None }).await?.body;
    let shape = Shape { fold, ..Shape::default() };
    let view = View { shape, from, node, once: !goes_on, ..View::default() };
    follow(session, &client, &command, view).await
}
