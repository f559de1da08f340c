//! Containers, as the node's engine tells of them.

use std::sync::Arc;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    command::Command,
    endpoint::{Content, endpoints},
    example,
    labels::Labels,
    page::Page,
};
use crate::id::AgentId;

mod look;

pub use look::{
    ContainerInspection, ContainerLogsRequest, ContainerStats, LogBreak, LogItem, LogLine, POSITION_HEADER,
    Traffic,
};

endpoints! {
    /// Lists the containers of the fleet.
    ListContainers: GET "/api/v1/containers", Viewer, ListContainersRequest => Page<Container> {
        SCOPED: bool = true;
        SUCCESS: &'static [u16] = &[200, 304];
        REFUSALS: &'static [u16] = &[404];
    };
    /// Describes one container.
    GetContainer: GET "/api/v1/containers/{id}", Viewer, ContainerRef => Container {
        SCOPED: bool = true;
        SUCCESS: &'static [u16] = &[200, 304];
        REFUSALS: &'static [u16] = &[409];
    };
    /// Starts a container.
    StartContainer: POST "/api/v1/containers/{id}/start", Operator, ActOnContainer => Command {
        SCOPED: bool = true;
        QUERY: &'static [&'static str] = &["wait"];
        SUCCESS: &'static [u16] = &[200, 202];
        REFUSALS: &'static [u16] = &[409];
        KEYED: bool = true;
    };
    /// Stops a container: its stop signal, then after `timeout_s` the end.
    StopContainer: POST "/api/v1/containers/{id}/stop", Operator, StopContainerRequest => Command {
        SCOPED: bool = true;
        QUERY: &'static [&'static str] = &["wait"];
        SUCCESS: &'static [u16] = &[200, 202];
        REFUSALS: &'static [u16] = &[409];
        KEYED: bool = true;
    };
    /// Stops a container, then starts it.
    RestartContainer: POST "/api/v1/containers/{id}/restart", Operator, StopContainerRequest => Command {
        SCOPED: bool = true;
        QUERY: &'static [&'static str] = &["wait"];
        SUCCESS: &'static [u16] = &[200, 202];
        REFUSALS: &'static [u16] = &[409];
        KEYED: bool = true;
    };
    /// Removes a container; a running one only with `force`.
    RemoveContainer: DELETE "/api/v1/containers/{id}", Operator, RemoveContainerRequest => Command {
        SCOPED: bool = true;
        SUCCESS: &'static [u16] = &[200, 202];
        REFUSALS: &'static [u16] = &[409];
        KEYED: bool = true;
    };
    /// Reads a container's log from its node, and follows it with `follow`. An error after the first byte is a last object with `error`, or for text a connection that breaks.
    GetContainerLogs: GET "/api/v1/containers/{id}/logs", Viewer, ContainerLogsRequest => LogItem {
        SCOPED: bool = true;
        CONTENT: Content = Content::Lines;
        REFUSALS: &'static [u16] = &[409, 502, 504];
        ASKS_NODE: bool = true;
    };
    /// Measures what a running container uses, as `docker stats` does.
    GetContainerStats: GET "/api/v1/containers/{id}/stats", Viewer, ContainerRef => ContainerStats {
        SCOPED: bool = true;
        REFUSALS: &'static [u16] = &[409, 502, 504];
        ASKS_NODE: bool = true;
    };
    /// Shows what the engine knows of a container, in its own words. Viewers are not shown the values of its environment, which can be secrets.
    InspectContainer: GET "/api/v1/containers/{id}/inspect", Viewer, ContainerRef => ContainerInspection {
        SCOPED: bool = true;
        REFUSALS: &'static [u16] = &[409, 502, 504];
        ASKS_NODE: bool = true;
    };
}

/// Names a container.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(example = example::container_ref())]
pub struct ContainerRef {
    /// The engine's id or a unique prefix of it, `node/name`, or a name that only one node has.
    pub id: String,
}

