//! Asks for a password without showing it.

use std::io::{self, Read};

use crossterm::terminal;

use super::{
    error::CliError,
    exit::ExitStatus,
    printer::Printer,
    session::{Session, aside},
};
use crate::config::secret::Secret;

/// A password that is there already: from stdin, or asked for.
pub(crate) async fn known(session: &Session, stdin: bool) -> Result<Secret, CliError> {
    if stdin {
        return aside(piped).await;
    }
    if !session.printer.can_ask() {
        return Err(CliError::usage("nobody can be asked for the password")
            .hint("pipe it in and add --password-stdin"));
    }
    let printer = session.printer.clone();
    aside(move || ask(&printer, "Password:")).await
}

/// The present password, asked for before another is set.
pub(crate) async fn present(session: &Session) -> Result<Secret, CliError> {
    if !session.printer.can_ask() {
        return Err(CliError::usage("nobody can be asked for the password")
            .hint("pipe the present and the new one in, a line each, and add --password-stdin"));
    }
    let printer = session.printer.clone();
    aside(move || ask(&printer, "Present password:")).await
}

/// A password that somebody thinks of now: from stdin, or asked for twice, since what is typed is not shown.
pub(crate) async fn fresh(session: &Session, stdin: bool) -> Result<Secret, CliError> {
    let first = known(session, stdin).await?;
    if stdin {
        return Ok(first);
    }
    let printer = session.printer.clone();
    let second = aside(move || ask(&printer, "The same again:")).await?;
    if first == second { Ok(first) } else { Err(CliError::usage("these were two different passwords")) }
}

/// Asks on the terminal; what is typed is not shown. Ctrl-C gives up.
pub(crate) fn ask(printer: &Printer, question: &str) -> Result<Secret, CliError> {
    printer.prompt(question);
    let typed = Unshown::begin().and_then(|unshown| {
        let typed = read(io::stdin().lock().bytes());
        drop(unshown);
        typed
    });
    printer.end_prompt();
    typed.map_err(CliError::input)?.ok_or_else(|| CliError::new(ExitStatus::Interrupted, "nobody signed in"))
}

/// Reads a password from a pipe: everything, without the end of its line.
pub(crate) fn piped() -> Result<Secret, CliError> {
    let text = io::read_to_string(io::stdin()).map_err(CliError::input)?;
    Ok(Secret::new(text.trim_end_matches(['\n', '\r'])))
}

/// Raw mode, in which the terminal shows nothing of what is typed; left whatever happens.
struct Unshown;

impl Unshown {
    fn begin() -> io::Result<Self> {
        terminal::enable_raw_mode().map(|()| Self)
    }
}

impl Drop for Unshown {
    fn drop(&mut self) {
        // A terminal that is gone needs no mode.
        let _ = terminal::disable_raw_mode();
    }
}

/// Reads up to Enter, with the keys that a terminal's own line editing has; `None` when it was given up.
fn read(bytes: impl Iterator<Item = io::Result<u8>>) -> io::Result<Option<Secret>> {
    const CTRL_C: u8 = 0x03;
    const CTRL_D: u8 = 0x04;
    const CTRL_U: u8 = 0x15;
    const BACKSPACE: [u8; 2] = [0x08, 0x7f];

    let mut typed = Vec::new();
    for byte in bytes {
        match byte? {
            CTRL_C | CTRL_D => return Ok(None),
            CTRL_U => typed.clear(),
            b'\r' | b'\n' => {
                let text = String::from_utf8(typed).map_err(|_| io::Error::other("it is not UTF-8"))?;
                return Ok(Some(Secret::new(text)));
            }
            byte if BACKSPACE.contains(&byte) => {
                // A character is its first byte and those that go on with it (RFC 3629).
                while typed.pop().is_some_and(|byte| byte & 0b1100_0000 == 0b1000_0000) {}
            }
            byte => typed.push(byte),
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests;
