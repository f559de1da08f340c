//! Removing the beginning of the audit log, once an archive holds it.

use serde_json::json;

use crate::core::{
    audit::head::SignedHead, change::Change, digest::hex, error::Error, port::store::Store, statement,
    usecase::Origin,
};

/// Removes the entries up to a signed head, of which the log goes on, and says so in it.
///
/// # Errors
/// The store cannot write.
pub async fn trim(store: &dyn Store, head: &SignedHead, archive: &str, origin: &Origin) -> Result<(), Error> {
    let (number, hash) = (head.chain.number, hex(&head.chain.hash));
    let facts = json!({ "up_to": number, "hash": hash, "archive": archive });
    let change = Change::new()
        .write(statement::audit::base(head))
        .write(statement::audit::trim(number))
        .audit(origin.done("audit.trimmed", format!("audit/{number}"), facts));
    store.commit(change).await?;
    Ok(())
}