/// Asks for containers.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[schemars(example = example::list_containers())]
pub struct ListContainersRequest {
    /// Only those on this node.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node: Option<String>,
    /// Only those in this state.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<ContainerState>,
    /// Only containers for which this expression holds: `image.contains("nginx") && exit_code != 0`.
    #[serde(default, rename = "where", skip_serializing_if = "Option::is_none")]
    pub selector: Option<String>,
    /// The fields to sort by, separated by commas, a minus before those that go downwards: `node,-exit_code`. By node and id
    /// unless told; what has no value comes last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sort: Option<String>,
    /// The most items to return, 1 to 1,000; 100 unless told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 1000))]
    pub limit: Option<u32>,
    /// `next_cursor` of the page before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
}

/// Asks for an act on a container.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(example = example::act_on_container())]
pub struct ActOnContainer {
    /// The engine's id or a unique prefix of it, `node/name`, or a name that only one node has.
    pub id: String,
    /// Seconds to wait for the end, 0 to 300; 30 unless told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(max = 300))]
    pub wait: Option<u32>,
}

/// Asks for a stop or a restart.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(example = example::stop_container())]
pub struct StopContainerRequest {
    /// The engine's id or a unique prefix of it, `node/name`, or a name that only one node has.
    pub id: String,
    /// Seconds to wait for the end, 0 to 300; 30 unless told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(max = 300))]
    pub wait: Option<u32>,
    /// Seconds between the stop signal and the kill, 0 to 300; the container's own setting unless told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(max = 300))]
    pub timeout_s: Option<u32>,
}

/// Asks for a removal.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(example = example::remove_container())]
pub struct RemoveContainerRequest {
    /// The engine's id or a unique prefix of it, `node/name`, or a name that only one node has.
    pub id: String,
    /// Seconds to wait for the end, 0 to 300; 30 unless told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(max = 300))]
    pub wait: Option<u32>,
    /// Whether a running container may be killed first.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub force: bool,
}

/// What a container is doing, in the engine's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "the engine's own words say what they mean")]
pub enum ContainerState {
    Created,
    Running,
    Paused,
    Restarting,
    Removing,
    Exited,
    Dead,
}

impl ContainerState {
    /// The state as the wire spells it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Running => "running",
            Self::Paused => "paused",
            Self::Restarting => "restarting",
            Self::Removing => "removing",
            Self::Exited => "exited",
            Self::Dead => "dead",
        }
    }
}

/// What the engine says of a container.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ContainerFacts {
    /// The engine's id, 64 hexadecimal digits.
    pub id: String,
    /// Its name, without the leading slash.
    pub name: String,
    /// The image as the engine lists it.
    pub image: Arc<str>,
    /// The image's id, `sha256:...`.
    pub image_id: Arc<str>,
    /// The command it runs.
    #[serde(default)]
    pub command: Option<Arc<str>>,
    /// What it is doing.
    pub state: ContainerState,
    /// `healthy`, `unhealthy` or `starting`; `null` without a health check.
    #[serde(default)]
    pub health: Option<Arc<str>>,
    /// The last exit code; `null` while it has none.
    #[serde(default)]
    pub exit_code: Option<i64>,
    /// When it was made.
    #[serde(default)]
    pub created_at: Option<Timestamp>,
    /// When it was last started.
    #[serde(default)]
    pub started_at: Option<Timestamp>,
    /// When it last ended.
    #[serde(default)]
    pub finished_at: Option<Timestamp>,
    /// Published ports, `127.0.0.1:8080->80/tcp`.
    #[serde(default)]
    pub ports: Vec<Arc<str>>,
    /// Its labels.
    #[serde(default)]
    pub labels: Labels,
}

/// A container of the fleet; its key is the agent and the engine's id.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(example = example::container())]
pub struct Container {
    /// What the engine says.
    #[serde(flatten)]
    pub facts: ContainerFacts,
    /// The name of the node it is on.
    pub node: Arc<str>,
    /// The id of that node's agent.
    pub agent: AgentId,
    /// Since when the node has not been heard of; `null` while it is.
    pub stale_since: Option<Timestamp>,
}
