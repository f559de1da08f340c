//! Holding heads that were given away against the log, raising the alarm, and telling of a restore.

use serde_json::json;

use super::Origin;
use crate::{
    core::{
        audit::{
            AuditEntry, ChainHead, RESTORED, Restored,
            base::SignedBase,
            head::{HeadKey, SignedHead},
        },
        backup::AuditHead,
        change::Change,
        digest::hex,
        error::Error,
        port::{records::Records, store::Store},
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
            None => format!("the audit log has no entry {number}, of which a head was signed at {time}"),
        }
    }
}

/// What a server's heads are held against, besides the entries in their places.
#[derive(Clone, Copy, Debug)]
pub struct Ground<'a> {
    /// The server.
    pub server: ServerId,
    /// The keys whose word counts.
    pub keys: &'a [HeadKey],
    /// Where the log was trimmed to, if the server itself did that.
    pub base: Option<&'a SignedBase>,
}

impl Ground<'_> {
    /// Holds a head against the hash of the entry in its place. What is said to be tampered with may be explained by a restore
    /// still: [`explained`].
    #[must_use]
    pub fn hold(&self, envelope: &Envelope, found: Option<&[u8]>) -> Standing {
        let Some(head) = SignedHead::claimed(envelope) else {
            return Standing::Foreign("it is not the head of an audit log".into());
        };
        if head.server != self.server {
            return Standing::Foreign(format!("it is of server {}", head.server));
        }
        let ChainHead { number, hash } = head.chain;
        if found == Some(&hash) || number == 0 {
            return Standing::Held;
        }
        if let Some(base) = self.base {
            if base.chain == head.chain {
                return Standing::Held;
            }
            if number < base.chain.number {
                return Standing::Trimmed;
            }
        }
        // Only now it counts against the server, so only now who signed it has to be known.
        if SignedHead::open_by(self.keys, envelope).is_err() {
            let signers = head.signers().collect::<Vec<_>>().join(", ");
            return Standing::Foreign(format!(
                "no key whose word counts for entry {number} signed it (its signature names {signers})"
            ));
        }
        Standing::Tampered(Box::new(Tampered { head, found: found.map(hex) }))
    }
}

/// Whether a restore is why a head is not in the log.
#[must_use]
pub fn explained(tampered: &Tampered, restores: &[Restored]) -> bool {
    let SignedHead { chain, time, .. } = tampered.head;
    restores.iter().any(|restored| restored.explains(chain.number, time))
}

/// Where the log was trimmed to, if this server signed that. Anybody who writes to the store can write a base into it, so one
/// that is not proven explains nothing.
///
/// # Errors
/// The store cannot serve.
pub async fn base(
    records: &dyn Records,
    server: ServerId,
    keys: &[HeadKey],
) -> Result<Option<SignedBase>, Error> {
    let stored = records.audit_base().await?;
    Ok(stored.and_then(|base| SignedBase::proven(keys, server, base.chain, &base.envelope)))
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
