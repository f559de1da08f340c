//! Moves the audit log's oldest entries into archives, once they are kept no longer: the archive is written, synced and
//! verified before anything is removed.

use std::{
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use jiff::{SignedDuration, Timestamp};

use crate::{
    api::{app::App, audit::header, clock},
    config::private,
    core::{
        audit::{ChainHead, StoredEntry, base::SignedBase, head::SignedHead, line},
        error::Error,
        port::records::AuditBase,
        usecase::{Origin, retention, witness},
    },
    infra::audit::export::{Outside, verify},
    proto::audit::{ExportLine, HeadWitness},
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
    let mut archivist = Archivist { app, kept, ready: None };
    loop {
        match archivist.archive_oldest().await {
            Ok(true) => continue,
            Ok(false) => {}
            Err(error) => tracing::error!("the oldest of the audit log stays where it is: {error}"),
        }
        tokio::select! {
            () = tokio::time::sleep(EACH) => {}
            () = archivist.app.shutdown.cancelled() => return,
        }
    }
}

struct Archivist {
    app: Arc<App>,
    kept: Duration,
    /// An archive of which the entries could not be removed. It is what the next try removes by: another one each hour would
    /// fill the disk, and to throw it away would be wrong, should the removal that seemed to fail be found done after a crash.
    ready: Option<Archive>,
}

/// Entries that have an archive, or are to have one.
#[derive(Clone)]
struct Archive {
    first: u64,
    /// The last of them.
    chain: ChainHead,
    path: PathBuf,
}

impl Archivist {
    /// Moves some of what is old enough; says whether there was any.
    async fn archive_oldest(&mut self) -> Result<bool, Error> {
        let app = &*self.app;
        let now = clock::now();
        let keys = app.audit_keys();
        let stored = app.records.audit_base().await?;
        let base = witness::base(&*app.records, app.server, &keys).await?;
        if stored.is_some() && base.is_none() {
            return Err(Error::Unavailable("nothing proves where the log was trimmed to".into()));
        }
        let first = base.map_or(0, |base| base.chain.number) + 1;
        let ready = self.ready.take().filter(|ready| ready.first == first && ready.path.exists());
        let archive = match &ready {
            Some(ready) => ready.clone(),
            None => match self.due(first, now).await? {
                Some(due) => due,
                None => return Ok(false),
            },
        };
        // An archive needs room before it makes any.
        if ready.is_none() && app.room.is_full() {
            return Err(Error::Full { detail: app.room.refusal() });
        }
        // A log that was rewritten fits in itself. What was given away of it tells, and must not be tidied away.
        app.heads.hold_file(app).await?;
        if let Some(alarm) = app.heads.alarm() {
            return Err(Error::Unavailable(alarm));
        }
        if ready.is_none() {
            keep(app, &archive, stored, now).await?;
        } else {
            verified(app, &archive, &archive.path).await?;
        }
        let Archive { chain, path, .. } = &archive;
        let restores = app.heads.restores(app).await?.iter().filter(|told| told.number <= chain.number);
        let signing = app.trust.current();
        let base = SignedBase::sign(&signing.signing, app.server, *chain, restores.copied().collect(), now);
        let origin = Origin::server(clock::now(), app.server.to_string());
        let trimmed = retention::audit::trim(&*app.store, &base, &path.display().to_string(), &origin).await;
        if let Err(error) = trimmed {
            self.ready = Some(archive);
            return Err(error.into());
        }
        let (archive, last) = (path.display(), chain.number);
        tracing::info!(%archive, "entries {first} to {last} of the audit log are archived");
        Ok(true)
    }

    /// What is old enough to be archived.
    async fn due(&self, first: u64, now: Timestamp) -> Result<Option<Archive>, Error> {
        let age = SignedDuration::try_from(self.kept).unwrap_or(SignedDuration::MAX);
        let before = now.saturating_sub(age).unwrap_or(Timestamp::MIN);
        let older = self.app.records.audit_older(before, MOST).await?;
        let Some(chain) = older.filter(|chain| chain.number + 1 >= first + LEAST) else { return Ok(None) };
        let name = format!("audit-{first:012}-{:012}.ndjson", chain.number);
        Ok(Some(Archive { first, chain, path: self.app.data.join(FOLDER).join(name) }))
    }
}

/// Writes an archive and gives it its name when it is sound. Nothing is left of one that is not.
async fn keep(app: &App, archive: &Archive, base: Option<AuditBase>, now: Timestamp) -> Result<(), Error> {
    let failed = |what: &str, error: &dyn std::fmt::Display| {
        Error::Unavailable(format!("the archive {} cannot be {what}: {error}", archive.path.display()))
    };
    let writing = archive.path.with_extension("new");
    let head = SignedHead::sign(&app.trust.current().signing, app.server, archive.chain, now);
    let written = write(app, &writing, base, &head).await.map_err(|error| failed("written", &error));
    let sound = match written {
        Ok(()) => verified(app, archive, &writing).await,
        Err(error) => Err(error),
    };
    if sound.is_err() {
        let _ = fs::remove_file(&writing);
        return sound;
    }
    let (from, to) = (writing, archive.path.clone());
    let named = tokio::task::spawn_blocking(move || {
        fs::rename(&from, &to)?;
        let folder = to.parent().unwrap_or(Path::new("."));
        File::open(folder)?.sync_all()
    });
    let named = named.await.unwrap_or_else(|error| Err(io::Error::other(error)));
    named.map_err(|error| failed("kept", &error))
}

/// Holds an archive against itself and against every head of its entries that was given away.
async fn verified(app: &App, archive: &Archive, path: &Path) -> Result<(), Error> {
    let heads = app.heads.given(app, archive.first..=archive.chain.number).await?;
    let (outside, path) = (Outside { heads, keys: Vec::new() }, path.to_owned());
    let verified =
        tokio::task::spawn_blocking(move || verify(File::open(path)?, &outside, 1).map_err(io::Error::other));
    let verified = verified.await.unwrap_or_else(|error| Err(io::Error::other(error)));
    let verified = verified.map_err(|error| {
        Error::Unavailable(format!("the archive {} cannot be verified: {error}", archive.path.display()))
    })?;
    match verified.report.findings.first() {
        Some(finding) => Err(Error::Unavailable(format!("the log was tampered with: {}", finding.detail))),
        None => Ok(()),
    }
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
    let witness = HeadWitness::File;
    let mut text = Vec::new();
    push(&mut text, &header(app, head.time, base, true))?;
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

#[cfg(test)]
mod tests;
