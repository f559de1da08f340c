//! A pager for what is longer than the terminal: `$WORPEN_PAGER`, `$PAGER`, else `less`.

use std::{
    env,
    io::{self, Write},
    process::{Command, Stdio},
};

/// Cuts instead of wrapping, keeps colours, and leaves the text on the screen.
const LESS: &str = "FRSX";

/// The pager's command line; `None` where the person wants none.
pub(super) fn chosen() -> Option<String> {
    let set = |name| env::var(name).ok();
    let command = set("WORPEN_PAGER").or_else(|| set("PAGER")).unwrap_or_else(|| "less -FIRSX".to_owned());
    let command = command.trim().to_owned();
    (!matches!(command.as_str(), "" | "cat")).then_some(command)
}

/// Shows a text through a pager, until the person leaves it.
///
/// # Errors
/// There is no such pager.
pub(super) fn show(command: &str, text: &str) -> io::Result<()> {
    // A pager's settings are written as for a shell, with arguments and quotes.
    let mut shell = Command::new("sh");
    shell.args(["-c", command]).stdin(Stdio::piped());
    if env::var_os("LESS").is_none() {
        shell.env("LESS", LESS);
    }
    let mut pager = shell.spawn()?;
    if let Some(mut input) = pager.stdin.take() {
        // Whoever leaves the pager early has seen enough.
        let _ = input.write_all(text.as_bytes());
    }
    let ended = pager.wait()?;
    // 126 and 127 are the shell's: it could not run the pager.
    match ended.code() {
        Some(code @ (126 | 127)) => Err(io::Error::other(format!("'{command}' ended with {code}"))),
        _ => Ok(()),
    }
}
