//! Removing the beginning of the audit log, once an archive holds it.

use serde_json::json;

use crate::core::{
    audit::{TRIMMED, base::SignedBase},
    change::{Change, CommitError},
    digest::hex,
    port::store::Store,
    statement,
    usecase::Origin,
};

/// Removes the entries up to a base, from which the log goes on, and says so in it. It makes room, so a full disk takes it.
///
/// # Errors
/// The store cannot write.
pub async fn trim(
    store: &dyn Store,
    base: &SignedBase,
    archive: &str,
    origin: &Origin,
) -> Result<(), CommitError> {
    let (number, hash) = (base.chain.number, hex(&base.chain.hash));
    let facts = json!({ "up_to": number, "hash": hash, "archive": archive });
    let change = Change::new()
        .vital()
        .write(statement::audit::base(base))
        .write(statement::audit::trim(number))
        .audit(origin.done(TRIMMED, format!("audit/{number}"), facts));
    store.commit(change).await?;
    Ok(())
}
