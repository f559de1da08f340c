//! `worpen containers ls`: lists the containers of the fleet.

use super::super::{
    error::CliError,
    exit::ExitStatus,
    listing::{self, Shown},
    session::Session,
    words,
};
use crate::proto::container::{ContainerState, ListContainers, ListContainersRequest};

const EXAMPLES: &str = "\
Examples:
  worpen containers ls --node web-1 --state exited
  worpen containers ls --where 'image.contains(\"nginx\") && exit_code != 0' --sort node,-exit_code
  worpen containers ls --where 'site == \"eu\"' -o name | worpen containers restart - --yes
  worpen containers ls --watch -o ndjson --jq '.node + \" \" + .name + \" \" + .state'";

/// Arguments of `worpen containers ls`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// Only containers of this node.
    #[arg(long)]
    node: Option<String>,
    /// Only containers in this state.
    #[arg(long, value_parser = words::<ContainerState>(&STATES), ignore_case = true)]
    state: Option<ContainerState>,
    /// Only containers for which this expression holds.
    #[arg(long = "where", value_name = "EXPRESSION")]
    selector: Option<String>,
    /// Fields to sort by, a minus before those that go downwards.
    #[arg(long, value_name = "FIELDS", allow_hyphen_values = true)]
    sort: Option<String>,
    #[command(flatten)]
    shown: Shown,
}

const STATES: [&str; 7] = ["created", "running", "paused", "restarting", "removing", "exited", "dead"];

pub(crate) async fn run(args: Args, session: &Session) -> Result<ExitStatus, CliError> {
    let Args { node, state, selector, sort, shown } = args;
    let request = ListContainersRequest { node, state, selector, sort, limit: shown.page(), cursor: None };
    // A node that is no longer heard of makes its containers old.
    listing::list::<ListContainers, _>(session, &shown, &request, "container.*,agent.*").await
}
