//! The line of an entry in an export. It is JSON, but of one fixed layout with the stored bytes at its end, so that they
//! are hashed as they stand: `{"type":"entry","number":7,"previous":"HEX","hash":"HEX","entry":STORED}`.

use std::io::Write;

use crate::core::digest::{from_hex, push_hex};

/// What every entry's line begins with.
pub const BEGINNING: &[u8] = br#"{"type":"entry","number":"#;
const PREVIOUS: &[u8] = br#","previous":""#;
const HASH: &[u8] = br#"","hash":""#;
const ENTRY: &[u8] = br#"","entry":"#;

/// An entry's line, read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EntryLine<'a> {
    /// Its place.
    pub number: u64,
    /// The hash before.
    pub previous: [u8; 32],
    /// Its hash.
    pub hash: [u8; 32],
    /// The entry's bytes, which its hash covers.
    pub text: &'a [u8],
}

/// Reads a line, without its end; `None` when it is not an entry's.
#[must_use]
pub fn read(line: &[u8]) -> Option<EntryLine<'_>> {
    let rest = line.strip_prefix(BEGINNING)?;
    let digits = rest.iter().take(20).take_while(|byte| byte.is_ascii_digit()).count();
    let number = str::from_utf8(&rest[..digits]).ok()?.parse().ok()?;
    let (previous, rest) = rest[digits..].strip_prefix(PREVIOUS)?.split_at_checked(64)?;
    let (hash, rest) = rest.strip_prefix(HASH)?.split_at_checked(64)?;
    let text = rest.strip_prefix(ENTRY)?.strip_suffix(b"}")?;
    Some(EntryLine { number, previous: from_hex(previous)?, hash: from_hex(hash)?, text })
}

/// Writes the line of an entry as it is stored. A store that was tampered with may hold anything: what would break the line
/// is written in a way that does not verify.
pub fn write(into: &mut Vec<u8>, number: u64, previous: &[u8], hash: &[u8], text: &[u8]) {
    into.extend_from_slice(BEGINNING);
    // Nothing can go wrong in memory.
    let _ = write!(into, "{number}");
    into.extend_from_slice(PREVIOUS);
    push_hex(into, previous);
    into.extend_from_slice(HASH);
    push_hex(into, hash);
    into.extend_from_slice(ENTRY);
    into.extend(text.iter().map(|byte| if *byte == b'\n' { b' ' } else { *byte }));
    into.extend_from_slice(b"}\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_read_as_it_was_written_and_is_json() {
        let mut line = Vec::new();
        write(&mut line, 7, &[1; 32], &[0xab; 32], br#"{"actor":"server"}"#);
        let json: serde_json::Value = serde_json::from_slice(&line).unwrap();
        assert_eq!((json["number"].as_u64(), json["entry"]["actor"].as_str()), (Some(7), Some("server")));
        let read = read(line.strip_suffix(b"\n").unwrap()).unwrap();
        let wanted =
            EntryLine { number: 7, previous: [1; 32], hash: [0xab; 32], text: br#"{"actor":"server"}"# };
        assert_eq!(read, wanted);
    }

    #[test]
    fn a_line_of_another_layout_is_none() {
        let mut line = Vec::new();
        write(&mut line, 7, &[1; 32], &[2; 31], b"{}");
        for line in [&line[..line.len() - 1], b"", b"{}", br#"{"type":"entry","number":x"#] {
            assert_eq!(read(line), None, "{}", String::from_utf8_lossy(line));
        }
    }
}
