//! `worpen commands`: what became of what was asked of the nodes.

mod get;
mod ls;

use clap::Subcommand;

use super::{error::CliError, exit::ExitStatus, printer::Tone, session::Session, table::Cell};
use crate::proto::command::CommandStatus;

/// Verbs of `worpen commands`.
#[derive(Debug, Subcommand)]
pub(crate) enum Commands {
    /// List the commands, the newest first.
    #[command(visible_alias = "list")]
    Ls(ls::Args),
    /// Show one command and what became of it on each node.
    Get(get::Args),
}

pub(crate) async fn run(verb: Commands, session: &Session) -> Result<ExitStatus, CliError> {
    match verb {
        Commands::Ls(args) => ls::run(args, session).await,
        Commands::Get(args) => get::run(args, session).await,
    }
}

/// How a command stands, in words.
pub(crate) fn words(status: CommandStatus) -> &'static str {
    match status {
        CommandStatus::Queued => "queued",
        CommandStatus::Started => "started",
        CommandStatus::Succeeded => "succeeded",
        CommandStatus::Failed => "failed",
        CommandStatus::TimedOut => "timed out",
        CommandStatus::Cancelled => "was cancelled",
        CommandStatus::Expired => "expired before the node took it",
        CommandStatus::Refused => "was refused",
        CommandStatus::Unknown => "ended unknown",
        CommandStatus::Partial => "partly failed",
    }
}

fn cell(status: CommandStatus) -> Cell {
    let tone = match status {
        CommandStatus::Succeeded => Tone::Good,
        CommandStatus::Queued | CommandStatus::Started => Tone::Plain,
        CommandStatus::Cancelled | CommandStatus::Partial | CommandStatus::Unknown => Tone::Warning,
        CommandStatus::Failed | CommandStatus::TimedOut | CommandStatus::Expired | CommandStatus::Refused => {
            Tone::Bad
        }
    };
    Cell::toned(words(status), tone)
}
