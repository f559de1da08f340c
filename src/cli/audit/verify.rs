//! `worpen audit verify`: finds out whether somebody changed the audit log.

use std::{
    fs::File,
    io::{self, BufRead, BufReader, Read},
    path::{Path, PathBuf},
    thread,
};

use serde::Serialize;
use tokio::sync::mpsc;

use super::{
    super::{
        error::CliError,
        exit::ExitStatus,
        measure::thousands,
        session::{Session, aside},
    },
    open_export,
};
use crate::{
    core::audit::{head::heads_in, line::BEGINNING, verify::Report},
    infra::audit::export::{Outside, Unverified, Verified, verify},
};

const EXAMPLES: &str = "\
Examples:
  worpen audit verify                                     the server's log, as it exports it now
  worpen audit verify audit.ndjson                        an export, without a server
  worpen audit verify audit.ndjson --heads web-1.jsonl    held against what a node was given
  worpen audit verify --heads old-export.ndjson           held against an earlier export

Heads are in the file of the setting audit.heads_file, and on each node in audit-heads.jsonl of the
agent's data folder. Take them from there by a way that the server has no hand in.

Ends with 0 when the log is sound, with 5 when it was changed, with 1 when that cannot be told.";

/// How many parts of a download may wait to be hashed.
const WAITING: usize = 16;

/// Arguments of `worpen audit verify`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// An export; - for stdin. The server is asked for one unless told.
    file: Option<PathBuf>,
    /// A file of heads that were kept elsewhere, or an earlier export; may be given several times.
    #[arg(long, value_name = "FILE")]
    heads: Vec<PathBuf>,
    /// The fingerprint of a key that may sign heads, when no other may; may be given several times.
    #[arg(long, value_name = "FINGERPRINT")]
    key: Vec<String>,
}

/// What is told of a verification.
#[derive(Serialize)]
struct Told<'a> {
    sound: bool,
    #[serde(flatten)]
    report: &'a Report,
    keys: &'a [String],
    seconds: f64,
    entries_per_second: u64,
}

pub(crate) async fn run(args: Args, session: &Session) -> Result<ExitStatus, CliError> {
    let mut outside = Outside { heads: Vec::new(), keys: args.key };
    for path in &args.heads {
        add_heads(path, &mut outside, session)?;
    }
    let verified = match args.file {
        Some(path) => {
            aside(move || {
                let source: Box<dyn Read + Send> = if path.as_os_str() == "-" {
                    Box::new(io::stdin())
                } else {
                    Box::new(File::open(&path).map_err(|error| unreadable(&path, &error))?)
                };
                judged(verify(source, &outside, threads()))
            })
            .await?
        }
        None => download(session, outside).await?,
    };
    tell(&verified, session)
}

/// Verifies the server's export as it comes.
async fn download(session: &Session, outside: Outside) -> Result<Verified, CliError> {
    let mut reply = open_export(session).await?;
    let (parts, coming) = mpsc::channel(WAITING);
    let download = async move {
        loop {
            let part = reply.chunk().await;
            let is_over = !matches!(part, Ok(Some(_)));
            let part = part.transpose().map(|part| part.map_err(io::Error::other));
            // Whoever verifies ends early only with an error of its own.
            let Some(part) = part else { return };
            if parts.send(part).await.is_err() || is_over {
                return;
            }
        }
    };
    let verified = aside(move || {
        judged(verify(Download { parts: coming, part: bytes::Bytes::new() }, &outside, threads()))
    });
    tokio::join!(download, verified).1
}

/// A download, read by what is not async.
struct Download {
    parts: mpsc::Receiver<io::Result<bytes::Bytes>>,
    part: bytes::Bytes,
}

impl Read for Download {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        while self.part.is_empty() {
            match self.parts.blocking_recv() {
                Some(part) => self.part = part?,
                None => return Ok(0),
            }
        }
        let taken = self.part.split_to(self.part.len().min(into.len()));
        into[..taken.len()].copy_from_slice(&taken);
        Ok(taken.len())
    }
}

fn threads() -> usize {
    thread::available_parallelism().map_or(1, Into::into)
}

