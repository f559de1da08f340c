//! The audit log, page by page and as a whole.

use std::{collections::VecDeque, io, sync::Arc};

use axum::body::{Body, Bytes};
use futures_util::stream;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::json;

use super::{
    app::App,
    call::{Answer, Call},
    clock,
    page::{cursor_of, limit_of},
    standing::Standing,
};
use crate::{
    core::{
        audit::{StoredEntry, line},
        change::Change,
        error::Error,
        port::records::{AuditBase, AuditFilter},
    },
    proto::{
        audit::{EXPORT_FORM, ExportAudit, ExportLine, HeadWitness, ListAudit},
        endpoint::NDJSON,
        page::Page,
    },
};

/// Entries that are read together.
const READ: usize = 2000;

pub(super) async fn list(call: Call<ListAudit>) -> Result<Answer<ListAudit>, Error> {
    let request = call.request;
    let limit = limit_of(request.limit)?;
    let before = request.cursor.as_deref().map(cursor_of).transpose()?;
    let filter = AuditFilter {
        actor: request.actor,
        action: request.action,
        target: request.target,
        outcome: request.outcome,
        correlation: request.correlation,
        since: request.since,
        until: request.until,
    };
    let page = call.app.records.audit_list(&filter, before, limit).await?;
    let next_cursor = page.next.map(|number: u64| number.to_string());
    Ok(Answer::ok(&Page { items: page.items, next_cursor }))
}

pub(super) async fn export(call: Call<ExportAudit>) -> Result<Answer<ExportAudit>, Error> {
    let app = call.app.clone();
    // One look says where the log begins, and it comes first: the entry that tells of a trim is older than the last one then.
    let base = app.records.audit_base().await?;
    // Who takes the whole log away is in the log.
    let entry = call.origin.done("audit.export", "audit", json!({}));
    app.store.commit(Change::new().audit(entry)).await?;
    let last = app.heads.chain.borrow().number;
    let telling = Telling {
        standing: Standing::new(&app, call.credentials.clone()),
        last,
        told: base.as_ref().map_or(0, |base| base.chain.number),
        ready: VecDeque::from([beginning(&app, base).await?]),
        entries: 0,
        over: false,
        app,
    };
    let pieces = stream::unfold(telling, |mut telling| async move {
        let piece = telling.next().await?;
        Some((piece, telling))
    });
    Ok(Answer::streamed(NDJSON, Body::from_stream(pieces)))
}

/// The header and the heads.
async fn beginning(app: &App, base: Option<AuditBase>) -> Result<Bytes, Error> {
    let mut text = Vec::new();
    push(&mut text, &header(app, clock::now(), base, false));
    for envelope in app.heads.exported().await? {
        push(&mut text, &ExportLine::Head { witness: HeadWitness::File, times: 0, envelope });
    }
    for (envelope, times) in app.heads.told() {
        push(&mut text, &ExportLine::Head { witness: HeadWitness::Agents, times, envelope });
    }
    Ok(text.into())
}

/// The first line of an export, or of an archive.
#[must_use]
pub fn header(app: &App, time: Timestamp, base: Option<AuditBase>, archive: bool) -> ExportLine {
    let keys = app.audit_keys();
    let until = keys.iter().filter_map(|key| Some((key.key.to_string(), key.until?)));
    ExportLine::Header {
        export: EXPORT_FORM.into(),
        server: app.server,
        version: env!("CARGO_PKG_VERSION").into(),
        time,
        until: until.collect(),
        keys: keys.iter().map(|key| key.key.to_string()).collect(),
        base: base.map(|base| base.envelope),
        archive,
    }
}

/// An export that is being told, as fast as it is read.
struct Telling {
    app: Arc<App>,
    standing: Standing,
    ready: VecDeque<Bytes>,
    /// The last entry when it began.
    last: u64,
    told: u64,
    entries: u64,
    over: bool,
}

impl Telling {
    /// The next lines; `None` at the end. An error breaks the connection, so that nobody takes it for the end.
    async fn next(&mut self) -> Option<io::Result<Bytes>> {
        if let Some(ready) = self.ready.pop_front() {
            return Some(Ok(ready));
        }
        if self.over {
            return None;
        }
        let app = self.app.clone();
        let entries = tokio::select! {
            biased;
            () = self.standing.lost() => return Some(Err(io::Error::other("the credentials no longer hold"))),
            () = app.shutdown.cancelled() => return Some(Err(io::Error::other("the server ends"))),
            entries = app.records.audit_stored(self.told, READ) => entries,
        };
        let entries = match entries {
            Ok(entries) => entries,
            Err(error) => return Some(Err(io::Error::other(error.to_string()))),
        };
        // What retention takes away just now is no hole in the log.
        if entries.first().is_some_and(|entry| entry.number != self.told + 1) {
            let base = app.records.audit_base().await.ok().flatten();
            if base.is_some_and(|base| base.chain.number > self.told) {
                return Some(Err(io::Error::other("the log was trimmed meanwhile; export it again")));
            }
        }
        Some(Ok(self.lines(entries)))
    }

    fn lines(&mut self, entries: Vec<StoredEntry>) -> Bytes {
        let mut text = Vec::new();
        for entry in entries.into_iter().filter(|entry| entry.number <= self.last) {
            line::write(&mut text, entry.number, &entry.previous, &entry.hash, &entry.text);
            self.told = entry.number;
            self.entries += 1;
        }
        if text.is_empty() {
            self.over = true;
            push(&mut text, &ExportLine::End { number: self.told, entries: self.entries });
        }
        text.into()
    }
}

fn push(text: &mut Vec<u8>, line: &impl Serialize) {
    serde_json::to_writer(&mut *text, line).expect("lines of an export are plain data and always serialize");
    text.push(b'\n');
}
