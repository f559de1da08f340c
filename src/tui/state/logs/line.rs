//! [`Line`]: a line as it is kept, without anything that a terminal would obey.

use jiff::Timestamp;

use super::level::Level;
use crate::tui::figure::{calm, whole};

/// The longest text that is kept of a line, bytes.
const LONGEST: usize = 16 * 1024;
/// Tabs lead to the next multiple of so many columns.
const TAB: usize = 4;

/// A line of a log, or a mark of what became of the log.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::tui) struct Line {
    pub(in crate::tui) time: Timestamp,
    pub(in crate::tui) text: Box<str>,
    /// Which of the sources.
    pub(in crate::tui) source: u16,
    /// What it says itself, or else the line before it.
    pub(in crate::tui) level: Option<Level>,
    /// Whether it is a mark and no line of the log.
    pub(in crate::tui) is_mark: bool,
}

/// The text of a line as it is kept: what progress bars wrote last, no escape sequences, spaces for tabs, cut with a mark.
pub(super) fn clean(text: String) -> Box<str> {
    let is_plain = |byte: u8| (b' '..=b'~').contains(&byte);
    if text.len() <= LONGEST && text.bytes().all(is_plain) {
        return text.into_boxed_str();
    }
    let ended = text.trim_end_matches(['\r', '\n']);
    let last = ended.rfind('\r').map_or(ended, |at| &ended[at + 1..]);
    // What escape sequences take is not shown, so that more than the longest is looked at.
    let looked_at = before(last, 4 * LONGEST);
    let shown = calm(&spaced(looked_at));
    let kept = before(&shown, LONGEST);
    let gone = shown.len() - kept.len() + last.len() - looked_at.len();
    if gone == 0 {
        return shown.into_boxed_str();
    }
    format!("{kept} [... {} more bytes]", whole(gone as u64)).into_boxed_str()
}

/// The beginning of a text, of so many bytes at most.
fn before(text: &str, most: usize) -> &str {
    &text[..text.floor_char_boundary(most)]
}

/// A text with spaces for tabs and without escape sequences.
fn spaced(text: &str) -> String {
    let mut spaced = String::with_capacity(text.len());
    let (mut column, mut rest) = (0, text.chars());
    while let Some(c) = rest.next() {
        match c {
            '\u{1b}' => {
                let behind = rest.clone().next();
                skip_sequence(behind, &mut rest);
            }
            '\u{9b}' => skip_control(&mut rest),
            '\t' => {
                let spaces = TAB - column % TAB;
                spaced.extend(std::iter::repeat_n(' ', spaces));
                column += spaces;
            }
            c => {
                spaced.push(c);
                column += 1;
            }
        }
    }
    spaced
}

fn skip_sequence(kind: Option<char>, rest: &mut std::str::Chars<'_>) {
    match kind {
        Some('[') => {
            rest.next();
            skip_control(rest);
        }
        // Titles, links and the like end with BEL or `ESC \`; one that does not end takes the rest of the line.
        Some(']' | 'P' | '^' | '_' | 'X') => {
            while let Some(c) = rest.next() {
                if c == '\u{7}' || c == '\u{9c}' {
                    return;
                }
                if c == '\u{1b}' {
                    rest.next();
                    return;
                }
            }
        }
        Some('(' | ')' | '*' | '+' | '#' | ' ') => {
            rest.next();
            rest.next();
        }
        Some(_) => {
            rest.next();
        }
        None => {}
    }
}

/// Parameters, and the letter that ends them; anything else belongs to the text.
fn skip_control(rest: &mut std::str::Chars<'_>) {
    while let Some(c) = rest.clone().next() {
        if !(' '..='~').contains(&c) {
            return;
        }
        rest.next();
        if ('@'..='~').contains(&c) {
            return;
        }
    }
}
