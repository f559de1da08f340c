//! Creating users.

use serde_json::json;

use super::{
    Origin,
    repeat::{claiming, created_before},
};
use crate::{
    core::{
        change::Change,
        error::Error,
        password,
        port::{records::Records, store::Store},
        statement::{self, idempotency::Claim},
    },
    id::UserId,
    proto::{
        event::EventKind,
        user::{CreateUserRequest, User},
    },
};

/// Creates a user. Hashes the password: call it where a core may be busy for tens of milliseconds.
///
/// # Errors
/// A field is wrong, the name is taken, or the store cannot write.
pub async fn create(
    store: &dyn Store,
    records: &dyn Records,
    request: &CreateUserRequest,
    (salt, memory): ([u8; 16], &mut password::Memory),
    claim: Option<&Claim>,
    origin: &Origin,
) -> Result<User, Error> {
    check_username(&request.username)?;
    password::check(&request.password)?;
    let user = User {
        id: UserId::generate(),
        username: request.username.clone(),
        role: request.role,
        created_at: origin.now,
    };
    let hash = password::hash(&request.password, &salt, memory)?;
    let change = claiming(Change::new(), claim, user.id, origin.now)
        .write(statement::user::create(&user, hash))
        .event(origin.event(EventKind::UserCreated, json!({ "user": user })))
        .audit(origin.done("user.create", format!("user/{}", user.username), json!({ "role": user.role })));
    match store.commit(change).await {
        Ok(_) => Ok(user),
        Err(error) if error.is_conflict_of("idempotency.claim") => created_earlier(records, claim).await,
        Err(error) if error.is_conflict_of("user.create") => Err(Error::Conflict {
            code: "username_taken",
            detail: format!("there is a user '{}' already", user.username),
        }),
        Err(error) => Err(error.into()),
    }
}

/// The user that an earlier request with the same claim created.
async fn created_earlier(records: &dyn Records, claim: Option<&Claim>) -> Result<User, Error> {
    let id = created_before(records, claim).await?;
    let lost = || Error::not_found("user", &id);
    let record = records.user(id.parse().map_err(|_| lost())?).await?.ok_or_else(lost)?;
    Ok(record.user)
}

fn check_username(name: &str) -> Result<(), Error> {
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '.' | '_' | '-');
    if (1..=64).contains(&name.len()) && name.chars().all(allowed) {
        return Ok(());
    }
    Err(Error::field("username", "expected 1 to 64 of a-z, 0-9, '.', '_' and '-'"))
}
