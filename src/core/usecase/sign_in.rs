//! Signing in with a name and a password, and out.

use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::Origin;
use crate::{
    core::{
        access::Caller,
        change::Change,
        error::Error,
        password,
        port::{
            records::{Records, SessionRecord},
            store::Store,
        },
        statement,
    },
    id::SessionId,
    proto::{event::EventKind, user::User},
};

/// Checks a name and a password, and begins a session. Whether the user exists shows neither in the answer nor in the time it takes. Hashes
/// the password: call it where a core may be busy for tens of milliseconds.
///
/// # Errors
/// The pair does not hold, or the store cannot serve.
pub async fn sign_in(
    store: &dyn Store,
    records: &dyn Records,
    (username, password): (&str, &str),
    memory: &mut password::Memory,
    life: SignedDuration,
    origin: &Origin,
) -> Result<(User, SessionRecord), Error> {
    let record = records.user_by_name(username).await?;
    let holds =
        password::verify(password, record.as_ref().map(|record| record.password_hash.as_str()), memory);
    // One who is disabled is told what a wrong password is told, and as late.
    let record = record.filter(|record| record.user.disabled_at.is_none());
    let (true, Some(record)) = (holds, record) else {
        return Err(wrong());
    };
    let origin = Origin { actor: format!("user:{}", record.user.username), ..origin.clone() };
    let session = SessionRecord {
        id: SessionId::generate(),
        user: record.user.id,
        expires_at: origin.now.saturating_add(life).unwrap_or(Timestamp::MAX),
        ended_at: None,
    };
    let change = Change::new()
        .vital()
        .write(statement::caller::signs_in(record.user.id, record.password_hash))
        .write(statement::session::begin(&session, origin.now))
        .write(statement::session::forget(origin.now))
        .event(origin.event(EventKind::UserSignedIn, json!({ "user": record.user })))
        .audit(origin.done("auth.login", format!("user/{}", record.user.username), json!({})));
    match store.commit(change).await {
        Ok(_) => Ok((record.user, session)),
        // The password was changed or the user disabled while this one was hashed.
        Err(error) if error.is_conflict_of("caller.signs_in") => Err(wrong()),
        Err(error) => Err(error.into()),
    }
}

fn wrong() -> Error {
    Error::Unauthenticated("the name or the password is wrong".into())
}

/// Ends what a caller showed: its session, or its key.
///
/// # Errors
/// The store cannot write.
pub async fn sign_out(store: &dyn Store, caller: &Caller, origin: &Origin) -> Result<(), Error> {
    let change = Change::new().vital();
    let (change, kind, what) = match (&caller.key, caller.session) {
        (Some(key), _) => {
            let change = change.write(statement::key::revoke(key.id, origin.now));
            (change, EventKind::KeyRevoked, json!({ "key": key }))
        }
        (None, Some(session)) => {
            let change = change.write(statement::session::end(session, origin.now));
            (change, EventKind::UserSignedOut, json!({ "username": caller.username, "session": session }))
        }
        (None, None) => return Ok(()),
    };
    let resource = format!("user/{}", caller.username);
    let change =
        change.event(origin.event(kind, what)).audit(origin.done("auth.logout", resource, json!({})));
    match store.commit(change).await {
        // It ended meanwhile.
        Err(error) if error.is_conflict() => Ok(()),
        other => Ok(other.map(drop)?),
    }
}
