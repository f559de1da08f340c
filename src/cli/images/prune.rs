//! `worpen images prune`: removes what no container uses.

use super::{
    super::{
        act::{self, Sure, Wait},
        error::CliError,
        exit::ExitStatus,
        measure,
        session::{Reach, Session},
    },
    On, told,
};
use crate::proto::{
    agent::GetAgentStatistics,
    command::{CommandStatus, Execution},
    endpoint::Empty,
    image::{PruneDocker, PruneRequest, Pruned},
};

const EXAMPLES: &str = "\
Examples:
  worpen images prune --on web-1         images without a name, networks, build cache
  worpen images prune --all --yes        every image that no container uses, on every linked node

Containers and volumes are never removed.";

/// Arguments of `worpen images prune`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    #[command(flatten)]
    on: On,
    /// Also images that have a name, and all of the build cache.
    #[arg(long, short)]
    all: bool,
    #[command(flatten)]
    sure: Sure,
    #[command(flatten)]
    wait: Wait,
}

pub(crate) async fn run(args: Args, session: &Session) -> Result<ExitStatus, CliError> {
    let Args { on, all, sure, wait } = args;
    let what = if all { "every image that no container uses" } else { "images without a name" };
    let place = if on.nodes.is_empty() { "every linked node".to_owned() } else { on.nodes.join(", ") };
    let act = format!("remove {what}, unused networks and the build cache from {place}");
    session.refuse_unsure(sure, &act)?;
    let client = session.client()?;
    if !sure.yes {
        let count = match on.nodes.len() {
            0 => client.call::<GetAgentStatistics>(&Empty {}).await?.body.linked as usize,
            count => count,
        };
        let reach = if count > 1 { Reach::Several(count) } else { Reach::OneNode };
        session.confirm(sure, &format!("{act} ({count} nodes)"), reach).await?;
    }
    let waiting = session.printer.waiting(&format!("prune {place}"));
    let request = PruneRequest { all, agents: on.nodes, node: None, wait: Some(0) };
    let command = act::give::<PruneDocker>(session, &client, request, wait.duration()).await?;
    drop(waiting);
    told(session, &command, line)?;
    Ok(act::status(&command, wait.wait))
}

/// What became of one node.
fn line(execution: &Execution) -> String {
    let pruned: Option<Pruned> =
        execution.result.as_ref().and_then(|result| serde_json::from_value(result.clone()).ok());
    match pruned.filter(|_| execution.status == CommandStatus::Succeeded) {
        Some(pruned) => format!(
            "{}: {} images and {} networks removed, {} reclaimed",
            execution.node,
            pruned.images_deleted.len(),
            pruned.networks_deleted.len(),
            measure::bytes(pruned.reclaimed_bytes)
        ),
        None => act::outcome("prune", execution),
    }
}
