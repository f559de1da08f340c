//! [`Targets`]: which nodes a command is for.

use super::super::{error::CliError, session::names};
use crate::proto::command::GiveCommandRequest;

/// The nodes that a command is for; somebody has to say which.
#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "Where")]
pub(crate) struct Targets {
    /// Every node for which this expression holds.
    #[arg(id = "selector", long = "where", value_name = "EXPRESSION", conflicts_with_all = ["on", "all"])]
    selector: Option<String>,
    /// These nodes, by name or id, separated by commas; `-` reads them from stdin.
    #[arg(long, value_name = "NODES", value_delimiter = ',', num_args = 1.., conflicts_with = "all")]
    on: Vec<String>,
    /// Every node that knows the verb.
    #[arg(long)]
    all: bool,
    /// Of those, only so many: the least busy that are linked.
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(1..=1000))]
    any: Option<u32>,
}

impl Targets {
    /// Whether the names come from stdin.
    pub(crate) fn reads_stdin(&self) -> bool {
        self.on.iter().any(|name| name == "-")
    }

    /// Writes them into a request.
    pub(crate) async fn put(self, request: &mut GiveCommandRequest) -> Result<(), CliError> {
        let Self { selector, on, all, any } = self;
        let on = names(on).await?;
        if selector.is_none() && on.is_empty() && !all {
            return Err(CliError::usage("it is not said on which nodes")
                .hint("add --on NODES or --where EXPRESSION; every node has to be said: --all"));
        }
        (request.selector, request.agent_targets, request.all, request.any) = (selector, on, all, any);
        Ok(())
    }
}
