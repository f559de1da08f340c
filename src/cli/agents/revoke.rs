//! `worpen agents revoke`: withdraws the identity of nodes for good.

use super::super::{
    act::{self, Sure, Words},
    error::CliError,
    exit::ExitStatus,
    session::{Reach, Session, names},
};
use crate::proto::agent::{Agent, RevokeAgent, RevokeAgentRequest};

/// Arguments of `worpen agents revoke`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Name or id of each node; `-` reads them from stdin.
    #[arg(required = true, value_name = "NODE")]
    nodes: Vec<String>,
    /// Why, for the event and the audit log.
    #[arg(long)]
    reason: Option<String>,
    #[command(flatten)]
    sure: Sure,
}

pub(crate) async fn run(args: Args, session: &Session) -> Result<ExitStatus, CliError> {
    let Args { nodes, reason, sure } = args;
    let nodes = names(nodes).await?;
    let what = match nodes.as_slice() {
        [one] => format!("revoke node {one} for good"),
        several => format!("revoke {} nodes for good", several.len()),
    };
    let reach = if nodes.len() > 1 { Reach::Several(nodes.len()) } else { Reach::OneNode };
    session.confirm(sure, &what, reach).await?;
    let client = session.client()?;
    let words = Words { verb: "revoke", done: "revoked" };
    let act = |node: String| {
        let (client, reason) = (&client, reason.clone());
        async move { Ok(client.call::<RevokeAgent>(&RevokeAgentRequest { id: node, reason }).await?.body) }
    };
    let told = |_: &str, agent: &Agent| (format!("{}: revoked", agent.agent_id), ExitStatus::Done);
    act::each(session, words, nodes, act, told).await
}
