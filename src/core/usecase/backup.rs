//! Taking a backup: who took which.

use serde_json::json;

use super::Origin;
use crate::{
    core::{backup::Manifest, change::Change, error::Error, port::store::Store},
    proto::event::EventKind,
};

/// Writes down, before a byte of it leaves, that somebody takes a backup, and what is in it.
///
/// # Errors
/// The store cannot write; the backup must not leave then.
pub async fn taken(
    store: &dyn Store,
    manifest: &Manifest,
    recipients: &[String],
    origin: &Origin,
) -> Result<(), Error> {
    let files: Vec<&str> = manifest.files.iter().map(|file| file.name.as_str()).collect();
    let bytes: u64 = manifest.files.iter().map(|file| file.bytes).sum();
    let data = json!({ "taken_at": manifest.taken_at, "sequence": manifest.sequence, "audit": manifest.audit,
        "files": files, "bytes": bytes, "recipients": recipients });
    let change = Change::new()
        .event(origin.event(EventKind::ServerBackedUp, data.clone()))
        .audit(origin.done("backup.create", format!("server/{}", manifest.server), data));
    store.commit(change).await?;
    Ok(())
}
