//! Files of the audit log: heads that are kept outside of the store, and exports.

pub mod export;

use std::{
    fs::{File, OpenOptions},
    io::{self, Read, Seek, SeekFrom, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use crate::{core::audit::head::heads_in, proto::envelope::Envelope};

/// How much of a file is read at a time: some 2,000 heads.
const PART_BYTES: u64 = 1024 * 1024;

/// A file of heads, an envelope a line. It is only ever added to, so that it can lie where nothing else may be done
/// (`chattr +a`, another machine).
#[derive(Debug)]
pub struct HeadsFile {
    path: PathBuf,
    file: File,
}

impl HeadsFile {
    /// Opens the file, or makes an empty one with mode 0600. Ends a line that a fall left half written.
    ///
    /// # Errors
    /// As the operating system says.
    pub fn open(path: &Path) -> io::Result<Self> {
        let mut file = OpenOptions::new().append(true).create(true).mode(0o600).open(path)?;
        if !ends_a_line(path)? {
            file.write_all(b"\n")?;
        }
        Ok(Self { path: path.to_owned(), file })
    }

    /// Adds a head; it is on disk when this returns.
    ///
    /// # Errors
    /// As the operating system says; a part of the line may be in the file then, and the next begins a line of its own.
    pub fn add(&mut self, head: &Envelope) -> io::Result<()> {
        let mut line = serde_json::to_vec(head)?;
        line.push(b'\n');
        let added = self.file.write_all(&line).and_then(|()| self.file.sync_data());
        if added.is_err() && !ends_a_line(&self.path).unwrap_or(true) {
            // Where even this fails, the line is told from a head when it is read.
            let _ = self.file.write_all(b"\n");
        }
        added
    }
}

/// Adds a head to a file that may be open elsewhere too: each line is written at once, at the end.
///
/// # Errors
/// As the operating system says.
pub fn add_head(path: &Path, head: &Envelope) -> io::Result<()> {
    HeadsFile::open(path)?.add(head)
}

/// The newest heads of a file, oldest first, as far as they lie in its last `bytes`. A file that is not there has none.
///
/// # Errors
/// As the operating system says.
pub fn newest_heads(path: &Path, bytes: u64) -> io::Result<Vec<Envelope>> {
    let mut file = match File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        opened => opened?,
    };
    let length = file.metadata()?.len();
    let from = length.saturating_sub(bytes);
    file.seek(SeekFrom::Start(from))?;
    let mut text = Vec::new();
    file.take(bytes).read_to_end(&mut text)?;
    // The first line is whole only where the file begins.
    let whole = if from == 0 { 0 } else { text.iter().position(|byte| *byte == b'\n').unwrap_or(text.len()) };
    Ok(heads_in(&text[whole..]).0)
}

/// The heads of a file from a place in it on, some at a time, and the place after them; none at its end.
///
/// # Errors
/// As the operating system says.
pub fn heads_from(path: &Path, from: u64) -> io::Result<(Vec<Envelope>, Option<u64>)> {
    let mut file = match File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok((Vec::new(), None)),
        opened => opened?,
    };
    file.seek(SeekFrom::Start(from))?;
    let mut text = Vec::new();
    file.take(PART_BYTES).read_to_end(&mut text)?;
    if (text.len() as u64) < PART_BYTES {
        return Ok((heads_in(&text).0, None));
    }
    // The last line goes on in the next part, unless it is so long that it cannot be a head.
    let end = text.iter().rposition(|byte| *byte == b'\n').map_or(text.len(), |at| at + 1);
    Ok((heads_in(&text[..end]).0, Some(from + end as u64)))
}

fn ends_a_line(path: &Path) -> io::Result<bool> {
    let mut file = File::open(path)?;
    if file.metadata()?.len() == 0 {
        return Ok(true);
    }
    file.seek(SeekFrom::End(-1))?;
    let mut last = [0];
    file.read_exact(&mut last)?;
    Ok(last == *b"\n")
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::{
        core::{
            audit::{ChainHead, head::SignedHead},
            signing::SigningKey,
        },
        id::ServerId,
    };

    #[test]
    fn a_line_that_was_left_half_written_costs_no_other() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("heads.jsonl");
        let key = SigningKey::from_seed(&[1; 32]);
        let server = ServerId::generate();
        let head = |number| {
            let chain = ChainHead { number, hash: [9; 32] };
            SignedHead::sign(&key, server, chain, Timestamp::UNIX_EPOCH).envelope
        };
        HeadsFile::open(&path).unwrap().add(&head(1)).unwrap();
        OpenOptions::new().append(true).open(&path).unwrap().write_all(br#"{"payload":"eyJ"#).unwrap();
        HeadsFile::open(&path).unwrap().add(&head(2)).unwrap();
        assert_eq!(newest_heads(&path, 1 << 20).unwrap(), [head(1), head(2)]);
        assert_eq!(newest_heads(&path, 700).unwrap(), [head(2)], "what is cut off is no line");
        assert_eq!(newest_heads(&folder.path().join("none"), 100).unwrap(), []);
    }

    #[test]
    fn a_long_file_is_read_in_parts_and_each_head_once() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("heads.jsonl");
        assert_eq!(heads_from(&path, 0).unwrap(), (vec![], None));
        let (key, server) = (SigningKey::from_seed(&[1; 32]), ServerId::generate());
        let chain = ChainHead { number: 7, hash: [9; 32] };
        let head = SignedHead::sign(&key, server, chain, Timestamp::UNIX_EPOCH).envelope;
        let line = serde_json::to_string(&head).unwrap() + "\n";
        let count = 2 * usize::try_from(PART_BYTES).unwrap() / line.len() + 3;
        let garbage = "x".repeat(usize::try_from(PART_BYTES).unwrap() + 5);
        std::fs::write(&path, format!("{line}{garbage}\n{}", line.repeat(count))).unwrap();
        let (mut read, mut at) = (0, Some(0));
        while let Some(from) = at {
            let (heads, next) = heads_from(&path, from).unwrap();
            assert!(heads.iter().all(|read| *read == head));
            (read, at) = (read + heads.len(), next);
        }
        assert_eq!(read, count + 1);
    }
}
