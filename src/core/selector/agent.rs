//! The fields of agents.

use std::{collections::BTreeMap, sync::Arc};

use jiff::Timestamp;

use super::{Field, Kind, Needs, Row, Value};
use crate::proto::{agent::Agent, container::ContainerState, telemetry::Telemetry};

/// An agent with what is known of it now.
#[derive(Clone, Debug)]
pub struct AgentRow {
    /// The agent.
    pub agent: Arc<Agent>,
    /// Its latest telemetry.
    pub telemetry: Option<Arc<Telemetry>>,
    /// Its containers by state.
    pub containers: BTreeMap<ContainerState, u32>,
    /// Whether a link is open.
    pub linked: bool,
    /// Now.
    pub now: Timestamp,
}

impl AgentRow {
    fn containers_in(&self, state: ContainerState) -> Value<'_> {
        self.containers.get(&state).copied().unwrap_or_default().into()
    }

    fn measured<'a>(&'a self, read: impl FnOnce(&'a Telemetry) -> Value<'a>) -> Value<'a> {
        self.telemetry.as_deref().map_or(Value::Missing, read)
    }
}

impl Row for AgentRow {
    fn id(&self) -> String {
        self.agent.id.to_string()
    }

    fn name(&self) -> String {
        self.agent.agent_id.clone()
    }
}

/// Whole seconds from a moment until now; none before it.
pub(super) fn age(then: Option<Timestamp>, now: Timestamp) -> Value<'static> {
    then.map_or(Value::Missing, |then| Value::Integer(then.duration_until(now).as_secs().max(0)))
}

/// The whole table.
pub const FIELDS: &[Field<AgentRow>] = &[
    text("id", "the agent's id", |row| Value::Text(row.agent.id.to_string().into())),
    text("name", "the agent's name; also agent_id and node", |row| (&row.agent.agent_id).into()),
    text("agent_id", "the same as name", |row| (&row.agent.agent_id).into()),
    text("node", "the same as name", |row| (&row.agent.agent_id).into()),
    text("site", "where the node stands", |row| (&row.agent.site).into()),
    text("status", "ONLINE, DEGRADED, UNKNOWN, OFFLINE, MAINTENANCE or QUARANTINED", |row| {
        row.agent.status.as_str().into()
    }),
    text("version", "the version of the agent's program", |row| row.agent.version.as_ref().into()),
    Field {
        name: "capabilities",
        kind: Kind::List,
        needs: Needs::NOTHING,
        about: "the verbs that it can run",
        read: |row| Value::List(&row.agent.capabilities),
    },
    Field {
        name: "labels",
        kind: Kind::Labels,
        needs: Needs::NOTHING,
        about: "what its operator gave it: labels.tier",
        read: |row| Value::Labels(&row.agent.labels),
    },
    text("address", "the address it last linked from", |row| row.agent.address.as_ref().into()),
    text("hostname", "the host's name", |row| row.agent.host.hostname.as_ref().into()),
    text("os", "the operating system and its version", |row| row.agent.host.os.as_ref().into()),
    text("kernel", "the kernel's release", |row| row.agent.host.kernel.as_ref().into()),
    text("arch", "the processor architecture", |row| row.agent.host.arch.as_ref().into()),
    text("cpu_model", "the processor's model", |row| row.agent.host.cpu_model.as_ref().into()),
    whole("cpu_count", Needs::NOTHING, "logical processors", |row| row.agent.host.cpu_count.into()),
    whole("memory_total_bytes", Needs::NOTHING, "installed memory, bytes", |row| {
        row.agent.host.memory_total_bytes.into()
    }),
    text("engine", "the container engine", |row| {
        row.agent.container_engine.as_ref().map(|engine| &engine.name).into()
    }),
    text("engine_version", "the container engine's version", |row| {
        row.agent.container_engine.as_ref().map(|engine| &engine.version).into()
    }),
    Field {
        name: "linked",
        kind: Kind::Truth,
        needs: Needs::LINK,
        about: "whether its link is open",
        read: |row| row.linked.into(),
    },
    whole("age", Needs::CLOCK, "since it joined, seconds", |row| age(Some(row.agent.created_at), row.now)),
    whole("status_age", Needs::CLOCK, "since its status changed, seconds", |row| {
        age(Some(row.agent.status_since), row.now)
    }),
    whole("last_seen_age", Needs::CLOCK.and(Needs::HEARD), "since the server heard of it, seconds", |row| {
        age(row.agent.last_seen_at, row.now)
    }),
    whole("host_uptime", Needs::CLOCK, "since the host started, seconds", |row| {
        age(row.agent.host.booted_at, row.now)
    }),
    number("cpu", "CPU in use, percent", |row| row.measured(|latest| latest.cpu_usage.into())),
    number("memory", "memory in use, percent", |row| {
        row.measured(|latest| latest.memory_usage.percent.into())
    }),
    number("disk", "the fullest disk, percent", |row| {
        row.measured(|latest| {
            latest.disk_usage.values().map(|disk| disk.percent).max_by(f32::total_cmp).into()
        })
    }),
    number("load1", "load over a minute", |row| row.measured(|latest| latest.load_average[0].into())),
    number("load5", "load over 5 minutes", |row| row.measured(|latest| latest.load_average[1].into())),
    number("load15", "load over 15 minutes", |row| row.measured(|latest| latest.load_average[2].into())),
    whole("containers", Needs::CONTAINERS, "its containers", |row| {
        row.containers.values().sum::<u32>().into()
    }),
    whole("running", Needs::CONTAINERS, "its containers that run", |row| {
        row.containers_in(ContainerState::Running)
    }),
    whole("paused", Needs::CONTAINERS, "its containers that are paused", |row| {
        row.containers_in(ContainerState::Paused)
    }),
    whole("restarting", Needs::CONTAINERS, "its containers that restart", |row| {
        row.containers_in(ContainerState::Restarting)
    }),
    whole("exited", Needs::CONTAINERS, "its containers that ended", |row| {
        row.containers_in(ContainerState::Exited)
    }),
    whole("dead", Needs::CONTAINERS, "its containers that are dead", |row| {
        row.containers_in(ContainerState::Dead)
    }),
];

const fn text(
    name: &'static str,
    about: &'static str,
    read: for<'a> fn(&'a AgentRow) -> Value<'a>,
) -> Field<AgentRow> {
    Field { name, kind: Kind::Text, needs: Needs::NOTHING, about, read }
}

const fn number(
    name: &'static str,
    about: &'static str,
    read: for<'a> fn(&'a AgentRow) -> Value<'a>,
) -> Field<AgentRow> {
    Field { name, kind: Kind::Number, needs: Needs::TELEMETRY, about, read }
}

const fn whole(
    name: &'static str,
    needs: Needs,
    about: &'static str,
    read: for<'a> fn(&'a AgentRow) -> Value<'a>,
) -> Field<AgentRow> {
    Field { name, kind: Kind::Integer, needs, about, read }
}
