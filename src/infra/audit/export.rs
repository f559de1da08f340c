//! Verifying an export as fast as it can be read: one thread reads, the others hash, and their pieces are joined in order.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::{self, Read},
    sync::{Mutex, PoisonError, mpsc},
    thread,
    time::{Duration, Instant},
};

use jiff::Timestamp;

use crate::{
    core::{
        audit::{
            base::SignedBase,
            head::{HeadKey, SignedHead},
            line,
            verify::{self, Extent, Finding, Piece, Report, Tampering, Verification, Witnessed},
        },
        signing::PublicKey,
    },
    id::ServerId,
    proto::{
        audit::{EXPORT_FORM, ExportLine, HeadWitness},
        envelope::Envelope,
    },
};

/// What a thread hashes at a time.
const CHUNK_BYTES: usize = 1024 * 1024;
/// No line is longer: an entry is a few hundred bytes, its arguments are bounded.
const LONGEST_LINE: usize = 64 * 1024 * 1024;

/// Why an export could not be verified, which is no word on whether it was tampered with.
#[derive(Debug, thiserror::Error)]
pub enum Unverified {
    /// It cannot be read.
    #[error("the export cannot be read")]
    Unreadable(#[source] io::Error),
    /// It is something else.
    #[error("this is not an export of an audit log: {0}")]
    NotAnExport(String),
    /// It has no end.
    #[error("the export was cut short: {0}")]
    CutShort(String),
    /// A head belongs to another server.
    #[error("{by} holds heads of server {heads}, and the export is of server {export}")]
    OtherServer {
        /// Where the head is from.
        by: String,
        /// Its server.
        heads: ServerId,
        /// The export's server.
        export: ServerId,
    },
}

/// What an export is held against besides itself.
#[derive(Clone, Debug, Default)]
pub struct Outside {
    /// Heads, and who kept them.
    pub heads: Vec<(Envelope, String)>,
    /// Fingerprints of the only keys that are trusted; those of the export when there are none.
    pub keys: Vec<String>,
}

/// A verified export.
#[derive(Debug)]
pub struct Verified {
    /// What came of it.
    pub report: Report,
    /// The fingerprints of the keys that heads are judged by.
    pub keys: Vec<String>,
    /// When it was exported, by the server's clock.
    pub exported_at: Timestamp,
    /// How long it took.
    pub took: Duration,
}

/// Verifies an export.
///
/// # Errors
/// It is not one, or not all of one; whatever is wrong with the log itself is in the report.
pub fn verify(source: impl Read, outside: &Outside, threads: usize) -> Result<Verified, Unverified> {
    let begun = Instant::now();
    let mut chunks = Chunks::new(source);
    let (header, mut heads) = preamble(&mut chunks)?;
    let mut findings = Vec::new();
    let trusted = trusted(&header, outside, &mut findings);
    let proven = |base| SignedBase::open(&trusted, base).ok().filter(|base| base.server == header.server);
    let base = header.base.as_ref().and_then(proven);
    if header.base.is_some() && base.is_none() {
        findings.push(forged("nothing that holds is signed of where the log was trimmed to"));
    }
    heads.extend(outside.heads.iter().map(|(envelope, by)| (envelope.clone(), by.clone(), true)));
    let witnessed = judge(&header, heads, &trusted, &mut findings)?;
    let watched: BTreeSet<u64> = witnessed.iter().map(|witnessed| witnessed.head.chain.number).collect();
    let Header { server, time, archive, .. } = header;
    let mut verification = Verification::new(Extent { server, time, base, archive });
    hash_all(&mut chunks, server, &watched, threads, &mut verification)?;
    let ends = verification.others();
    let mut report = verification.finish(&witnessed);
    ended(&ends, &report)?;
    report.findings.splice(0..0, findings);
    let keys = trusted.iter().map(|key| key.key.fingerprint_text()).collect();
    Ok(Verified { report, keys, exported_at: time, took: begun.elapsed() })
}

/// The first line of an export.
struct Header {
    server: ServerId,
    time: Timestamp,
    keys: Vec<HeadKey>,
    base: Option<Envelope>,
    archive: bool,
}

type Given = (Envelope, String, bool);

/// Reads what stands before the first entry: the header, and the heads with who kept them.
fn preamble<R: Read>(chunks: &mut Chunks<R>) -> Result<(Header, Vec<Given>), Unverified> {
    let not_one = |why: &str| Unverified::NotAnExport(why.to_owned());
    let first = chunks.line()?.ok_or_else(|| not_one("it is empty"))?;
    let header = match serde_json::from_slice(&first) {
        Ok(ExportLine::Header { export, server, time, keys, until, base, archive, .. })
            if export == EXPORT_FORM =>
        {
            let known = |text: &String| {
                Some(HeadKey { key: PublicKey::parse(text)?, until: until.get(text).copied() })
            };
            Header { server, time, keys: keys.iter().filter_map(known).collect(), base, archive }
        }
        Ok(ExportLine::Header { export, .. }) => {
            return Err(not_one(&format!("its form is '{export}', and this version knows '{EXPORT_FORM}'")));
        }
        _ => {
            return Err(not_one("its first line is not a header; make one with: worpen audit export > FILE"));
        }
    };
    let mut heads = Vec::new();
    while let Some(line) = chunks.line_before(line::BEGINNING)? {
        match serde_json::from_slice(&line) {
            Ok(ExportLine::Head { witness: HeadWitness::File, envelope, .. }) => {
                heads.push((envelope, "the server's file of heads".to_owned(), false));
            }
            Ok(ExportLine::Head { witness: HeadWitness::Agents, times, envelope }) => {
                heads.push((envelope, format!("agents (given back {times} times)"), false));
            }
            _ => {
                chunks.put_back(line);
                break;
            }
        }
    }
    Ok((header, heads))
}

/// The keys whose signatures count.
fn trusted(header: &Header, outside: &Outside, findings: &mut Vec<Finding>) -> Vec<HeadKey> {
    let fingerprint = |key: &HeadKey| key.key.fingerprint_text();
    let wanted = |key: &&HeadKey| outside.keys.is_empty() || outside.keys.contains(&fingerprint(key));
    let trusted: Vec<_> = header.keys.iter().filter(wanted).copied().collect();
    let shown = |keys: &[HeadKey]| keys.iter().map(fingerprint).collect::<Vec<_>>().join(", ");
    if trusted.is_empty() {
        findings.push(forged(&format!(
            "none of the keys that the export names ({}) is one that you trust",
            shown(&header.keys)
        )));
    }
    let signers: BTreeSet<String> = outside
        .heads
        .iter()
        .flat_map(|(envelope, _)| &envelope.signatures)
        .map(|signature| signature.keyid.clone())
        .collect();
    if !signers.is_empty() && !header.keys.iter().any(|key| signers.contains(&fingerprint(key))) {
        let signers = signers.into_iter().collect::<Vec<_>>().join(", ");
        findings.push(forged(&format!(
            "the heads that you gave are signed by {signers}, and the export names only {}: the server's key was replaced",
            shown(&header.keys)
        )));
    }
    trusted
}

/// Says of each head whether its signature is believed.
fn judge(
    header: &Header,
    heads: Vec<Given>,
    trusted: &[HeadKey],
    findings: &mut Vec<Finding>,
) -> Result<Vec<Witnessed>, Unverified> {
    let keys: Vec<PublicKey> = trusted.iter().map(|key| key.key).collect();
    let known: Vec<String> = keys.iter().map(PublicKey::fingerprint_text).collect();
    let mut judged = BTreeMap::new();
    for (envelope, by, is_outside) in heads {
        let Some(head) = SignedHead::claimed(&envelope) else {
            findings.push(forged(&format!("{by} holds an envelope that is not a head")));
            continue;
        };
        if head.server != header.server {
            return Err(Unverified::OtherServer { by, heads: head.server, export: header.server });
        }
        let doubt = if SignedHead::open_by(trusted, &envelope).is_ok() {
            None
        } else if SignedHead::open(&keys, &envelope).is_ok() {
            Some("is signed by a key that had been retired before that entry".to_owned())
        } else if head.signers().any(|signer| known.iter().any(|known| known == signer)) {
            Some("has a signature that does not hold".to_owned())
        } else if is_outside {
            // Whoever gave it vouches for it; what it says is compared, and the key is told once.
            None
        } else {
            let signers = head.signers().collect::<Vec<_>>().join(", ");
            Some(format!("is signed by {signers}, which is not trusted"))
        };
        // The same head from several is one; who came last, from outside, is believed first.
        judged.insert((head.chain, head.time, doubt.is_some()), Witnessed { head, by, doubt });
    }
    Ok(judged.into_values().collect())
}

fn forged(detail: &str) -> Finding {
    Finding { kind: Tampering::ForgedHead, number: 0, to: None, detail: detail.to_owned() }
}

/// Holds the last line against what came before it.
fn ended(ends: &[Vec<u8>], report: &Report) -> Result<(), Unverified> {
    let short = |why: String| Err(Unverified::CutShort(why));
    match ends.iter().find_map(|line| serde_json::from_slice(line).ok()) {
        Some(ExportLine::End { entries, .. }) if entries == report.entries => Ok(()),
        Some(ExportLine::End { entries, .. }) => {
            short(format!("its end counts {entries} entries, and there are {}", report.entries))
        }
        _ => short("its last line is missing; was it downloaded as a whole?".to_owned()),
    }
}

/// Hashes the rest of an export on several threads.
fn hash_all<R: Read>(
    chunks: &mut Chunks<R>,
    server: ServerId,
    watched: &BTreeSet<u64>,
    threads: usize,
    verification: &mut Verification,
) -> Result<(), Unverified> {
    let threads = threads.max(1);
    let (work, waiting) = mpsc::sync_channel::<(u64, Vec<u8>)>(threads);
    let (done, pieces) = mpsc::channel::<(u64, Piece)>();
    let waiting = Mutex::new(waiting);
    thread::scope(|scope| {
        for _ in 0..threads {
            let (waiting, done) = (&waiting, done.clone());
            scope.spawn(move || {
                loop {
                    let next = waiting.lock().unwrap_or_else(PoisonError::into_inner).recv();
                    let Ok((place, lines)) = next else { return };
                    if done.send((place, verify::check(server, &lines, watched))).is_err() {
                        return;
                    }
                }
            });
        }
        drop(done);
        let mut early = BTreeMap::new();
        let mut next = 0;
        let mut join = |(place, piece)| {
            early.insert(place, piece);
            while let Some(piece) = early.remove(&next) {
                verification.add(piece);
                next += 1;
            }
        };
        let mut read = Ok(());
        for place in 0.. {
            match chunks.lines() {
                Ok(Some(lines)) => {
                    if work.send((place, lines)).is_err() {
                        break;
                    }
                }
                Ok(None) => break,
                Err(error) => {
                    read = Err(error);
                    break;
                }
            }
            pieces.try_iter().for_each(&mut join);
        }
        drop(work);
        pieces.iter().for_each(&mut join);
        read
    })
}

/// Cuts what is read at the ends of lines.
struct Chunks<R> {
    source: R,
    held: Vec<u8>,
    is_over: bool,
}

impl<R: Read> Chunks<R> {
    fn new(source: R) -> Self {
        Self { source, held: Vec::new(), is_over: false }
    }

