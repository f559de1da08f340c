//! `worpen images prune`: removes what no container uses.

use super::{
    super::{
        act::{self, Wait},
        error::CliError,
        exit::ExitStatus,
        measure,
        session::{Format, Session, json_line},
    },
    On,
};
use crate::proto::{
    command::{CommandStatus, Execution},
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
    /// Do not ask.
    #[arg(long, short)]
    yes: bool,
    #[command(flatten)]
    wait: Wait,
}

pub(crate) async fn run(args: Args, session: &Session) -> Result<ExitStatus, CliError> {
    let Args { on, all, yes, wait } = args;
    let what = if all { "every image that no container uses" } else { "images without a name" };
    let place = if on.nodes.is_empty() { "every linked node".to_owned() } else { on.nodes.join(", ") };
    session.confirm(yes, &format!("remove {what}, unused networks and the build cache from {place}")).await?;
    let client = session.client()?;
    let waiting = session.printer.waiting(&format!("prune {place}"));
    let request = PruneRequest { all, agents: on.nodes, node: None, wait: Some(0) };
    let command = act::give::<PruneDocker>(session, &client, request, wait.duration()).await?;
    drop(waiting);
    match session.format {
        Format::Json => session.json(&command)?,
        Format::Ndjson => session.printer.data(&json_line(&command))?,
        Format::Name => session.printer.data(&command.id.to_string())?,
        Format::Table => session.lines(command.executions.iter().map(line))?,
    }
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
