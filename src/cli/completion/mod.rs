//! What a shell is answered while somebody types: subcommands and options from the command tree, names from the fleet.
//!
//! A shell calls `WORPEN_COMPLETE=bash worpen -- WORDS`. Whatever goes wrong, the answer is fewer words and never an error's
//! text, which would land in the line that is typed.

mod cache;
mod fetch;
mod names;
mod place;

use std::{
    env,
    ffi::{OsStr, OsString},
    path::Path,
    sync::Arc,
};

use clap_complete::env::Shells;

use self::names::Names;
use super::{exit::ExitStatus, outside, printer::Printer};

/// The variable by which a shell asks; its value is the shell's name.
pub(super) const VARIABLE: &str = "WORPEN_COMPLETE";

/// The shell that asks for completions, if one does.
pub(super) fn asking() -> Option<OsString> {
    env::var_os(VARIABLE).filter(|shell| !shell.is_empty())
}

/// Answers a shell.
pub(super) fn answer(
    shell: &OsStr,
    arguments: &[OsString],
    mut command: clap::Command,
    printer: &Printer,
) -> ExitStatus {
    let shells = Shells::builtins();
    let name = Path::new(shell).file_stem().unwrap_or(shell).to_string_lossy();
    let Some(shell) = shells.completer(&name) else { return ExitStatus::Usage };
    let words: Vec<OsString> = arguments.iter().skip_while(|word| *word != "--").skip(1).cloned().collect();
    if words.is_empty() {
        return ExitStatus::Usage;
    }
    command.build();
    let names = Arc::new(Names::new(&words));
    let command = place::names(command, &names);
    let mut command = outside::with_outside(command, names.environment());
    let mut answer = Vec::new();
    let here = env::current_dir().ok();
    if shell.write_complete(&mut command, words, here.as_deref(), &mut answer).is_err() {
        return ExitStatus::Failed;
    }
    match printer.raw(&String::from_utf8_lossy(&answer)) {
        Ok(()) => ExitStatus::Done,
        Err(error) => error.status(),
    }
}