fn add_heads(path: &Path, outside: &mut Outside, session: &Session) -> Result<(), CliError> {
    let text = before_entries(path).map_err(|error| unreadable(path, &error))?;
    let (heads, others) = heads_in(&text);
    if heads.is_empty() {
        let message = format!("there is no head of an audit log in {}", path.display());
        return Err(CliError::usage(message)
            .hint("take audit-heads.jsonl of an agent's data folder, or the file of audit.heads_file"));
    }
    if others > 0 {
        session.printer.warning(&format!("{others} lines of {} are not heads", path.display()));
    }
    let by =
        path.file_name().map_or_else(|| path.display().to_string(), |name| name.to_string_lossy().into());
    outside.heads.extend(heads.into_iter().map(|head| (head, by.clone())));
    Ok(())
}

/// What stands in a file before the first entry of an export; all of a file of heads.
fn before_entries(path: &Path) -> io::Result<Vec<u8>> {
    let mut file = BufReader::new(File::open(path)?);
    let mut text = Vec::new();
    loop {
        let begun = text.len();
        if file.read_until(b'\n', &mut text)? == 0 {
            return Ok(text);
        }
        if text[begun..].starts_with(BEGINNING) {
            text.truncate(begun);
            return Ok(text);
        }
    }
}

fn unreadable(path: &Path, error: &io::Error) -> CliError {
    CliError::usage(format!("cannot read {}: {error}", path.display()))
}

fn judged(verified: Result<Verified, Unverified>) -> Result<Verified, CliError> {
    verified.map_err(|error| match error {
        Unverified::OtherServer { .. } => CliError::new(ExitStatus::Usage, error),
        _ => CliError::new(ExitStatus::Failed, error),
    })
}

fn tell(Verified { report, keys, took, .. }: &Verified, session: &Session) -> Result<ExitStatus, CliError> {
    let seconds = took.as_secs_f64().max(1e-6);
    #[expect(clippy::cast_precision_loss, reason = "a rate is told in round numbers")]
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a rate is positive")]
    let rate = (report.entries as f64 / seconds) as u64;
    let told = Told { sound: report.findings.is_empty(), report, keys, seconds, entries_per_second: rate };
    session.record(&told, if told.sound { "sound" } else { "tampered" }, || words(&told))?;
    for note in &report.notes {
        session.printer.warning(note);
    }
    if told.sound {
        return Ok(ExitStatus::Done);
    }
    let count = report.findings.len();
    let message = if count == 1 {
        "the audit log was changed in 1 place".to_owned()
    } else {
        format!("the audit log was changed in {count} places")
    };
    Err(CliError::new(ExitStatus::Conflict, message).hint(
        "keep this export, the heads and the server's disk as they are; docs/audit.md tells what comes next",
    ))
}

fn words(told: &Told<'_>) -> String {
    let Report {
        server,
        entries,
        first,
        last,
        base,
        archive,
        heads,
        newest_head,
        heads_before,
        findings,
        ..
    } = told.report;
    let mut lines: Vec<String> = findings.iter().map(|finding| finding.detail.clone()).collect();
    let range = match (first, last) {
        (Some(first), Some(last)) => format!("entries {first} to {last}"),
        _ => "no entries".to_owned(),
    };
    let verdict = if told.sound { "sound" } else { "CHANGED" };
    let whole = if *archive { ", an archive of what was trimmed" } else { "" };
    lines.push(format!("{verdict}: {range} of server {server}{whole}"));
    if let Some(base) = base {
        lines.push(format!("entries up to {base} were trimmed; archives hold them"));
    }
    lines.push(match newest_head {
        Some(number) => {
            format!("held against {heads} heads, the newest that is in the log of entry {number}")
        }
        None if *heads > 0 => format!("held against {heads} heads, none of which is in the log"),
        None => "held against no heads: entries cut off at the end would not show; give some with --heads"
            .to_owned(),
    });
    if *heads_before > 0 {
        lines.push(format!("{heads_before} heads are of entries that were trimmed"));
    }
    lines.push(format!("heads count under: {}", told.keys.join(", ")));
    lines.push(format!(
        "{} entries in {:.2} s: {} entries/s",
        thousands(*entries),
        told.seconds,
        thousands(told.entries_per_second)
    ));
    lines.join("\n")
}
