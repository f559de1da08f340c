//! The fields of containers.

use std::sync::Arc;

use jiff::Timestamp;

use super::{Field, Kind, Needs, Row, Value, agent::age};
use crate::proto::{agent::Agent, container::Container};

/// A container with its node.
#[derive(Clone, Debug)]
pub struct ContainerRow {
    /// The container.
    pub container: Arc<Container>,
    /// The agent of its node.
    pub agent: Arc<Agent>,
    /// Since when the node has not been heard of.
    pub stale_since: Option<Timestamp>,
    /// Now.
    pub now: Timestamp,
}

impl Row for ContainerRow {
    fn id(&self) -> String {
        format!("{}/{}", self.container.agent, self.container.facts.id)
    }

    fn name(&self) -> String {
        format!("{}/{}", self.container.node, self.container.facts.name)
    }
}

/// The whole table.
pub const FIELDS: &[Field<ContainerRow>] = &[
    text("id", "the engine's id", |row| (&row.container.facts.id).into()),
    text("name", "its name", |row| (&row.container.facts.name).into()),
    text("node", "the name of the node it is on", |row| (&row.container.node).into()),
    text("site", "where that node stands", |row| (&row.agent.site).into()),
    text("status", "how that node's agent stands: ONLINE ...", |row| row.agent.status.as_str().into()),
    text("image", "the image as the engine lists it", |row| (&row.container.facts.image).into()),
    text("image_id", "the image's id", |row| (&row.container.facts.image_id).into()),
    text("command", "the command it runs", |row| row.container.facts.command.as_ref().into()),
    text("state", "created, running, paused, restarting, removing, exited or dead", |row| {
        row.container.facts.state.as_str().into()
    }),
    text("health", "healthy, unhealthy or starting", |row| row.container.facts.health.as_ref().into()),
    whole("exit_code", Needs::NOTHING, "the last exit code", |row| row.container.facts.exit_code.into()),
    Field {
        name: "ports",
        kind: Kind::List,
        needs: Needs::NOTHING,
        about: "published ports, 127.0.0.1:8080->80/tcp",
        read: |row| Value::List(&row.container.facts.ports),
    },
    Field {
        name: "labels",
        kind: Kind::Labels,
        needs: Needs::NOTHING,
        about: "its labels: labels[\"com.docker.compose.project\"]",
        read: |row| Value::Labels(&row.container.facts.labels),
    },
    Field {
        name: "stale",
        kind: Kind::Truth,
        needs: Needs::NOTHING,
        about: "whether its node is not heard of just now",
        read: |row| row.stale_since.is_some().into(),
    },
    whole("age", Needs::CLOCK, "since it was made, seconds", |row| {
        age(row.container.facts.created_at, row.now)
    }),
    whole("started_age", Needs::CLOCK, "since it was last started, seconds", |row| {
        age(row.container.facts.started_at, row.now)
    }),
    whole("finished_age", Needs::CLOCK, "since it last ended, seconds", |row| {
        age(row.container.facts.finished_at, row.now)
    }),
];

const fn text(
    name: &'static str,
    about: &'static str,
    read: for<'a> fn(&'a ContainerRow) -> Value<'a>,
) -> Field<ContainerRow> {
    Field { name, kind: Kind::Text, needs: Needs::NOTHING, about, read }
}

const fn whole(
    name: &'static str,
    needs: Needs,
    about: &'static str,
    read: for<'a> fn(&'a ContainerRow) -> Value<'a>,
) -> Field<ContainerRow> {
    Field { name, kind: Kind::Integer, needs, about, read }
}