    /// The next line, without its end.
    fn line(&mut self) -> Result<Option<Vec<u8>>, Unverified> {
        self.line_before(b"\n")
    }

    /// The next line, unless it begins like this.
    fn line_before(&mut self, beginning: &[u8]) -> Result<Option<Vec<u8>>, Unverified> {
        let mut looked = 0;
        loop {
            if let Some(at) = self.held[looked..].iter().position(|byte| *byte == b'\n') {
                if self.held.starts_with(beginning) {
                    return Ok(None);
                }
                let mut line: Vec<u8> = self.held.drain(..=looked + at).collect();
                line.pop();
                return Ok(Some(line));
            }
            looked = self.held.len();
            if self.is_over {
                let rest = std::mem::take(&mut self.held);
                return Ok((!rest.is_empty()).then_some(rest));
            }
            self.more()?;
        }
    }

    fn put_back(&mut self, mut line: Vec<u8>) {
        line.push(b'\n');
        self.held.splice(0..0, line);
    }

    /// The next lines, whole.
    fn lines(&mut self) -> Result<Option<Vec<u8>>, Unverified> {
        loop {
            if self.held.len() >= CHUNK_BYTES || self.is_over {
                let end = if self.is_over {
                    self.held.len()
                } else {
                    self.held.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1)
                };
                if end > 0 {
                    let rest = self.held.split_off(end);
                    return Ok(Some(std::mem::replace(&mut self.held, rest)));
                }
                if self.is_over {
                    return Ok(None);
                }
            }
            self.more()?;
        }
    }

    fn more(&mut self) -> Result<(), Unverified> {
        if self.held.len() > LONGEST_LINE {
            return Err(Unverified::NotAnExport("a line has no end".to_owned()));
        }
        let had = self.held.len();
        self.held.resize(had + CHUNK_BYTES, 0);
        let read = loop {
            match self.source.read(&mut self.held[had..]) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                read => break read,
            }
        };
        let read = read.map_err(Unverified::Unreadable);
        self.held.truncate(had + read.as_ref().copied().unwrap_or(0));
        self.is_over = read? == 0;
        Ok(())
    }
}

#[cfg(test)]
mod tests;
