//! `worpen agents replace`: lets a machine that was built anew take a node's place.

use super::{
    super::{error::CliError, exit::ExitStatus, measure, session::Session},
    invite::what_next,
};
use crate::proto::agent::{ReplaceAgent, ReplaceAgentRequest};

/// Arguments of `worpen agents replace`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Name or id of the node.
    #[arg(value_name = "NODE")]
    node: String,
    /// How long the invitation holds, such as 900, 15m or 2h; 15 minutes unless told.
    #[arg(long, value_name = "SECONDS", value_parser = measure::seconds)]
    expires_in: Option<u32>,
}

pub(crate) async fn run(args: Args, session: &Session) -> Result<ExitStatus, CliError> {
    let Args { node, expires_in } = args;
    let client = session.client()?;
    let request = ReplaceAgentRequest { id: node, expires_in: expires_in.map(u64::from) };
    let invitation = client.call::<ReplaceAgent>(&request).await?.body;
    session.record(&invitation, &invitation.token, || invitation.token.clone())?;
    session.printer.note(&what_next(&invitation, client.server()));
    session.printer.note(&format!(
        "the identity that {} has now ends when the machine joins, and not before",
        invitation.name
    ));
    Ok(ExitStatus::Done)
}
