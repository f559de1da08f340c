//! `worpen context rename`: gives a context another name.

use super::super::{error::CliError, exit::ExitStatus, session::Session};

/// Arguments of `worpen context rename`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Name of the context.
    #[arg(value_name = "CONTEXT")]
    name: String,
    /// Its new name.
    #[arg(value_name = "NEW")]
    new: String,
}

pub(crate) fn run(args: &Args, session: &Session) -> Result<ExitStatus, CliError> {
    if args.new.trim().is_empty() {
        return Err(CliError::usage("a context needs a name that is not empty"));
    }
    session.contexts()?.rename(&args.name, &args.new)?;
    session.printer.note(&format!("context '{}' is now '{}'", args.name, args.new));
    Ok(ExitStatus::Done)
}
