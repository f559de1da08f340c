//! Agents: the process that Worpen runs on each node, and the node it speaks for.

use std::{borrow::Cow, collections::BTreeMap, sync::Arc};

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, de::Error as _};

use super::{
    endpoint::{Empty, endpoints},
    example,
    invitation::Invitation,
    labels::Labels,
    page::Page,
    telemetry::{Telemetry, TelemetryRange},
    verb::SiteVerb,
};
use crate::id::AgentId;

endpoints! {
    /// Lists the agents; their `last_seen_at` may be 10 seconds old.
    ListAgents: GET "/api/v1/agents", Viewer, ListAgentsRequest => Page<Agent> {
        SCOPED: bool = true;
        SUCCESS: &'static [u16] = &[200, 304];
    };
    /// Counts the agents and their containers by what they are.
    GetAgentStatistics: GET "/api/v1/statistics/agents", Viewer, Empty => AgentStatistics {
        SCOPED: bool = true;
        SUCCESS: &'static [u16] = &[200, 304];
    };
    /// Asks agents to report everything now.
    SyncAgents: POST "/api/v1/agents/sync", Operator, SyncAgentsRequest => AgentsAsked {
        SCOPED: bool = true;
        REFUSALS: &'static [u16] = &[404];
    };
    /// Describes one agent, with its latest telemetry.
    GetAgent: GET "/api/v1/agents/{id}", Viewer, AgentRef => AgentDetail {
        SCOPED: bool = true;
        SUCCESS: &'static [u16] = &[200, 304];
    };
    /// Begins or ends an agent's maintenance.
    SetAgentStatus: PUT "/api/v1/agents/{id}/status", Admin, SetAgentStatusRequest => Agent {
        REFUSALS: &'static [u16] = &[409];
    };
    /// Lists an agent's stored telemetry, oldest first.
    GetAgentTelemetry: GET "/api/v1/agents/{id}/telemetry", Viewer, TelemetryRange => Page<Telemetry> { SCOPED: bool = true; };
    /// Says how an agent is and why.
    GetAgentHealth: GET "/api/v1/agents/{id}/health", Viewer, AgentRef => AgentHealth { SCOPED: bool = true; };
    /// Withdraws an agent's identity for good; it stays in the list as REVOKED until it is removed or replaced.
    RevokeAgent: POST "/api/v1/agents/{id}/revoke", Admin, RevokeAgentRequest => Agent {
        REFUSALS: &'static [u16] = &[409];
    };
    /// Makes an invitation for the machine that takes an agent's place: the identity before ends when it joins.
    ReplaceAgent: POST "/api/v1/agents/{id}/replacement", Admin, ReplaceAgentRequest => Invitation {
        SUCCESS: &'static [u16] = &[201];
        REFUSALS: &'static [u16] = &[409];
        KEYED: bool = true;
    };
    /// Removes an agent for good; its id is never used again.
    RemoveAgent: DELETE "/api/v1/agents/{id}", Admin, AgentRef => Empty { REFUSALS: &'static [u16] = &[409]; };
}

/// Names an agent.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(example = example::agent_ref())]
pub struct AgentRef {
    /// The agent's id or its name.
    pub id: String,
}

/// Asks for agents.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[schemars(example = example::list_agents())]
pub struct ListAgentsRequest {
    /// Only agents in this state.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<AgentStatus>,
    /// Only agents of this site.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub site: Option<String>,
    /// Only agents that can run this verb.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub capability: Option<String>,
    /// Only agents whose operating system has this in its name, whatever the case: `debian`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub os: Option<String>,
    /// Only agents with this container engine, whatever the case: `docker`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub engine: Option<String>,
    /// Only agents for which this expression holds: `site == "eu" && cpu > 80`.
    #[serde(default, rename = "where", skip_serializing_if = "Option::is_none")]
    pub selector: Option<String>,
    /// The fields to sort by, separated by commas, a minus before those that go downwards: `site,-cpu`. By id unless
    /// told; what has no value comes last.
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

/// How an agent stands with the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum AgentStatus {
    /// Linked, and says that it is well.
    Online,
    /// Linked, and says that it is not well.
    Degraded,
    /// Not heard of just now; nothing is assumed about its containers.
    Unknown,
    /// Not heard of for three heartbeat intervals.
    Offline,
    /// An operator works on the node.
    Maintenance,
    /// Two live processes hold this identity; neither is believed.
    Quarantined,
    /// The identity was withdrawn.
    Revoked,
}

impl AgentStatus {
    /// Every status.
    pub const ALL: [Self; 7] = [
        Self::Online,
        Self::Degraded,
        Self::Unknown,
        Self::Offline,
        Self::Maintenance,
        Self::Quarantined,
        Self::Revoked,
    ];

    /// The status as the wire spells it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Online => "ONLINE",
            Self::Degraded => "DEGRADED",
            Self::Unknown => "UNKNOWN",
            Self::Offline => "OFFLINE",
            Self::Maintenance => "MAINTENANCE",
            Self::Quarantined => "QUARANTINED",
            Self::Revoked => "REVOKED",
        }
    }
}

