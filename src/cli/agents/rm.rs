//! `worpen agents rm`: removes a node for good.

use super::super::{
    error::CliError,
    exit::ExitStatus,
    session::{Format, Session},
};
use crate::proto::agent::{AgentRef, RemoveAgent};

/// Arguments of `worpen agents rm`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Name or id of the node.
    node: String,
    /// Do not ask.
    #[arg(long, short)]
    yes: bool,
}

pub(crate) async fn run(args: Args, session: &Session) -> Result<ExitStatus, CliError> {
    let Args { node, yes } = args;
    let client = session.client()?;
    session.confirm(yes, &format!("remove node {node} for good")).await?;
    let reply = client.call::<RemoveAgent>(&AgentRef { id: node.clone() }).await?;
    match session.format {
        Format::Table => session.printer.data(&format!("{node}: removed"))?,
        Format::Name => session.printer.data(&node)?,
        Format::Json | Format::Ndjson => session.json(&reply.body)?,
    }
    Ok(ExitStatus::Done)
}
