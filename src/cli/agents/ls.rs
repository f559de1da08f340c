//! `worpen agents ls`: lists the nodes.

use super::super::{error::CliError, exit::ExitStatus, session::Session, words};
use crate::proto::agent::{AgentStatus, ListAgents, ListAgentsRequest};

/// Arguments of `worpen agents ls`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Only nodes in this state.
    #[arg(long, value_parser = words::<AgentStatus>(&STATUSES), ignore_case = true)]
    status: Option<AgentStatus>,
    /// Only nodes of this site.
    #[arg(long)]
    site: Option<String>,
}

const STATUSES: [&str; 7] =
    ["online", "degraded", "unknown", "offline", "maintenance", "quarantined", "revoked"];

pub(crate) async fn run(args: Args, session: &Session) -> Result<ExitStatus, CliError> {
    let Args { status, site } = args;
    let request = ListAgentsRequest { status, site, ..ListAgentsRequest::default() };
    let agents = session.client()?.pages::<ListAgents, _>(&request)?.all().await?;
    session.list(&agents)?;
    Ok(ExitStatus::Done)
}
