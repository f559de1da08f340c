//! Users: created, disabled, given other roles and passwords, signed out.

use serde_json::json;

use super::{
    Origin,
    repeat::{claiming, created_before},
    schedule,
};
use crate::{
    core::{
        access::Caller,
        change::Change,
        error::Error,
        password,
        port::{
            records::{Records, UserRecord},
            store::Store,
        },
        statement::{self, idempotency::Claim},
    },
    id::UserId,
    proto::{
        event::EventKind,
        user::{CreateUserRequest, Role, SetUserPasswordRequest, User},
    },
};

/// Creates a user. Hashes the password: call it where a core may be busy for tens of milliseconds.
///
/// # Errors
/// A field is wrong, the name is taken, or the store cannot write.
pub async fn create(
    store: &dyn Store,
    records: &dyn Records,
    caller: &Caller,
    request: &CreateUserRequest,
    (salt, memory): ([u8; 16], &mut password::Memory),
    claim: Option<&Claim>,
    origin: &Origin,
) -> Result<User, Error> {
    may_let_in(caller, request.role)?;
    let (user, change) = created(request, (salt, memory), origin)?;
    // The claim comes first: what a repetition finds taken is what it made itself.
    let mut claimed = claiming(Change::new(), claim, user.id, origin.now);
    claimed.statements.extend(change.statements);
    let change = Change { statements: claimed.statements, ..change };
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

/// Makes the first admin of a store, which happens once: not even a store that lost all users makes another.
///
/// # Errors
/// It was made before, or the store cannot write.
pub async fn create_first(
    store: &dyn Store,
    request: &CreateUserRequest,
    with: ([u8; 16], &mut password::Memory),
    origin: &Origin,
) -> Result<User, Error> {
    let (user, change) = created(request, with, origin)?;
    store.commit(change.write(statement::setting::first_admin())).await?;
    Ok(user)
}

/// The change that creates a user.
fn created(
    request: &CreateUserRequest,
    (salt, memory): ([u8; 16], &mut password::Memory),
    origin: &Origin,
) -> Result<(User, Change), Error> {
    check_username(&request.username)?;
    password::check(&request.password)?;
    let user = User {
        id: UserId::generate(),
        username: request.username.clone(),
        role: request.role,
        created_at: origin.now,
        disabled_at: None,
    };
    let hash = password::hash(&request.password, &salt, memory)?;
    let change = Change::new()
        .write(statement::user::create(&user, hash))
        .event(origin.event(EventKind::UserCreated, json!({ "user": user })))
        .audit(origin.done("user.create", resource(&user), json!({ "role": user.role })));
    Ok((user, change))
}

/// The user with this name or id.
///
/// # Errors
/// There is none, or the store cannot serve.
async fn find(records: &dyn Records, reference: &str) -> Result<UserRecord, Error> {
    let mut found = records.user_by_name(reference).await?;
    if found.is_none()
        && let Ok(id) = reference.parse::<UserId>()
    {
        found = records.user(id).await?;
    }
    found.ok_or_else(|| Error::not_found("user", reference.chars().take(64).collect::<String>()))
}

/// Disables a user: no password, session or key of it holds from then on.
///
/// # Errors
/// There is none, it is the last admin, or the store cannot write.
pub async fn disable(
    store: &dyn Store,
    records: &dyn Records,
    reference: &str,
    origin: &Origin,
) -> Result<User, Error> {
    let mut user = find(records, reference).await?.user;
    if user.disabled_at.is_some() {
        return Ok(user);
    }
    user.disabled_at = Some(origin.now);
    let change = Change::new()
        .vital()
        .write(statement::user::disable(user.id, origin.now))
        .write(statement::session::end_all(user.id, None, origin.now))
        .write(statement::key::revoke_all(user.id, None, origin.now))
        .event(origin.event(EventKind::UserDisabled, json!({ "user": user })))
        .audit(origin.done("user.disable", resource(&user), json!({})));
    match store.commit(change).await {
        Ok(_) => Ok(user),
        Err(error) if error.is_conflict_of("user.disable") => Err(last_admin(&user)),
        Err(error) => Err(error.into()),
    }
}

/// Lets a user sign in again; sessions and keys that ended stay ended.
///
/// # Errors
/// There is none, or the store cannot write.
pub async fn enable(
    store: &dyn Store,
    records: &dyn Records,
    caller: &Caller,
    reference: &str,
    origin: &Origin,
) -> Result<User, Error> {
    let mut user = find(records, reference).await?.user;
    may_let_in(caller, user.role)?;
    if user.disabled_at.take().is_none() {
        return Ok(user);
    }
    let change = Change::new()
        .write(statement::user::enable(user.id))
        .event(origin.event(EventKind::UserEnabled, json!({ "user": user })))
        .audit(origin.done("user.enable", resource(&user), json!({})));
    store.commit(change).await?;
    Ok(user)
}

/// Gives a user another role.
///
/// # Errors
/// There is none, it is the last admin, or the store cannot write.
pub async fn set_role(
    store: &dyn Store,
    records: &dyn Records,
    caller: &Caller,
    reference: &str,
    role: Role,
    origin: &Origin,
) -> Result<User, Error> {
    may_let_in(caller, role)?;
    let mut user = find(records, reference).await?.user;
    let before = std::mem::replace(&mut user.role, role);
    if before == role {
        return Ok(user);
    }
    let change = Change::new()
        .vital()
        .write(statement::user::set_role(user.id, role))
        .event(origin.event(EventKind::UserRoleChanged, json!({ "user": user, "before": before })))
        .audit(origin.done("user.set_role", resource(&user), json!({ "role": role, "before": before })));
    match store.commit(change).await {
        Ok(_) => Ok(user),
        Err(error) if error.is_conflict_of("user.set_role") => Err(last_admin(&user)),
        Err(error) => Err(error.into()),
    }
}

/// Sets a password: one's own by the present one, or as an admin anybody's. Whoever had the password before is let in by
/// nothing any more. Hashes passwords: call it where a core may be busy for tens of milliseconds.
///
/// # Errors
/// A field is wrong, the caller may not, there is no such user, or the store cannot write.
pub async fn set_password(
    store: &dyn Store,
    records: &dyn Records,
    caller: &Caller,
    request: &SetUserPasswordRequest,
    (salt, memory): ([u8; 16], &mut password::Memory),
    origin: &Origin,
) -> Result<User, Error> {
    may_change(caller, &request.id)?;
    password::check(&request.password)?;
    let UserRecord { user, password_hash } = find(records, &request.id).await?;
    let is_own = user.id == caller.user;
    if is_own {
        let current = request.current.as_deref();
        let current = current
            .ok_or_else(|| Error::field("current", "expected the present password, since it is your own"))?;
        if !password::verify(current, Some(&password_hash), memory) {
            return Err(Error::Forbidden("the present password is another".into()));
        }
    }
    if !is_own {
        may_let_in(caller, user.role)?;
    }
    let hash = password::hash(&request.password, &salt, memory)?;
    let (session, key) =
        if is_own { (caller.session, caller.key.as_ref().map(|key| key.id)) } else { (None, None) };
    let change = Change::new()
        .vital()
        .write(statement::user::set_password(user.id, password_hash, hash))
        .write(statement::session::end_all(user.id, session, origin.now))
        .write(statement::key::revoke_all(user.id, key, origin.now))
        .event(origin.event(EventKind::UserPasswordChanged, json!({ "user": user })))
        .audit(origin.done("user.set_password", resource(&user), json!({})));
    store.commit(change).await?;
    Ok(user)
}

/// Ends every session and key of a user: one's own, or as an admin anybody's. Schedules of the user rest, since somebody else may
/// have made them.
///
/// # Errors
/// The caller may not, there is no such user, or the store cannot write.
pub async fn sign_out(
    store: &dyn Store,
    records: &dyn Records,
    caller: &Caller,
    reference: &str,
    origin: &Origin,
) -> Result<User, Error> {
    may_change(caller, reference)?;
    let user = find(records, reference).await?.user;
    if caller.key.is_some() && caller.role < user.role {
        return Err(Error::Forbidden(format!(
            "an API key with the role {} does not end what has the role {}; sign in with a password",
            caller.role.as_str(),
            user.role.as_str()
        )));
    }
    let mut change = Change::new()
        .vital()
        .write(statement::session::end_all(user.id, None, origin.now))
        .write(statement::key::revoke_all(user.id, None, origin.now))
        .event(origin.event(EventKind::UserSignedOut, json!({ "user": user })));
    let resting = schedule::of_user(records, user.id).await?;
    for record in &resting {
        change = schedule::rests(change, record, "paused: its maker was signed out everywhere", origin);
    }
    let names: Vec<&str> = resting.iter().map(|record| record.schedule.name.as_str()).collect();
    store
        .commit(change.audit(origin.done("user.sign_out", resource(&user), json!({ "schedules": names }))))
        .await?;
    Ok(user)
}

/// Whether a caller may let somebody in with a role. An API key makes no admin: who was let in outlives it.
fn may_let_in(caller: &Caller, role: Role) -> Result<(), Error> {
    if caller.key.is_some() && role == Role::Admin {
        return Err(Error::Forbidden(
            "an API key lets no admin in, who would outlive its own end; sign in with a password".into(),
        ));
    }
    Ok(())
}

/// Lets through whoever means oneself, and admins; to others nothing tells whom there is.
fn may_change(caller: &Caller, reference: &str) -> Result<(), Error> {
    let is_own = reference == caller.username || reference.parse() == Ok(caller.user);
    if is_own || caller.role == Role::Admin {
        return Ok(());
    }
    Err(Error::Forbidden("only an admin does this to other users".into()))
}

fn last_admin(user: &User) -> Error {
    Error::Conflict {
        code: "last_admin",
        detail: format!("'{}' is the last admin; make another one first", user.username),
    }
}

fn resource(user: &User) -> String {
    format!("user/{}", user.username)
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
