//! `worpen agents maintenance`: says that somebody works on nodes, or that this is over.

use clap::ValueEnum;

use super::super::{
    act::{self, Words},
    error::CliError,
    exit::ExitStatus,
    session::{Session, names},
};
use crate::proto::agent::{Agent, AgentStatus, SetAgentStatus, SetAgentStatusRequest};

/// Arguments of `worpen agents maintenance`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Name or id of each node; `-` reads them from stdin.
    #[arg(required = true, value_name = "NODE")]
    nodes: Vec<String>,
    /// Whether it begins or ends; at its end the node stands as its link says.
    state: Maintenance,
    /// Why, for the event and the audit log.
    #[arg(long)]
    reason: Option<String>,
}

/// Whether maintenance begins or ends.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Maintenance {
    /// It begins.
    On,
    /// It ends.
    Off,
}

pub(crate) async fn run(args: Args, session: &Session) -> Result<ExitStatus, CliError> {
    let Args { nodes, state, reason } = args;
    let status = match state {
        Maintenance::On => AgentStatus::Maintenance,
        Maintenance::Off => AgentStatus::Online,
    };
    let nodes = names(nodes).await?;
    let client = session.client()?;
    let words = Words { verb: "set maintenance of", done: "set maintenance of" };
    let act = |node: String| {
        let (client, reason) = (&client, reason.clone());
        async move {
            let request = SetAgentStatusRequest { id: node, status, reason };
            Ok(client.call::<SetAgentStatus>(&request).await?.body)
        }
    };
    let told = |_: &str, agent: &Agent| {
        (format!("{}: {}", agent.agent_id, agent.status.as_str().to_lowercase()), ExitStatus::Done)
    };
    act::each(session, words, nodes, act, told).await
}
