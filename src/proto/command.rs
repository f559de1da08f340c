//! Commands: the only way in which a node is touched.

use std::{fmt, str::FromStr};

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::{
    endpoint::{Content, endpoints},
    example,
    output::OutputItem,
    page::Page,
};
use crate::id::{AgentId, CommandId, ExecutionId, PlanId};

endpoints! {
    /// Gives a command to agents that all announced its verb.
    GiveCommand: POST "/api/v1/commands", Operator, GiveCommandRequest => Command {
        SCOPED: bool = true;
        QUERY: &'static [&'static str] = &["wait"];
        SUCCESS: &'static [u16] = &[200, 202];
        REFUSALS: &'static [u16] = &[404, 409];
        KEYED: bool = true;
    };
    /// Lists the commands, the newest first. With filters a page may be short, or empty, although more follow: `next_cursor` tells.
    ListCommands: GET "/api/v1/commands", Viewer, ListCommandsRequest => Page<Command> {
        SCOPED: bool = true;
        REFUSALS: &'static [u16] = &[404];
    };
    /// Describes one command and each of its executions.
    GetCommand: GET "/api/v1/commands/{id}", Viewer, GetCommandRequest => Command { SCOPED: bool = true; };
    /// Stops a command: what waits never starts, what runs is killed by its node.
    CancelCommand: POST "/api/v1/commands/{id}/cancel", Operator, CancelCommandRequest => Command {
        SCOPED: bool = true;
        QUERY: &'static [&'static str] = &["wait"];
        SUCCESS: &'static [u16] = &[200, 202];
        REFUSALS: &'static [u16] = &[404];
    };
    /// Gives a command again, as a new one, to the targets where it did not succeed.
    RetryCommand: POST "/api/v1/commands/{id}/retry", Operator, RetryCommandRequest => Command {
        SCOPED: bool = true;
        QUERY: &'static [&'static str] = &["wait"];
        SUCCESS: &'static [u16] = &[200, 202];
        REFUSALS: &'static [u16] = &[404, 409];
        KEYED: bool = true;
    };
    /// What a command printed, from each of its targets: one JSON object a line, as it comes until the command ended.
    GetCommandOutput: GET "/api/v1/commands/{id}/output", Viewer, CommandOutputRequest => OutputItem {
        SCOPED: bool = true;
        CONTENT: Content = Content::Objects;
    };
}

/// Asks for a command. Exactly one of `agent_targets`, `where` and `all` says where.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(example = example::give_command())]
pub struct GiveCommandRequest {
    /// What to do: a verb that every target announced, 1 to 64 of `a-z`, digits and `. _ : -`.
    #[schemars(regex(pattern = r"^[A-Za-z0-9._:-]{1,64}$"))]
    pub verb: String,
    /// With what: an object, at most 64 KiB, by the verb's schema (`GET /api/v1/verbs`).
    #[serde(default, skip_serializing_if = "serde_json::Map::is_empty")]
    pub args: serde_json::Map<String, serde_json::Value>,
    /// Where: 1 to 1,000 agents, each by its id or name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 1000))]
    pub agent_targets: Vec<String>,
    /// Where: every agent that this expression selects.
    #[serde(default, rename = "where", skip_serializing_if = "Option::is_none")]
    pub selector: Option<String>,
    /// Where: every agent that announced the verb.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub all: bool,
    /// Of those, only so many: the least busy that are linked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 1000))]
    pub any: Option<u32>,
    /// What goes first; `normal` unless told.
    #[serde(default, skip_serializing_if = "Priority::is_normal")]
    pub priority: Priority,
    /// Seconds it may take once started, 1 to 86,400; a target that has not taken it for as long never will, unless
    /// `expires_at` says otherwise. What the verb or the server is set to unless told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 86_400))]
    pub timeout_s: Option<u32>,
    /// How often a target may try again after a failure, 0 to 10: where doing it twice is the same as doing it once, or
    /// nothing had begun. 0 unless told.
    #[serde(default, skip_serializing_if = "is_zero")]
    #[schemars(range(max = 10))]
    pub max_retries: u32,
    /// Not before this moment, at most a year ahead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scheduled_at: Option<Timestamp>,
    /// A target that has not taken it by then never will.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    /// An expression over the node's own facts (`docs/selectors.md`); where it does not hold right before the start, the
    /// node refuses.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub precondition: Option<String>,
    /// In parts, one after the other, instead of everywhere at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rollout: Option<Rollout>,
    /// Bytes of output that are kept for each target, 0 to 268,435,456; 1 MiB unless told. What is beyond is counted; the
    /// last 64 KiB are kept besides.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(max = 268_435_456))]
    pub output_bytes: Option<u32>,
    /// Seconds to wait for the end, 0 to 300; 30 unless told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(max = 300))]
    pub wait: Option<u32>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the shape that serde wants")]
const fn is_zero(number: &u32) -> bool {
    *number == 0
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the shape that serde wants")]
const fn is_one(number: &u32) -> bool {
    *number == 1
}

/// What goes first, of the commands that wait for a node.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Priority {
    /// Before everything.
    #[serde(alias = "CRITICAL")]
    Critical,
    /// Before what is normal.
    #[serde(alias = "HIGH")]
    High,
    /// What is not told.
    #[default]
    #[serde(alias = "NORMAL")]
    Normal,
    /// After everything; of eight orders to a node, one is the oldest that waits all the same.
    #[serde(alias = "LOW")]
    Low,
}

impl Priority {
    /// Every priority, from the first to go.
    pub const ALL: [Self; 4] = [Self::Critical, Self::High, Self::Normal, Self::Low];

