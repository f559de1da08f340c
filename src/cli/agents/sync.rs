//! `worpen agents sync`: asks nodes to report everything now.

use super::super::{
    error::CliError,
    exit::ExitStatus,
    session::{Session, names},
};
use crate::proto::agent::{AgentsAsked, SyncAgents, SyncAgentsRequest, SyncTarget};

/// Arguments of `worpen agents sync`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Name or id of each node; `-` reads them from stdin.
    #[arg(value_name = "NODE", required_unless_present = "all")]
    nodes: Vec<String>,
    /// Ask every node.
    #[arg(long, conflicts_with = "nodes")]
    all: bool,
}

pub(crate) async fn run(args: Args, session: &Session) -> Result<ExitStatus, CliError> {
    let Args { nodes, all } = args;
    let target = if all { SyncTarget::One("all".into()) } else { SyncTarget::These(names(nodes).await?) };
    let answer = session.client()?.call::<SyncAgents>(&SyncAgentsRequest { target }).await?.body;
    let AgentsAsked { asked, not_linked } = &answer;
    session.record(&answer, "", || format!("asked {asked}"))?;
    if not_linked.is_empty() {
        return Ok(ExitStatus::Done);
    }
    session
        .printer
        .note(&format!("not linked, and will report when they come back: {}", not_linked.join(", ")));
    Ok(if *asked > 0 { ExitStatus::PartlyFailed } else { ExitStatus::Failed })
}
