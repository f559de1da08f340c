//! `worpen completions`: prints what a shell needs to complete the command line with live names.

use clap_complete::{Shell, env::Shells};

use super::{completion::VARIABLE, error::CliError, exit::ExitStatus, printer::Printer};

const EXAMPLES: &str = "\
Examples:
  source <(worpen completions bash)                               in ~/.bashrc
  worpen completions zsh > ~/.zfunc/_worpen                       with ~/.zfunc in $fpath
  worpen completions fish > ~/.config/fish/completions/worpen.fish
  worpen completions powershell | Out-String | Invoke-Expression  in $PROFILE
  eval (worpen completions elvish | slurp)                        in ~/.elvish/rc.elv";

/// Arguments of `worpen completions`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// The shell.
    shell: Shell,
}

pub(crate) fn run(args: &Args, printer: &Printer) -> Result<ExitStatus, CliError> {
    let name = args.shell.to_string();
    let shells = Shells::builtins();
    let shell = shells
        .completer(&name)
        .ok_or_else(|| CliError::usage(format!("there are no completions for the shell '{name}'")))?;
    let mut script = Vec::new();
    shell
        .write_registration(VARIABLE, "worpen", "worpen", "worpen", &mut script)
        .map_err(CliError::output)?;
    printer.data(&String::from_utf8_lossy(&script))?;
    Ok(ExitStatus::Done)
}