    /// Its place among them, from 0.
    #[must_use]
    pub const fn rank(self) -> u32 {
        self as u32
    }

    /// The priority as the wire spells it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Critical => "critical",
            Self::High => "high",
            Self::Normal => "normal",
            Self::Low => "low",
        }
    }

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "the shape that serde wants")]
    const fn is_normal(&self) -> bool {
        matches!(self, Self::Normal)
    }
}

/// In which parts a command goes to its targets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Rollout {
    /// How many targets at once: a number, or a share of all, `"10%"`.
    pub batch: Batch,
    /// Seconds between the end of a part and the start of the next, 0 to 86,400; 0 unless told.
    #[serde(default, skip_serializing_if = "is_zero")]
    #[schemars(range(max = 86_400))]
    pub pause_s: u32,
    /// With so many failures no further part starts; 1 unless told.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    #[schemars(range(min = 1, max = 1_000_000))]
    pub max_failures: u32,
}

const fn one() -> u32 {
    1
}

/// How large a part of a rollout is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Batch {
    /// So many targets.
    Targets(u32),
    /// So many of a hundred, rounded up.
    Percent(u8),
}

impl Batch {
    /// How many targets a part has, of so many in all; one at least.
    #[must_use]
    pub fn of(self, all: usize) -> usize {
        let size = match self {
            Self::Targets(targets) => targets as usize,
            Self::Percent(percent) => (all * usize::from(percent)).div_ceil(100),
        };
        size.max(1)
    }
}

impl fmt::Display for Batch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Targets(targets) => write!(f, "{targets}"),
            Self::Percent(percent) => write!(f, "{percent}%"),
        }
    }
}

/// What is wrong with the size of a part.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected a number of targets from 1, or a share from \"1%\" to \"100%\"")]
pub struct NotABatch;

impl FromStr for Batch {
    type Err = NotABatch;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let batch = match text.strip_suffix('%') {
            Some(percent) => {
                percent.parse().ok().filter(|percent| (1..=100).contains(percent)).map(Self::Percent)
            }
            None => text.parse().ok().filter(|targets| *targets > 0).map(Self::Targets),
        };
        batch.ok_or(NotABatch)
    }
}

impl Serialize for Batch {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Targets(targets) => serializer.serialize_u32(*targets),
            Self::Percent(_) => serializer.collect_str(self),
        }
    }
}

impl<'de> Deserialize<'de> for Batch {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = serde_json::Value::deserialize(deserializer)?;
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        text.parse().map_err(de::Error::custom)
    }
}

impl JsonSchema for Batch {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Batch".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "anyOf": [
                { "type": "integer", "minimum": 1, "maximum": 4_294_967_295_u32 },
                { "type": "string", "pattern": "^([1-9][0-9]?|100)%$" }
            ]
        })
    }
}

/// Asks for commands.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[schemars(example = example::list_commands())]
pub struct ListCommandsRequest {
    /// Only those that stand so, over all their targets.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<CommandStatus>,
    /// Only those with this target, by its id or name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<String>,
    /// Only those of this verb.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verb: Option<String>,
    /// The most items to return, 1 to 1,000; 100 unless told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 1000))]
    pub limit: Option<u32>,
    /// `next_cursor` of the page before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
}

/// Names a command.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(example = example::get_command())]
pub struct GetCommandRequest {
    /// The command's id.
    pub id: CommandId,
    /// Seconds to wait for the end, 0 to 300; 0 unless told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(max = 300))]
    pub wait: Option<u32>,
}

/// Stops a command.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(example = example::cancel_command())]
pub struct CancelCommandRequest {
    /// The command's id.
    pub id: CommandId,
    /// Only on these targets, each by its id or name; on all unless told.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 1000))]
    pub agent_targets: Vec<String>,
    /// Seconds to wait for the end, 0 to 300; 30 unless told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(max = 300))]
    pub wait: Option<u32>,
}

