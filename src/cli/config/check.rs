//! `worpen config check`: tells everything that is wrong with the settings.

use std::path::PathBuf;

use super::{
    super::{error::CliError, exit::ExitStatus, session::Session},
    resolve_file, variable,
};
use crate::config::layer::{File, Flags};

/// Arguments of `worpen config check`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// File of settings [env: WORPEN_CONFIG].
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

pub(crate) fn run(args: Args, session: &Session) -> Result<ExitStatus, CliError> {
    let file = File::find(args.config, variable, true)?;
    let read =
        file.as_ref().map_or_else(|| "there is no file".to_owned(), |file| file.path.display().to_string());
    let resolved = resolve_file("server", file, Flags::default(), &session.printer)?;
    let warned = match resolved.warnings.len() {
        0 => String::new(),
        1 => ", with a warning".to_owned(),
        count => format!(", with {count} warnings"),
    };
    session.printer.note(&format!("the settings are good{warned}: {read}, and the environment"));
    Ok(ExitStatus::Done)
}
