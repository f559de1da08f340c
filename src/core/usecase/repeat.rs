//! Requests that are repeated under one `Idempotency-Key`: what they create is created once.

use std::fmt::Display;

use jiff::Timestamp;

use crate::core::{
    change::Change,
    error::Error,
    port::records::Records,
    statement::idempotency::{Claim, claim},
};

/// Adds the claim of a request to the change that creates something; `idempotency.claim` conflicts when an earlier
/// request made it.
pub(super) fn claiming(
    change: Change,
    made: Option<&Claim>,
    resource: impl Display,
    now: Timestamp,
) -> Change {
    match made {
        Some(made) => change.write(claim(made, resource.to_string(), now)),
        None => change,
    }
}

/// The id of what the earlier request with the same claim created.
pub(super) async fn created_before(records: &dyn Records, claim: Option<&Claim>) -> Result<String, Error> {
    let lost = || Error::Unavailable("the earlier request with this Idempotency-Key is not readable".into());
    let claim = claim.ok_or_else(lost)?;
    let known = records.idempotency(&claim.caller, &claim.endpoint, &claim.key).await?.ok_or_else(lost)?;
    if known.body_hash == claim.body_hash {
        return Ok(known.resource);
    }
    Err(Error::Unprocessable {
        code: "idempotency_key_reused",
        detail: "this Idempotency-Key was used for another request; use a fresh one".into(),
    })
}

/// What a repeated request is told when the first answer held a secret that is not kept.
pub(super) async fn shown_once(records: &dyn Records, claim: Option<&Claim>, noun: &str) -> Error {
    match created_before(records, claim).await {
        Ok(id) => Error::Conflict {
            code: "shown_once",
            detail: format!(
                "the {noun} {id} was created by an earlier request with this Idempotency-Key, and its secret was \
                 shown then; ask for another under a fresh key"
            ),
        },
        Err(error) => error,
    }
}
