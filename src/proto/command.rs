//! Commands: the only way in which a node is touched.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{endpoint::endpoints, example, page::Page};
use crate::id::{AgentId, CommandId, ExecutionId};

endpoints! {
    /// Gives a command to agents that all announced its verb.
    GiveCommand: POST "/api/v1/commands", Operator, GiveCommandRequest => Command {
        QUERY: &'static [&'static str] = &["wait"];
        SUCCESS: &'static [u16] = &[200, 202];
        REFUSALS: &'static [u16] = &[404, 409];
        KEYED: bool = true;
    };
    /// Lists the commands, the newest first. With filters a page may be short, or empty, although more follow: `next_cursor` tells.
    ListCommands: GET "/api/v1/commands", Viewer, ListCommandsRequest => Page<Command> {
        REFUSALS: &'static [u16] = &[404];
    };
    /// Describes one command and each of its executions.
    GetCommand: GET "/api/v1/commands/{id}", Viewer, GetCommandRequest => Command;
}

/// Asks for a command.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(example = example::give_command())]
pub struct GiveCommandRequest {
    /// What to do: a verb that every target announced, 1 to 64 of `a-z`, digits and `. _ : -`.
    #[schemars(regex(pattern = r"^[A-Za-z0-9._:-]{1,64}$"))]
    pub verb: String,
    /// With what: an object, at most 64 KiB; of `docker.*` the fields of that act, with the container's id or name.
    #[serde(default)]
    pub args: serde_json::Map<String, serde_json::Value>,
    /// Where: 1 to 1,000 agents, each by its id or name.
    #[schemars(length(min = 1, max = 1000))]
    pub agent_targets: Vec<String>,
    /// Seconds it may take once started, 1 to 86,400; a target that has not taken it for as long never will. What the
    /// server is set to unless told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 86_400))]
    pub timeout_s: Option<u32>,
    /// Seconds to wait for the end, 0 to 300; 30 unless told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(max = 300))]
    pub wait: Option<u32>,
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
    /// When it was given.
    pub created_at: Timestamp,
    /// A target that has not taken it by then never will.
    pub expires_at: Timestamp,
    /// When the last execution ended.
    pub ended_at: Option<Timestamp>,
    /// Seconds it may take once started.
    pub timeout_s: u32,
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
    /// When the agent began.
    pub started_at: Option<Timestamp>,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// What it gave.
    pub result: Option<serde_json::Value>,
    /// Why it failed.
    pub error_message: Option<String>,
}
