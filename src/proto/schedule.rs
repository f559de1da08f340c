//! Schedules: commands that are given again and again, by the clock.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    command::GiveCommandRequest,
    endpoint::{Empty, endpoints},
    example,
    page::{Page, PageRequest},
};
use crate::id::{CommandId, ScheduleId};

endpoints! {
    /// Makes a schedule.
    CreateSchedule: POST "/api/v1/schedules", Operator, CreateScheduleRequest => Schedule {
        SCOPED: bool = true;
        SUCCESS: &'static [u16] = &[201];
        REFUSALS: &'static [u16] = &[404, 409];
        KEYED: bool = true;
    };
    /// Lists the schedules by name.
    ListSchedules: GET "/api/v1/schedules", Viewer, PageRequest => Page<Schedule> { SCOPED: bool = true; };
    /// Describes a schedule, by its id or name.
    GetSchedule: GET "/api/v1/schedules/{id}", Viewer, ScheduleRef => Schedule { SCOPED: bool = true; };
    /// Stops a schedule for a while, or lets it go on.
    PauseSchedule: POST "/api/v1/schedules/{id}/pause", Operator, PauseScheduleRequest => Schedule { SCOPED: bool = true; };
    /// Removes a schedule; commands that it gave stay.
    RemoveSchedule: DELETE "/api/v1/schedules/{id}", Operator, ScheduleRef => Empty { SCOPED: bool = true; };
}

/// Makes a schedule.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(example = example::create_schedule())]
pub struct CreateScheduleRequest {
    /// What it is called: 1 to 64 of `a-z`, digits and `. _ -`; no other has the name.
    #[schemars(regex(pattern = r"^[a-z0-9._-]{1,64}$"))]
    pub name: String,
    /// When: minute, hour, day of the month, month and day of the week, `30 4 * * mon-fri`. A time that the clock leaves out
    /// when summer begins comes right after the gap. A time that it shows twice when summer ends comes once, the first time;
    /// where the hour is `*`, every hour counts, the repeated one too. Of times that pass while the server is away the latest
    /// is made up for, if it is no older than an hour.
    pub cron: String,
    /// Whose clock, as the IANA database names it: `Europe/Berlin`; `UTC` unless told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_zone: Option<String>,
    /// What happens while the command of the time before still runs.
    #[serde(default)]
    pub overlap: Overlap,
    /// What is given; its targets are looked up anew each time.
    pub command: GiveCommandRequest,
}

/// What happens while the command of the time before still runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Overlap {
    /// This time is left out.
    #[default]
    Skip,
    /// It is given all the same.
    Allow,
}

/// Names a schedule.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(example = example::schedule_ref())]
pub struct ScheduleRef {
    /// The schedule's id or name.
    pub id: String,
}

/// Stops a schedule for a while, or lets it go on.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(example = example::pause_schedule())]
pub struct PauseScheduleRequest {
    /// The schedule's id or name.
    pub id: String,
    /// Whether it rests.
    pub paused: bool,
}

/// A schedule.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(example = example::schedule())]
pub struct Schedule {
    /// The schedule's id.
    pub id: ScheduleId,
    /// What it is called.
    pub name: String,
    /// When.
    pub cron: String,
    /// Whose clock.
    pub time_zone: String,
    /// What happens while the command of the time before still runs.
    pub overlap: Overlap,
    /// What is given.
    pub command: GiveCommandRequest,
    /// Who made it; its commands are given in this name, as long as its maker is an operator, is not disabled, and the API key
    /// that was shown is neither revoked nor expired. Else it is paused, until somebody who may give its command lets it go on
    /// in their own name.
    pub actor: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// Whether it rests.
    pub paused: bool,
    /// When it gives a command next; `null` while it rests.
    pub next_at: Option<Timestamp>,
    /// When its time last came.
    pub last_at: Option<Timestamp>,
    /// The command that it gave last.
    pub last_command: Option<CommandId>,
    /// Why it gave none the last time.
    pub last_error: Option<String>,
}
