//! The fields of images.

use std::sync::Arc;

use jiff::Timestamp;

use super::{Field, Kind, Needs, Row, Value, agent::age};
use crate::proto::{agent::Agent, image::Image};

/// An image with its node.
#[derive(Clone, Debug)]
pub struct ImageRow {
    /// The image.
    pub image: Arc<Image>,
    /// The agent of its node.
    pub agent: Arc<Agent>,
    /// Since when the node has not been heard of.
    pub stale_since: Option<Timestamp>,
    /// Now.
    pub now: Timestamp,
}

impl Row for ImageRow {
    fn id(&self) -> String {
        format!("{}/{}", self.image.agent, self.image.facts.id)
    }

    fn name(&self) -> String {
        let name = self.image.facts.tags.first().unwrap_or(&self.image.facts.id);
        format!("{}/{name}", self.image.node)
    }
}

/// The whole table.
pub const FIELDS: &[Field<ImageRow>] = &[
    text("id", "the engine's id", |row| (&row.image.facts.id).into()),
    text("tag", "the first name it goes by", |row| row.image.facts.tags.first().into()),
    list("tags", "the names it goes by", |row| Value::List(&row.image.facts.tags)),
    list("digests", "what a registry knows it by", |row| Value::List(&row.image.facts.digests)),
    text("node", "the name of the node it is on", |row| (&row.image.node).into()),
    text("site", "where that node stands", |row| (&row.agent.site).into()),
    text("status", "how that node's agent stands: ONLINE ...", |row| row.agent.status.as_str().into()),
    Field {
        name: "size_bytes",
        kind: Kind::Integer,
        needs: Needs::NOTHING,
        about: "bytes on disk; also size",
        read: |row| row.image.facts.size_bytes.into(),
    },
    Field {
        name: "size",
        kind: Kind::Integer,
        needs: Needs::NOTHING,
        about: "the same as size_bytes",
        read: |row| row.image.facts.size_bytes.into(),
    },
    Field {
        name: "stale",
        kind: Kind::Truth,
        needs: Needs::NOTHING,
        about: "whether its node is not heard of just now",
        read: |row| row.stale_since.is_some().into(),
    },
    Field {
        name: "age",
        kind: Kind::Integer,
        needs: Needs::CLOCK,
        about: "since it was made, seconds",
        read: |row| age(row.image.facts.created_at, row.now),
    },
];

const fn text(
    name: &'static str,
    about: &'static str,
    read: for<'a> fn(&'a ImageRow) -> Value<'a>,
) -> Field<ImageRow> {
    Field { name, kind: Kind::Text, needs: Needs::NOTHING, about, read }
}

const fn list(
    name: &'static str,
    about: &'static str,
    read: for<'a> fn(&'a ImageRow) -> Value<'a>,
) -> Field<ImageRow> {
    Field { name, kind: Kind::List, needs: Needs::NOTHING, about, read }
}
