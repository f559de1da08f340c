//! `worpen context rm`: forgets contexts.

use super::super::{error::CliError, exit::ExitStatus, session::Session};

/// Arguments of `worpen context rm`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Name of each context.
    #[arg(value_name = "CONTEXT", required = true)]
    names: Vec<String>,
}

pub(crate) fn run(args: &Args, session: &Session) -> Result<ExitStatus, CliError> {
    let mut contexts = session.contexts()?;
    // All of them or none: a misspelt name must not leave half of the work done.
    for name in &args.names {
        contexts.find(name)?;
    }
    let current = contexts.current().map(str::to_owned);
    for name in &args.names {
        if contexts.find(name).is_err() {
            continue;
        }
        let context = contexts.remove(name)?;
        session.printer.note(&format!("context '{name}' is forgotten"));
        if context.key.is_some() {
            session.printer.note(&format!(
                "its key still holds at {}; an admin there revokes it: worpen tokens revoke (worpen logout does both)",
                context.server,
            ));
        }
    }
    if current.is_some() && contexts.current().is_none() {
        session.printer.note("no context is current now; choose one with: worpen context use CONTEXT");
    }
    Ok(ExitStatus::Done)
}
