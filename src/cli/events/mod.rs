//! `worpen events`: what happens.

mod line;
mod tail;

use clap::Subcommand;

use super::{error::CliError, exit::ExitStatus, session::Session};

/// Verbs of `worpen events`.
#[derive(Debug, Subcommand)]
pub(crate) enum Events {
    /// Follow the events.
    Tail(tail::Args),
}

pub(crate) async fn run(verb: Events, session: &Session) -> Result<ExitStatus, CliError> {
    match verb {
        Events::Tail(args) => tail::run(args, session).await,
    }
}
