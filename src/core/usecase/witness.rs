//! Holding heads that were given away against the log, raising the alarm, and telling of a restore.

use serde_json::json;

use super::Origin;
use crate::{
    core::{
        audit::{AuditEntry, ChainHead, RESTORED, Restored, head::SignedHead},
        backup::AuditHead,
        change::Change,
        digest::hex,
        error::Error,
        port::{records::Records, store::Store},
        signing::PublicKey,
    },
    id::ServerId,
    proto::{envelope::Envelope, event::EventKind},
};

/// How a head stands to the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// The log contains it.
    Held,
    /// It is of an entry that was trimmed; only an archive can tell.
    Trimmed,
    /// A restore that the log tells of left its entry out.
    Restored,
    /// It is not one of this server's, or no key of the server signed it; it says nothing.
    Foreign(String),
    /// The log does not contain it.
    Tampered(Box<Tampered>),
}

/// A head that the log does not contain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tampered {
    /// The head.
    pub head: SignedHead,
    /// The hash of the entry in its place, hexadecimal; none when there is no such entry.
    pub found: Option<String>,
}

impl Tampered {
    /// The same in words.
    #[must_use]
    pub fn words(&self) -> String {
        let (number, time) = (self.head.chain.number, self.head.time);
        match self.found {
            Some(_) => format!(
                "the audit log was changed before or at entry {number}, of which a head was signed at {time}"
            ),
            None => format!("the audit log ends before entry {number}, of which a head was signed at {time}"),
        }
    }
}

/// Holds a head against the log. `restores` is only asked for when nothing else explains the head.
///
/// # Errors
/// The store cannot serve.
pub async fn hold(
    records: &dyn Records,
    server: ServerId,
    keys: &[PublicKey],
    envelope: &Envelope,
    restores: impl AsyncFnOnce() -> Result<Vec<Restored>, Error>,
) -> Result<Standing, Error> {
    let Some(head) = SignedHead::claimed(envelope) else {
        return Ok(Standing::Foreign("it is not the head of an audit log".into()));
    };
    if head.server != server {
        return Ok(Standing::Foreign(format!("it is of server {}", head.server)));
    }
    let ChainHead { number, hash } = head.chain;
    let found = records.audit_hash(number).await?;
    if found.as_deref() == Some(&hash) || number == 0 {
        return Ok(Standing::Held);
    }
    if let Some(base) = records.audit_base().await? {
        if base.chain == head.chain {
            return Ok(Standing::Held);
        }
        if number < base.chain.number {
            return Ok(Standing::Trimmed);
        }
    }
    // Only now it counts against the server, so only now who signed it has to be known.
    if SignedHead::open(keys, envelope).is_err() {
        let signers = head.signers().collect::<Vec<_>>().join(", ");
        return Ok(Standing::Foreign(format!(
            "no key of this server signed it (its signature names {signers})"
        )));
    }
    if restores().await?.iter().any(|restored| restored.explains(number, head.time)) {
        return Ok(Standing::Restored);
    }
    Ok(Standing::Tampered(Box::new(Tampered { head, found: found.map(|found| hex(&found)) })))
}

/// Writes down that a head is not in the log: an event, and an entry of what is left of the log.
///
/// # Errors
/// The store cannot write.
pub async fn raise(
    store: &dyn Store,
    tampered: &Tampered,
    witness: &str,
    origin: &Origin,
) -> Result<(), Error> {
    let head = &tampered.head;
    let facts = json!({
        "witness": witness,
        "number": head.chain.number,
        "hash": hex(&head.chain.hash),
        "signed_at": head.time,
        "found": tampered.found,
        "detail": tampered.words(),
    });
    let change = Change::new()
        .event(origin.event(EventKind::AuditTampered, facts.clone()))
        .audit(origin.done("audit.tampered", format!("audit/{}", head.chain.number), facts));
    store.commit(change).await?;
    Ok(())
}

/// The entry of whoever restores a backup, the first in the restored store: it says from which entry the log goes on. Heads of
/// later entries, given away before the restore, are explained by it and by nothing else.
#[must_use]
pub fn restored(
    server: ServerId,
    from: &AuditHead,
    backup: &serde_json::Value,
    origin: &Origin,
) -> AuditEntry {
    let origin = Origin { actor: "server".into(), ..origin.clone() };
    let facts = json!({ "number": from.number, "hash": from.hash, "backup": backup });
    origin.done(RESTORED, format!("server/{server}"), facts)
}
