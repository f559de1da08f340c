//! [`Joiner`]: lines of several outputs, put together again from the pieces in which they come.

use std::collections::BTreeMap;

use super::super::printer::Side;
use crate::id::ExecutionId;

/// A line that is longer is shown in parts; of each output so much is held.
const LONGEST_BYTES: usize = 16 * 1024;

/// The lines that have not ended yet.
#[derive(Debug, Default)]
pub(super) struct Joiner {
    held: BTreeMap<(ExecutionId, Side), Vec<u8>>,
}

impl Joiner {
    /// Takes a piece and gives each line that ended, without its end.
    pub(super) fn push(
        &mut self,
        execution: ExecutionId,
        side: Side,
        mut bytes: &[u8],
        mut line: impl FnMut(&[u8]),
    ) {
        let held = self.held.entry((execution, side)).or_default();
        while let Some(end) = bytes.iter().position(|byte| *byte == b'\n') {
            if held.is_empty() {
                line(&bytes[..end]);
            } else {
                held.extend_from_slice(&bytes[..end]);
                line(held);
                held.clear();
            }
            bytes = &bytes[end + 1..];
        }
        held.extend_from_slice(bytes);
        if held.len() >= LONGEST_BYTES {
            line(held);
            held.clear();
        }
        if held.is_empty() {
            self.held.remove(&(execution, side));
        }
    }

    /// Gives what is left of an execution, though its line has no end.
    pub(super) fn flush(&mut self, execution: ExecutionId, mut line: impl FnMut(Side, &[u8])) {
        for side in [Side::Out, Side::Err] {
            if let Some(held) = self.held.remove(&(execution, side)) {
                line(side, &held);
            }
        }
    }

    /// The executions of which something is left.
    pub(super) fn left(&self) -> Vec<ExecutionId> {
        let mut left: Vec<ExecutionId> = self.held.keys().map(|(execution, _)| *execution).collect();
        left.dedup();
        left
    }
}

/// A line as a terminal may show it: what would move the cursor or set the window's title is not obeyed.
pub(super) fn harmless(line: &[u8]) -> Vec<u8> {
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let shown = String::from_utf8_lossy(line);
    shown.chars().map(|c| if c.is_control() && c != '\t' { '\u{fffd}' } else { c }).collect::<String>().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(number: u8) -> ExecutionId {
        format!("0198c0de-0000-7000-8000-0000000000{number:02x}").parse().unwrap()
    }

    fn pushed(joiner: &mut Joiner, execution: u8, side: Side, bytes: &[u8]) -> Vec<Vec<u8>> {
        let mut lines = Vec::new();
        joiner.push(id(execution), side, bytes, |line| lines.push(line.to_vec()));
        lines
    }

    #[test]
    fn a_line_is_held_until_it_ends_and_outputs_are_not_mixed() {
        let mut joiner = Joiner::default();
        assert!(pushed(&mut joiner, 1, Side::Out, b"par").is_empty());
        assert!(pushed(&mut joiner, 2, Side::Out, b"other").is_empty());
        assert!(pushed(&mut joiner, 1, Side::Err, b"odd ").is_empty());
        assert_eq!(pushed(&mut joiner, 1, Side::Out, b"t\n\nnext\nre"), [&b"part"[..], b"", b"next"]);
        let mut left = Vec::new();
        joiner.flush(id(1), |side, line| left.push((side, line.to_vec())));
        assert_eq!(left, [(Side::Out, b"re".to_vec()), (Side::Err, b"odd ".to_vec())]);
        assert_eq!(joiner.left(), [id(2)]);
    }

    #[test]
    fn a_line_without_end_is_shown_in_parts() {
        let mut joiner = Joiner::default();
        let lines = pushed(&mut joiner, 1, Side::Out, &vec![b'x'; LONGEST_BYTES + 5]);
        assert_eq!(lines.iter().map(Vec::len).collect::<Vec<_>>(), [LONGEST_BYTES + 5]);
        assert!(joiner.left().is_empty());
    }

    #[test]
    fn a_terminal_is_shown_no_control_characters() {
        assert_eq!(harmless(b"\x1b]0;title\x07 a\tb\r"), "\u{fffd}]0;title\u{fffd} a\tb".as_bytes());
        assert_eq!(harmless(b"caf\xc3\xa9 \xff"), "café \u{fffd}".as_bytes());
    }
}
