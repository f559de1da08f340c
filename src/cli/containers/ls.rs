//! `worpen containers ls`: lists the containers of the fleet.

use super::super::{error::CliError, exit::ExitStatus, session::Session, words};
use crate::proto::container::{ContainerState, ListContainers, ListContainersRequest};

/// Arguments of `worpen containers ls`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Only containers of this node.
    #[arg(long)]
    node: Option<String>,
    /// Only containers in this state.
    #[arg(long, value_parser = words::<ContainerState>(&STATES), ignore_case = true)]
    state: Option<ContainerState>,
}

const STATES: [&str; 7] = ["created", "running", "paused", "restarting", "removing", "exited", "dead"];

pub(crate) async fn run(args: Args, session: &Session) -> Result<ExitStatus, CliError> {
    let Args { node, state } = args;
    let request = ListContainersRequest { node, state, ..ListContainersRequest::default() };
    let containers = session.client()?.pages::<ListContainers, _>(&request)?.all().await?;
    session.list(&containers)?;
    Ok(ExitStatus::Done)
}
