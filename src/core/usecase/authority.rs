//! On whose behalf things are done later: what that allows now, and the end of what it allows no more.

use jiff::Timestamp;
use serde_json::json;

use super::{Origin, settle::conclusion};
use crate::{
    core::{
        access::{Principal, Rights},
        change::Change,
        command::has_ended,
        error::Error,
        port::{StoreError, records::Records, store::Store},
        statement,
    },
    id::ExecutionId,
    proto::{command::CommandStatus, event::EventKind},
};

/// What somebody may do at a moment, and until when that holds unless somebody changes it; or why nothing any more.
///
/// # Errors
/// The store cannot serve.
pub async fn rights(
    records: &dyn Records,
    by: Principal,
    now: Timestamp,
) -> Result<Result<(Rights, Timestamp), String>, StoreError> {
    let Some(user) = records.user(by.user).await? else {
        return Ok(Err("whoever it is done for is no user any more".into()));
    };
    let user = user.user;
    if user.disabled_at.is_some() {
        return Ok(Err(format!("the user {} is disabled", user.username)));
    }
    let Some(id) = by.key else {
        return Ok(Ok((Rights { role: user.role, scope: None }, Timestamp::MAX)));
    };
    let Some(record) = records.key(id).await?.filter(|record| record.user == user.id) else {
        return Ok(Err(format!("there is no API key {id} of {}", user.username)));
    };
    let (key, name) = (record.key, user.username);
    if record.revoked_at.is_some() {
        return Ok(Err(format!("the API key '{}' of {name} was revoked", key.name)));
    }
    if key.expires_at <= now {
        return Ok(Err(format!("the API key '{}' of {name} expired at {}", key.name, key.expires_at)));
    }
    Ok(Ok((Rights { role: user.role.min(key.role), scope: key.scope }, key.expires_at)))
}

/// Ends an execution that may not be sent any more: one that no node can have at once, refused; one that a node may have is
/// stopped by it, and what it says stands.
///
/// # Errors
/// The store cannot serve.
pub async fn refuse(
    store: &dyn Store,
    records: &dyn Records,
    execution: ExecutionId,
    was_sent: bool,
    why: &str,
    origin: &Origin,
) -> Result<(), Error> {
    let Some(record) = records.execution(execution).await?.filter(|record| !has_ended(record.status)) else {
        return Ok(());
    };
    let why = format!("it was not sent: {why}");
    let change = if was_sent {
        let facts = json!({ "command_id": record.command, "executions": [execution], "why": why });
        let asked = origin
            .event(EventKind::CommandCancelling, facts)
            .about(record.node.clone())
            .correlated(record.command.to_string());
        let detail = json!({ "command": record.command, "execution": execution, "verb": record.verb,
            "ordered_by": record.actor, "why": why });
        Change::new()
            .vital()
            .write(statement::command::ask_to_stop(execution, origin.now))
            .event(asked)
            .audit(origin.denied("command.refused", format!("agent/{}", record.node), detail))
    } else {
        conclusion(&record, CommandStatus::Refused, why, origin).vital()
    };
    match store.commit(change).await {
        // Somebody else ended it.
        Err(error) if error.is_conflict() => Ok(()),
        other => Ok(other.map(drop)?),
    }
}
