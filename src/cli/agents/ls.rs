//! `worpen agents ls`: lists the nodes.

use super::super::{
    error::CliError,
    exit::ExitStatus,
    listing::{self, Shown},
    session::Session,
    words,
};
use crate::proto::agent::{AgentStatus, ListAgents, ListAgentsRequest};

const EXAMPLES: &str = "\
Examples:
  worpen agents ls --status online --capability docker.exec
  worpen agents ls --where 'site == \"eu\" && cpu > 80' --sort site,-cpu
  worpen agents ls --where 'labels.tier == \"front\" && version != \"0.2.0\"' -o name
  worpen agents ls --columns name,cpus,memory,labels.tier
  worpen agents ls --watch";

/// Arguments of `worpen agents ls`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// Only nodes in this state.
    #[arg(long, value_parser = words::<AgentStatus>(&STATUSES), ignore_case = true)]
    status: Option<AgentStatus>,
    /// Only nodes of this site.
    #[arg(long)]
    site: Option<String>,
    /// Only nodes that can run this verb, such as docker.stop.
    #[arg(long, value_name = "VERB")]
    capability: Option<String>,
    /// Only nodes whose operating system has this in its name.
    #[arg(long)]
    os: Option<String>,
    /// Only nodes with this container engine.
    #[arg(long)]
    engine: Option<String>,
    /// Only nodes for which this expression holds.
    #[arg(long = "where", value_name = "EXPRESSION")]
    selector: Option<String>,
    /// Fields to sort by, a minus before those that go downwards.
    #[arg(long, value_name = "FIELDS", allow_hyphen_values = true)]
    sort: Option<String>,
    #[command(flatten)]
    shown: Shown,
}

const STATUSES: [&str; 7] =
    ["online", "degraded", "unknown", "offline", "maintenance", "quarantined", "revoked"];

pub(crate) async fn run(args: Args, session: &Session) -> Result<ExitStatus, CliError> {
    let Args { status, site, capability, os, engine, selector, sort, shown } = args;
    let filters = ListAgentsRequest { status, site, capability, os, engine, ..ListAgentsRequest::default() };
    let request = ListAgentsRequest { selector, sort, limit: shown.page(), ..filters };
    listing::list::<ListAgents, _>(session, &shown, &request, "agent.*").await
}
