//! `worpen config`: what a server and an agent are told, checked and shown without starting either.

mod check;
mod sample;
mod show;

use std::path::PathBuf;

use clap::Subcommand;

use super::{error::CliError, exit::ExitStatus, printer::Printer, session::Session};
use crate::config::{
    layer::{File, Flags, Layers, Resolved, unknown_variables},
    problem::SettingsError,
};

/// Verbs of `worpen config`.
#[derive(Debug, Subcommand)]
pub(crate) enum Config {
    /// Tell everything that is wrong with the settings.
    Check(check::Args),
    /// Show every setting, its value, and where that came from.
    Show(show::Args),
    /// Print a file of all settings with their defaults.
    Sample,
}

pub(crate) fn run(verb: Config, session: &Session) -> Result<ExitStatus, CliError> {
    match verb {
        Config::Check(args) => check::run(args, session),
        Config::Show(args) => show::run(args, session),
        Config::Sample => sample::run(session),
    }
}

/// Lays the layers of a part over each other, and warns of what was set in vain. Only `dev` does not read the
/// system's file: it would try things out on a real server's data.
pub(super) fn resolve(
    part: &'static str,
    named: Option<PathBuf>,
    flags: Flags,
    printer: &Printer,
) -> Result<Resolved, CliError> {
    let file = File::find(named, variable, part != "dev")?;
    resolve_file(part, file, flags, printer)
}

fn resolve_file(
    part: &'static str,
    file: Option<File>,
    flags: Flags,
    printer: &Printer,
) -> Result<Resolved, CliError> {
    // What a node's environment says to other programs is no concern of its agent.
    let heard = |name: &str| {
        let is_log = name == "RUST_LOG" || name.starts_with("WORPEN_LOGGING_");
        if part != "agent" || is_log { variable(name) } else { None }
    };
    let mut resolved = Layers { part, file, variable: heard, flags }.resolve()?;
    if part != "agent" {
        let names = std::env::vars_os().filter_map(|(name, _)| name.into_string().ok());
        resolved.warnings.extend(unknown_variables(names));
    }
    for warning in &resolved.warnings {
        printer.warning(&warning.to_string());
    }
    Ok(resolved)
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

impl From<SettingsError> for CliError {
    fn from(error: SettingsError) -> Self {
        match error {
            SettingsError::Unreadable { .. } => Self::new(ExitStatus::Failed, error),
            SettingsError::Wrong(_) => Self::new(ExitStatus::Usage, error)
                .hint("correct it, or leave it out; all settings with their defaults: worpen config sample"),
        }
    }
}
