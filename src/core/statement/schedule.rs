//! Writes of schedules. Each that a time brings is guarded by that time, so that it is served once.

use jiff::Timestamp;

use super::{Rows, Statement, Value, one, stored};
use crate::{
    core::{access::Principal, port::records::ScheduleRecord},
    id::{CommandId, ScheduleId},
};

/// Makes a schedule while there are fewer than `most`; `schedule.create` conflicts when there are not, or its name is taken.
#[must_use]
pub fn create(record: &ScheduleRecord, most: u32) -> Statement {
    let schedule = &record.schedule;
    one(
        "schedule.create",
        "INSERT INTO schedules (id, name, cron, time_zone, overlap, request, sealed, actor, user_id, key_id, created_at,
             paused, next_at)
         SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13
         WHERE (SELECT count(*) FROM schedules) < ?14",
        vec![
            schedule.id.to_string().into(),
            schedule.name.clone().into(),
            schedule.cron.clone().into(),
            schedule.time_zone.clone().into(),
            stored(&schedule.overlap),
            stored(&schedule.command),
            record.sealed.clone().map_or(Value::Null, Value::Blob),
            schedule.actor.clone().into(),
            record.user.to_string().into(),
            record.key.map(|key| key.to_string()).into(),
            schedule.created_at.into(),
            schedule.paused.into(),
            schedule.next_at.into(),
            most.into(),
        ],
    )
}

/// Lets a schedule rest, and says why where nobody asked for it; `schedule.pause` conflicts when it rests or is gone.
#[must_use]
pub fn pause(id: ScheduleId, why: Option<String>) -> Statement {
    one(
        "schedule.pause",
        "UPDATE schedules SET paused = 1, next_at = NULL, last_error = coalesce(?2, last_error)
         WHERE id = ?1 AND paused = 0",
        vec![id.to_string().into(), why.into()],
    )
}

/// Lets a schedule rest as part of something else; one that rests or is gone stays as it is.
#[must_use]
pub fn rest(id: ScheduleId, why: Option<String>) -> Statement {
    Statement { name: "schedule.rest", rows: Rows::Any, ..pause(id, why) }
}

/// Lets a schedule go on, in the name of whoever vouches for it from now on, where somebody else does; `schedule.resume`
/// conflicts when it does not rest or is gone.
#[must_use]
pub fn resume(id: ScheduleId, next_at: Option<Timestamp>, vouches: Option<(String, Principal)>) -> Statement {
    let (actor, by) = vouches.unzip();
    one(
        "schedule.resume",
        "UPDATE schedules SET paused = 0, next_at = ?2, actor = coalesce(?3, actor), user_id = coalesce(?4, user_id),
             key_id = CASE WHEN ?4 IS NULL THEN key_id ELSE ?5 END
         WHERE id = ?1 AND paused = 1",
        vec![
            id.to_string().into(),
            next_at.into(),
            actor.into(),
            by.map(|by| by.user.to_string()).into(),
            by.and_then(|by| by.key).map(|key| key.to_string()).into(),
        ],
    )
}

/// Removes a schedule; `schedule.remove` conflicts when it is gone.
#[must_use]
pub fn remove(id: ScheduleId) -> Statement {
    one("schedule.remove", "DELETE FROM schedules WHERE id = ?1", vec![id.to_string().into()])
}

/// A time of a schedule that came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Came {
    /// The schedule.
    pub id: ScheduleId,
    /// The time that it waited for.
    pub waited_for: Timestamp,
    /// The latest time that came.
    pub at: Timestamp,
    /// The time that it waits for now.
    pub next_at: Option<Timestamp>,
    /// The command that it gave.
    pub command: Option<CommandId>,
    /// Why it gave none, or not each time.
    pub error: Option<String>,
}

/// Notes that the time of a schedule came; `schedule.come` conflicts when that time was served, or the schedule rests.
#[must_use]
pub fn come(came: Came) -> Statement {
    one(
        "schedule.come",
        "UPDATE schedules SET last_at = ?3, next_at = ?4, last_command = coalesce(?5, last_command), last_error = ?6
         WHERE id = ?1 AND next_at = ?2 AND paused = 0",
        vec![
            came.id.to_string().into(),
            came.waited_for.into(),
            came.at.into(),
            came.next_at.into(),
            came.command.map(|id| id.to_string()).into(),
            came.error.into(),
        ],
    )
}

/// Lets a schedule wait for another time, and says why the one before gave no command.
#[must_use]
pub fn step_over(id: ScheduleId, next_at: Option<Timestamp>, why: &'static str) -> Statement {
    one(
        "schedule.step_over",
        "UPDATE schedules SET next_at = ?2, last_error = ?3 WHERE id = ?1 AND paused = 0",
        vec![id.to_string().into(), next_at.into(), why.into()],
    )
}
