//! Signing in with a name and a password.

use serde_json::json;

use super::Origin;
use crate::{
    core::{
        change::Change,
        error::Error,
        password,
        port::{records::Records, store::Store},
    },
    proto::{event::EventKind, user::User},
};

/// Checks a name and a password. Whether the user exists shows neither in the answer nor in the time it takes. Hashes
/// the password: call it where a core may be busy for tens of milliseconds.
///
/// # Errors
/// The pair does not hold, or the store cannot serve.
pub async fn sign_in(
    store: &dyn Store,
    records: &dyn Records,
    (username, password): (&str, &str),
    memory: &mut password::Memory,
    origin: &Origin,
) -> Result<User, Error> {
    let record = records.user_by_name(username).await?;
    let holds =
        password::verify(password, record.as_ref().map(|record| record.password_hash.as_str()), memory);
    let (true, Some(record)) = (holds, record) else {
        return Err(Error::Unauthenticated("the name or the password is wrong".into()));
    };
    let origin = Origin { actor: format!("user:{}", record.user.username), ..origin.clone() };
    let change = Change::new()
        .event(origin.event(EventKind::UserSignedIn, json!({ "user": record.user })))
        .audit(origin.done("auth.login", format!("user/{}", record.user.username), json!({})));
    store.commit(change).await?;
    Ok(record.user)
}
