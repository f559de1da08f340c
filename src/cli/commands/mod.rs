//! `worpen commands`: what became of what was asked of the nodes.

mod apply;
mod cancel;
mod get;
mod ls;
mod output;
mod retry;
mod stats;
mod watch;

use clap::Subcommand;

use super::{error::CliError, exit::ExitStatus, printer::Tone, session::Session, table::Cell};
use crate::{id::CommandId, proto::command::CommandStatus};

/// Verbs of `worpen commands`.
#[derive(Debug, Subcommand)]
pub(crate) enum Commands {
    /// List the commands, the newest first, 100 unless --limit says.
    #[command(visible_alias = "list")]
    Ls(ls::Args),
    /// Show commands and what became of them on each node.
    Get(get::Args),
    /// Follow commands until they are over, and end as they do.
    Watch(watch::Args),
    /// Show what a command printed.
    Output(output::Args),
    /// Stop commands: what waits never starts, what runs is killed.
    Cancel(cancel::Args),
    /// Give a command again where it did not succeed.
    Retry(retry::Args),
    /// Give the command of a plan that `run --dry-run` made.
    Apply(apply::Args),
    /// Show how commands went: how many, how fast, and where they failed.
    Stats(stats::Args),
}

pub(crate) async fn run(verb: Commands, session: &Session) -> Result<ExitStatus, CliError> {
    match verb {
        Commands::Ls(args) => ls::run(args, session).await,
        Commands::Get(args) => get::run(args, session).await,
        Commands::Watch(args) => watch::run(args, session).await,
        Commands::Output(args) => output::run(args, session).await,
        Commands::Cancel(args) => cancel::run(args, session).await,
        Commands::Retry(args) => retry::run(args, session).await,
        Commands::Apply(args) => apply::run(args, session).await,
        Commands::Stats(args) => stats::run(args, session).await,
    }
}

/// Reads ids of commands.
fn ids(words: &[String]) -> Result<Vec<CommandId>, CliError> {
    let mut ids: Vec<CommandId> = words.iter().map(|word| id(word)).collect::<Result<_, _>>()?;
    let mut seen = std::collections::BTreeSet::new();
    ids.retain(|id| seen.insert(*id));
    Ok(ids)
}

/// Reads the id of a command.
pub(crate) fn id(word: &str) -> Result<CommandId, CliError> {
    word.parse().map_err(|_| {
        CliError::usage(format!("'{word}' is no command's id")).hint("see them with: worpen commands ls")
    })
}

/// How a command stands, as the wire spells it.
fn word(status: CommandStatus) -> String {
    serde_json::to_value(status).ok().and_then(|word| word.as_str().map(str::to_owned)).unwrap_or_default()
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

/// How a command stands, as a cell.
pub(crate) fn cell(status: CommandStatus) -> Cell {
    let tone = match status {
        CommandStatus::Succeeded => Tone::Good,
        CommandStatus::Queued | CommandStatus::Started => Tone::Plain,
        CommandStatus::Cancelled | CommandStatus::Partial | CommandStatus::Unknown => Tone::Warning,
        CommandStatus::Failed | CommandStatus::TimedOut | CommandStatus::Expired | CommandStatus::Refused => {
            Tone::Bad
        }
    };
    Cell::toned(words(status), tone).raw(word(status))
}
