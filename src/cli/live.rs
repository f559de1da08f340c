//! [`Live`]: a part of the terminal that is drawn over again in place.

use std::io::{self, Write};

use super::error::CliError;

/// Begins what a terminal shows at once, and ends it; one that does not know them passes over them.
const BEGIN: &str = "\u{1b}[?2026h";
const END: &str = "\u{1b}[?2026l";

/// Lines that stand at the cursor.
#[derive(Debug)]
pub struct Live {
    /// The lines that are there, without their ends.
    shown: Vec<String>,
    body: String,
    status: String,
}

impl Live {
    pub(super) const fn new() -> Self {
        Self { shown: Vec::new(), body: String::new(), status: String::new() }
    }

    /// Shows a text instead of the last one; what is too long for the terminal is counted.
    pub fn draw(&mut self, text: &str) -> Result<(), CliError> {
        text.clone_into(&mut self.body);
        self.status.clear();
        self.write()
    }

    /// Shows a line beneath.
    pub fn status(&mut self, text: &str) {
        self.status = super::printer::calm(text).replace('\n', " ");
        // A terminal that is gone is told by the next text.
        let _ = self.write();
    }

    fn write(&mut self) -> Result<(), CliError> {
        let height = crossterm::terminal::size().map_or(24, |(_, rows)| usize::from(rows)).max(4);
        let lines = fit(&self.body, &self.status, height);
        let text = difference(&self.shown, &lines);
        self.shown = lines;
        if text.is_empty() {
            return Ok(());
        }
        let mut out = io::stdout().lock();
        let written = out.write_all(format!("{BEGIN}{text}{END}").as_bytes()).and_then(|()| out.flush());
        written.map_err(CliError::output)
    }
}

/// The lines that a terminal of this height has room for; the last of the text stays, since it counts the others.
fn fit(body: &str, status: &str, height: usize) -> Vec<String> {
    let mut lines: Vec<String> = body.lines().map(str::to_owned).collect();
    let room = height - 1 - usize::from(!status.is_empty());
    if lines.len() > room {
        let last = lines.pop().unwrap_or_default();
        let hidden = lines.len() + 2 - room;
        lines.truncate(room - 2);
        lines.push(format!("... {hidden} more lines"));
        lines.push(last);
    }
    if !status.is_empty() {
        lines.push(status.to_owned());
    }
    lines
}

/// What makes the new lines of the old ones: the cursor stands below the last line before and after.
fn difference(old: &[String], new: &[String]) -> String {
    if old == new {
        return String::new();
    }
    let mut text = String::new();
    if !old.is_empty() {
        text.push_str(&format!("\u{1b}[{}A\r", old.len()));
    }
    for (at, line) in new.iter().enumerate() {
        if old.get(at) != Some(line) {
            text.push_str(line);
            text.push_str("\u{1b}[K");
        }
        text.push_str("\r\n");
    }
    text.push_str("\u{1b}[J");
    text
}

#[cfg(test)]
mod tests;
