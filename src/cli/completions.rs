//! `worpen completions`: prints what a shell needs to complete the command line.

use clap_complete::Shell;

use super::{error::CliError, exit::ExitStatus, printer::Printer};

/// Arguments of `worpen completions`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The shell.
    shell: Shell,
}

pub(crate) fn run(
    args: &Args,
    command: &mut clap::Command,
    printer: &Printer,
) -> Result<ExitStatus, CliError> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, command, "worpen", &mut script);
    printer.data(&String::from_utf8_lossy(&script))?;
    Ok(ExitStatus::Done)
}
