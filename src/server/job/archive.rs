//! Moves the audit log's oldest entries into archives, once they are kept no longer: the archive is written, synced and
//! verified before anything is removed.

use std::{
    fs::{self, File},
    io::{self, Write},
    path::Path,
    sync::Arc,
    time::Duration,
};

use jiff::SignedDuration;

use crate::{
    api::{app::App, clock},
    config::private,
    core::{
        audit::{StoredEntry, head::SignedHead, line},
        error::Error,
        port::records::AuditBase,
        usecase::{Origin, retention},
    },
    infra::audit::export::{Outside, verify},
    proto::audit::{EXPORT_FORM, ExportLine, HeadWitness},
};

/// The folder of archives in the data folder.
const FOLDER: &str = "audit-archive";
/// Entries of one archive.
const MOST: usize = 10_000;
/// Fewer are not worth an archive. The entry that tells of the last one is among them.
const LEAST: u64 = 100;
/// Entries that are read together.
const READ: usize = 1000;
/// How often it is asked what is old enough. Entries become so by the clock alone.
const EACH: Duration = Duration::from_secs(3600);

/// Looks each hour.
pub(in crate::server) async fn run(app: Arc<App>, kept: Duration) {
    loop {
        match archive_oldest(&app, kept).await {
            Ok(true) => continue,
            Ok(false) => {}
            Err(error) => tracing::error!("the oldest of the audit log stays where it is: {error}"),
        }
        tokio::select! {
            () = tokio::time::sleep(EACH) => {}
            () = app.shutdown.cancelled() => return,
        }
    }
}

/// Moves some of what is old enough; says whether there was any.
async fn archive_oldest(app: &App, kept: Duration) -> Result<bool, Error> {
    let now = clock::now();
    let age = SignedDuration::try_from(kept).unwrap_or(SignedDuration::MAX);
    let before = now.saturating_sub(age).unwrap_or(jiff::Timestamp::MIN);
    let Some(chain) = app.records.audit_older(before, MOST).await? else { return Ok(false) };
    let head = SignedHead::sign(&app.trust.current().signing, app.server, chain, now);
    let base = app.records.audit_base().await?;
    let first = base.as_ref().map_or(0, |base| base.chain.number) + 1;
    if chain.number + 1 < first + LEAST {
        return Ok(false);
    }
    let path = app.data.join(FOLDER).join(format!("audit-{first:012}-{:012}.ndjson", chain.number));
    let failed = |what: &str, error: &dyn std::fmt::Display| {
        Error::Unavailable(format!("the archive {} cannot be {what}: {error}", path.display()))
    };
    let writing = path.with_extension("new");
    let written = write(app, &writing, base, &head).await;
    written.map_err(|error| failed("written", &error))?;
    let (from, to) = (writing, path.clone());
    let kept = tokio::task::spawn_blocking(move || keep(&from, &to)).await;
    let kept = kept.unwrap_or_else(|error| Err(io::Error::other(error)));
    kept.map_err(|error| failed("kept", &error))?;
    let origin = Origin::server(clock::now(), app.server.to_string());
    retention::audit::trim(&*app.store, &head, &path.display().to_string(), &origin).await?;
    tracing::info!(archive = %path.display(), "entries {first} to {} of the audit log are archived", chain.number);
    Ok(true)
}

/// Writes the entries up to a head, in the form of an export.
async fn write(app: &App, path: &Path, base: Option<AuditBase>, head: &SignedHead) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        private::folder(folder)?;
    }
    // What a fall left half written.
    let _ = fs::remove_file(path);
    let mut file = private::touch(path)?;
    let mut told = base.as_ref().map_or(0, |base| base.chain.number);
    let header = ExportLine::Header {
        export: EXPORT_FORM.into(),
        server: app.server,
        version: env!("CARGO_PKG_VERSION").into(),
        time: head.time,
        keys: app.audit_keys().iter().map(ToString::to_string).collect(),
        base: base.map(|base| base.head),
    };
    let witness = HeadWitness::File;
    let mut text = Vec::new();
    push(&mut text, &header)?;
    push(&mut text, &ExportLine::Head { witness, times: 0, envelope: head.envelope.clone() })?;
    let mut entries = 0;
    while told < head.chain.number {
        let read = app.records.audit_stored(told, READ).await.map_err(io::Error::other)?;
        let some: Vec<StoredEntry> =
            read.into_iter().filter(|entry| entry.number <= head.chain.number).collect();
        if some.is_empty() {
            break;
        }
        for entry in some {
            line::write(&mut text, entry.number, &entry.previous, &entry.hash, &entry.text);
            (told, entries) = (entry.number, entries + 1);
        }
        file.write_all(&text)?;
        text.clear();
    }
    push(&mut text, &ExportLine::End { number: told, entries })?;
    file.write_all(&text)?;
    file.sync_all()
}

fn push(text: &mut Vec<u8>, line: &ExportLine) -> io::Result<()> {
    serde_json::to_writer(&mut *text, line)?;
    text.push(b'\n');
    Ok(())
}

/// Gives an archive its name, when it is sound: what was tampered with is not tidied away.
fn keep(from: &Path, to: &Path) -> io::Result<()> {
    let verified = verify(File::open(from)?, &Outside::default(), 1).map_err(io::Error::other)?;
    if let Some(finding) = verified.report.findings.first() {
        return Err(io::Error::other(format!("the log was tampered with: {}", finding.detail)));
    }
    fs::rename(from, to)?;
    let folder = to.parent().unwrap_or(Path::new("."));
    File::open(folder)?.sync_all()
}