impl<'de> Deserialize<'de> for AgentStatus {
    /// Reads a status, whatever its case.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let word = Cow::<'de, str>::deserialize(deserializer)?;
        Self::ALL.into_iter().find(|status| status.as_str().eq_ignore_ascii_case(&word)).ok_or_else(|| {
            let known = Self::ALL.map(Self::as_str).join(", ");
            D::Error::custom(format_args!("unknown status '{word}'; expected one of {known}"))
        })
    }
}

/// What a node says of itself when it links.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct HostFacts {
    /// The host's name.
    #[serde(default)]
    pub hostname: Option<String>,
    /// The operating system and its version, `Debian GNU/Linux 12`.
    #[serde(default)]
    pub os: Option<Arc<str>>,
    /// The kernel's release.
    #[serde(default)]
    pub kernel: Option<Arc<str>>,
    /// The processor architecture, `x86_64`.
    #[serde(default)]
    pub arch: Option<Arc<str>>,
    /// The processor's model.
    #[serde(default)]
    pub cpu_model: Option<Arc<str>>,
    /// Logical processors.
    #[serde(default)]
    pub cpu_count: Option<u32>,
    /// Installed memory, bytes.
    #[serde(default)]
    pub memory_total_bytes: Option<u64>,
    /// When the host started.
    #[serde(default)]
    pub booted_at: Option<Timestamp>,
}

/// The container engine of a node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ContainerEngine {
    /// `docker`.
    pub name: String,
    /// The engine's version.
    pub version: String,
    /// The API version that was negotiated.
    pub api_version: String,
}

/// One agent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(example = example::agent())]
pub struct Agent {
    /// The agent's id.
    pub id: AgentId,
    /// The agent's name; elsewhere `node`.
    pub agent_id: String,
    /// Where the node stands.
    pub site: String,
    /// How the agent stands with the server.
    pub status: AgentStatus,
    /// Since when.
    pub status_since: Timestamp,
    /// The version of the agent's program; `null` before its first link.
    pub version: Option<String>,
    /// The verbs that it can run.
    pub capabilities: Vec<Arc<str>>,
    /// What is known of the verbs that its site defined.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub site_verbs: Vec<Arc<SiteVerb>>,
    /// Names and values that its operator gave it.
    pub labels: Labels,
    /// The node.
    pub host: HostFacts,
    /// The container engine; `null` where there is none.
    pub container_engine: Option<ContainerEngine>,
    /// When it joined.
    pub created_at: Timestamp,
    /// When the server last heard of it; `null` before its first link.
    pub last_seen_at: Option<Timestamp>,
    /// The address it last linked from.
    pub address: Option<String>,
}

/// Asks for an agent's maintenance to begin or end.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(example = example::set_agent_status())]
pub struct SetAgentStatusRequest {
    /// The agent's id or its name.
    pub id: String,
    /// `MAINTENANCE`, or `ONLINE` to end it: the agent then stands as its link says.
    pub status: AgentStatus,
    /// Why, for the event and the audit log; at most 500 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 500))]
    pub reason: Option<String>,
}

