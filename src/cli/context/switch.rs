//! `worpen context use`: makes a context the current one.

use super::super::{error::CliError, exit::ExitStatus, session::Session};
use crate::config::context::{CONTEXT_VARIABLE, SERVER_VARIABLE};

/// Arguments of `worpen context use`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Name of the context.
    #[arg(value_name = "CONTEXT")]
    name: String,
}

pub(crate) fn run(args: &Args, session: &Session) -> Result<ExitStatus, CliError> {
    let mut contexts = session.contexts()?;
    contexts.make_current(&args.name)?;
    let server = &contexts.find(&args.name)?.1.server;
    session.printer.note(&format!("context '{}' is current: {server}", args.name));
    let overrides = [
        (CONTEXT_VARIABLE, session.environment.context.as_ref().filter(|name| **name != args.name)),
        (SERVER_VARIABLE, session.environment.server.as_ref().filter(|other| *other != server)),
    ];
    for (variable, value) in overrides {
        if let Some(value) = value {
            session.printer.warning(&format!("{variable}={value} stands before it; unset {variable}"));
        }
    }
    Ok(ExitStatus::Done)
}
