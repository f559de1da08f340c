//! `worpen agents maintenance`: says that somebody works on a node, or that this is over.

use clap::ValueEnum;

use super::super::{
    error::CliError,
    exit::ExitStatus,
    session::{Format, Session, json_line},
};
use crate::proto::agent::{AgentStatus, SetAgentStatus, SetAgentStatusRequest};

/// Arguments of `worpen agents maintenance`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Name or id of the node.
    node: String,
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
    let Args { node, state, reason } = args;
    let status = match state {
        Maintenance::On => AgentStatus::Maintenance,
        Maintenance::Off => AgentStatus::Online,
    };
    let request = SetAgentStatusRequest { id: node, status, reason };
    let agent = session.client()?.call::<SetAgentStatus>(&request).await?.body;
    match session.format {
        Format::Table => {
            let line = format!("{}: {}", agent.agent_id, agent.status.as_str().to_lowercase());
            session.printer.data(&line)?;
        }
        Format::Name => session.printer.data(&agent.agent_id)?,
        Format::Json => session.json(&agent)?,
        Format::Ndjson => session.printer.data(&json_line(&agent))?,
    }
    Ok(ExitStatus::Done)
}