/// Asks for an agent's identity to be withdrawn.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(example = example::revoke_agent())]
pub struct RevokeAgentRequest {
    /// The agent's id or its name.
    pub id: String,
    /// Why, for the event and the audit log; at most 500 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 500))]
    pub reason: Option<String>,
}

/// Asks for an invitation for the machine that takes an agent's place.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(example = example::replace_agent())]
pub struct ReplaceAgentRequest {
    /// The agent's id or its name.
    pub id: String,
    /// Seconds until the invitation expires, 10 to 86,400; 900 unless told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 10, max = 86_400))]
    pub expires_in: Option<u64>,
}

/// Asks agents to report everything now.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(example = example::sync_agents())]
pub struct SyncAgentsRequest {
    /// `all`, the name or id of an agent, or a list of names and ids.
    pub target: SyncTarget,
}

/// Which agents are meant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged, expecting = "expected \"all\", a name, or a list of names")]
pub enum SyncTarget {
    /// `all`, or one agent's name or id.
    One(String),
    /// Names and ids.
    These(#[schemars(length(min = 1, max = 1000))] Vec<String>),
}

/// Which agents were asked to report; what they answer arrives as events and telemetry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(example = example::agents_asked())]
pub struct AgentsAsked {
    /// How many were asked.
    pub asked: u32,
    /// The names of those that have no link, and will report when they come back.
    pub not_linked: Vec<String>,
}

/// How many there are of a kind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Count {
    /// What they have in common; `null` where it is not known.
    pub value: Option<String>,
    /// How many.
    pub count: u32,
}

/// The agents and their containers, counted; of each kind the most frequent first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(example = example::agent_statistics())]
pub struct AgentStatistics {
    /// Agents.
    pub total: u32,
    /// Agents whose link is open now.
    pub linked: u32,
    /// Agents that are not heard of, so that what is known of their nodes may be old.
    pub stale: u32,
    /// Agents by status.
    pub by_status: Vec<Count>,
    /// Agents by site.
    pub by_site: Vec<Count>,
    /// Agents by operating system and its version.
    pub by_os: Vec<Count>,
    /// Agents by processor architecture.
    pub by_arch: Vec<Count>,
    /// Agents by container engine; `null` for those that have none.
    pub by_engine: Vec<Count>,
    /// Agents by the version of their program.
    pub by_version: Vec<Count>,
    /// Agents by verb that they can run; one agent counts for each.
    pub by_capability: Vec<Count>,
    /// Containers on their nodes.
    pub containers: u32,
    /// Containers by state.
    pub containers_by_state: Vec<Count>,
}

/// One agent with what is known of it now.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(example = example::agent_detail())]
pub struct AgentDetail {
    /// The agent.
    #[serde(flatten)]
    pub agent: Agent,
    /// Containers on the node by state; empty without a container engine.
    pub containers: BTreeMap<String, u32>,
    /// The latest telemetry; `null` before the first.
    pub telemetry: Option<Telemetry>,
}

/// How an agent is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(example = example::agent_health())]
pub struct AgentHealth {
    /// The agent's id.
    pub id: AgentId,
    /// The agent's name.
    pub agent_id: String,
    /// How it stands with the server.
    pub status: AgentStatus,
    /// Since when.
    pub status_since: Timestamp,
    /// When the server last heard of it.
    pub last_seen_at: Option<Timestamp>,
    /// Whether a link is open now.
    pub linked: bool,
    /// The heartbeat interval the agent was given, seconds.
    pub heartbeat_interval_s: u32,
    /// CPU in use, percent; `null` before the first telemetry.
    pub cpu_usage: Option<f32>,
    /// Memory in use, percent; `null` before the first telemetry.
    pub memory_usage: Option<f32>,
    /// The fullest disk, percent; `null` before the first telemetry.
    pub disk_usage: Option<f32>,
}
