//! What a restored store has to know before a server opens it: that time has passed of which it holds nothing.
//!
//! What was spent since the backup must not be spent again: invitations and plans that were open are void, the times of
//! schedules that passed are not made up for. Sequences go on above all that were given out. Executions that were open are
//! left alone: their nodes' journals answer for those that ran.

use jiff::Timestamp;
use serde_json::json;

use super::{Origin, witness};
use crate::{
    core::{
        backup::{Manifest, leap},
        change::Change,
        error::Error,
        port::{records::Records, store::Store},
        schedule::Clock,
        statement,
    },
    proto::{event::EventKind, schedule::Schedule},
};

/// How many schedules are read together.
const PAGE: usize = 500;

/// Lets the next event stand far above the last one. The store has to be opened again for that.
///
/// # Errors
/// The store cannot write.
pub async fn leave_room(store: &dyn Store, manifest: &Manifest, now: Timestamp) -> Result<(), Error> {
    let floor = manifest.sequence.saturating_add(leap(manifest.taken_at, now));
    store.commit(Change::new().write(statement::event::go_on_above(floor))).await?;
    Ok(())
}

/// Voids what may have been spent since, and writes the restore into the event log and the audit log. `revoke` also ends
/// every API key.
///
/// # Errors
/// The store cannot read or write.
pub async fn restored(
    store: &dyn Store,
    records: &dyn Records,
    manifest: &Manifest,
    revoke: bool,
    origin: &Origin,
) -> Result<(), Error> {
    let data = json!({ "taken_at": manifest.taken_at, "version": manifest.version, "sequence": manifest.sequence,
        "audit": manifest.audit, "keys_revoked": revoke });
    let mut change = Change::new()
        .write(statement::invitation::void(origin.now))
        .write(statement::plan::void(origin.now))
        .event(origin.event(EventKind::ServerRestored, data.clone()));
    if revoke {
        change = change.write(statement::key::revoke_every(origin.now));
    }
    let mut after: Option<String> = None;
    loop {
        let schedules = records.schedules(None, after.as_deref(), PAGE).await?;
        let Some(last) = schedules.last() else { break };
        after = Some(last.name.clone());
        for schedule in &schedules {
            change = step_over(change, schedule, origin);
        }
    }
    store.commit(change.audit(witness::restored(manifest.server, &manifest.audit, &data, origin))).await?;
    Ok(())
}

/// Moves a schedule whose time came since the backup to its next one: nobody knows whether that time was served.
fn step_over(change: Change, schedule: &Schedule, origin: &Origin) -> Change {
    let Some(first) = schedule.next_at.filter(|first| *first <= origin.now) else { return change };
    let clock = Clock::parse(&schedule.cron, Some(&schedule.time_zone)).ok();
    let next = clock.and_then(|clock| clock.next(origin.now));
    let why = "the server was restored from a backup of before this time; nobody knows whether it was served";
    let data = json!({ "schedule": schedule.name, "schedule_id": schedule.id, "at": first, "missed": 1, "reason": why });
    change
        .write(statement::schedule::step_over(schedule.id, next, why))
        .event(origin.event(EventKind::ScheduleMissed, data).correlated(schedule.id.to_string()))
}