/// Gives a command again.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(example = example::retry_command())]
pub struct RetryCommandRequest {
    /// The command's id.
    pub id: CommandId,
    /// Only to these of its targets, each by its id or name; to all where it did not succeed unless told.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 1000))]
    pub agent_targets: Vec<String>,
    /// Seconds to wait for the end, 0 to 300; 30 unless told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(max = 300))]
    pub wait: Option<u32>,
}

/// Asks for what a command printed.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(example = example::command_output())]
pub struct CommandOutputRequest {
    /// The command's id.
    pub id: CommandId,
    /// Only of this target, by its id or name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<String>,
    /// From this byte of each target's output; 0 unless told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<u64>,
    /// Whether to go on until the command ended; yes unless told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub follow: Option<bool>,
}

/// How a command or one of its executions stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CommandStatus {
    /// It waits for its target.
    Queued,
    /// The agent began.
    Started,
    /// It did what it should.
    #[serde(alias = "success", alias = "completed", alias = "SUCCESS")]
    Succeeded,
    /// It did not.
    #[serde(alias = "error", alias = "FAILED", alias = "ERROR")]
    Failed,
    /// It took longer than it might.
    TimedOut,
    /// Somebody stopped it.
    Cancelled,
    /// Its target did not take it in time.
    Expired,
    /// The agent refused it: its own policy, a bad signature, or a verb that it does not know.
    Refused,
    /// The agent ended while it ran and it cannot be told whether it took effect.
    Unknown,
    /// Of a command with several targets: some succeeded, some did not.
    Partial,
}

impl CommandStatus {
    /// The status as the wire spells it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Started => "started",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::TimedOut => "timed_out",
            Self::Cancelled => "cancelled",
            Self::Expired => "expired",
            Self::Refused => "refused",
            Self::Unknown => "unknown",
            Self::Partial => "partial",
        }
    }
}

/// A command.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(example = example::command())]
pub struct Command {
    /// The command's id.
    pub id: CommandId,
    /// What to do, `docker.stop`.
    pub verb: String,
    /// With what.
    pub args: serde_json::Value,
    /// How it stands, over all its targets.
    pub status: CommandStatus,
    /// Who gave it.
    pub actor: String,
    /// What goes first.
    #[serde(default)]
    pub priority: Priority,
    /// When it was given.
    pub created_at: Timestamp,
    /// It does not start before this moment.
    #[serde(default)]
    pub scheduled_at: Option<Timestamp>,
    /// A target that has not taken it by then never will.
    pub expires_at: Timestamp,
    /// When the last execution ended.
    pub ended_at: Option<Timestamp>,
    /// Seconds it may take once started.
    pub timeout_s: u32,
    /// How often a target may try again after a failure.
    #[serde(default)]
    pub max_retries: u32,
    /// What must hold on the node right before the start.
    #[serde(default)]
    pub precondition: Option<String>,
    /// In which parts it goes to its targets.
    #[serde(default)]
    pub rollout: Option<Rollout>,
    /// Bytes of output that are kept for each target, and beyond them the end of it.
    #[serde(default)]
    pub output_bytes: u32,
    /// The plan that was applied.
    #[serde(default)]
    pub plan: Option<PlanId>,
    /// The name of the schedule that gave it.
    #[serde(default)]
    pub schedule: Option<String>,
    /// The request that gave it.
    pub correlation_id: String,
    /// What became of it on each target.
    pub executions: Vec<Execution>,
}

/// One attempt of a command on one target.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Execution {
    /// The execution's id.
    pub id: ExecutionId,
    /// The target's id.
    pub agent: AgentId,
    /// The target's name.
    pub node: String,
    /// 1 for the first attempt.
    pub attempt: u32,
    /// How it stands.
    pub status: CommandStatus,
    /// What it waits for while it is queued, in words; `null` once it started.
    #[serde(default)]
    pub waits_for: Option<String>,
    /// The part of the rollout that it belongs to, from 1; 0 without one.
    #[serde(default)]
    pub batch: u32,
    /// It does not start before this moment: its schedule, or the pause before another attempt.
    #[serde(default)]
    pub not_before: Option<Timestamp>,
    /// When its target has not taken it by then, it never will.
    #[serde(default)]
    pub expires_at: Option<Timestamp>,
    /// When somebody asked for it to be stopped.
    #[serde(default)]
    pub cancelled_at: Option<Timestamp>,
    /// When the agent began.
    pub started_at: Option<Timestamp>,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// What it gave.
    pub result: Option<serde_json::Value>,
    /// Why it failed.
    pub error_message: Option<String>,
    /// How much it printed; `null` while that is not known, and where it printed nothing.
    #[serde(default)]
    pub output: Option<OutputSize>,
}

/// How much an execution printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OutputSize {
    /// Bytes in all.
    pub bytes: u64,
    /// Bytes that are kept: the first of them, and the last when there are more than may be kept.
    pub kept: u64,
}
