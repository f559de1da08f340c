//! What a node reports: its inventory, and what happened on it. Each frame is written with its sequence, so that a
//! repetition changes nothing.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::Origin;
use crate::{
    core::{
        change::{Change, CommitError, NewEvent, Statement},
        container::{Difference, differences},
        error::Error,
        fleet::SharedFleet,
        node_time::believable,
        port::{records::Records, store::Store},
        statement,
    },
    id::AgentId,
    proto::{
        agent::Agent,
        container::ContainerFacts,
        event::EventKind,
        image::ImageFacts,
        link::{Inventory, NodeEvent},
    },
};

/// Takes a full report: what differs from what was known becomes events.
///
/// # Errors
/// A container or an image has more to tell than may be kept of one, or the store cannot write.
pub async fn inventory(
    store: &dyn Store,
    fleet: &SharedFleet,
    agent: AgentId,
    sequence: Option<u64>,
    report: Inventory,
    origin: &Origin,
) -> Result<(), Error> {
    for (place, facts) in report.containers.iter().enumerate() {
        check_size(&format!("containers/{place}"), facts)?;
    }
    for (place, facts) in report.images.iter().enumerate() {
        check_size(&format!("images/{place}"), facts)?;
    }
    let change = {
        let fleet = fleet.read();
        let Some(known) = fleet.agent_by_id(agent) else { return Ok(()) };
        let node = known.agent_id.clone();
        let containers: Vec<&ContainerFacts> = fleet.containers_of(agent).map(|item| &item.facts).collect();
        let images: Vec<&ImageFacts> = fleet.images_of(agent).map(|item| &item.facts).collect();
        let mut change = engine_change(known, &report, origin);
        for difference in differences(&containers, &report.containers) {
            let (statement, kind, facts) = match difference {
                Difference::Present(kind, facts) => (statement::container::put(agent, &facts), kind, facts),
                Difference::Gone(facts) => {
                    let gone = statement::container::remove(agent, &facts.id);
                    (gone, EventKind::ContainerRemoved, facts)
                }
            };
            let event = origin.event(kind, json!({ "container": facts, "found": true })).about(node.clone());
            change = change.write(statement).event(event);
        }
        for (statement, kind, facts) in image_differences(agent, &images, &report.images) {
            let event = origin.event(kind, json!({ "image": facts, "found": true })).about(node.clone());
            change = change.write(statement).event(event);
        }
        change
    };
    Ok(commit_once(store, agent, sequence, change).await?)
}

/// The change of a node's container engine, if it changed.
fn engine_change(known: &Agent, report: &Inventory, origin: &Origin) -> Change {
    if known.container_engine == report.container_engine {
        return Change::new();
    }
    let now = Agent { container_engine: report.container_engine.clone(), ..known.clone() };
    Change::new()
        .write(statement::agent::set_engine(known.id, known.status, now.container_engine.as_ref()))
        .event(origin.event(EventKind::AgentUpdated, json!({ "agent": now })).about(known.agent_id.clone()))
}

/// What differs between known and reported images.
fn image_differences(
    agent: AgentId,
    known: &[&ImageFacts],
    reported: &[ImageFacts],
) -> Vec<(Statement, EventKind, ImageFacts)> {
    let mut before: BTreeMap<&str, &ImageFacts> = known.iter().map(|facts| (&*facts.id, *facts)).collect();
    let mut found = Vec::new();
    for facts in reported {
        if before.remove(&*facts.id) != Some(facts) {
            found.push((statement::image::put(agent, facts), EventKind::ImageUpdated, facts.clone()));
        }
    }
    found.extend(
        before
            .into_values()
            .map(|old| (statement::image::remove(agent, &old.id), EventKind::ImageRemoved, old.clone())),
    );
    found
}

/// Takes one event of a node.
///
/// # Errors
/// It is of a kind that nodes do not report, or the store cannot write.
pub async fn event(
    store: &dyn Store,
    records: &dyn Records,
    agent: AgentId,
    sequence: Option<u64>,
    event: NodeEvent,
    node: &str,
    origin: &Origin,
) -> Result<(), Error> {
    check_event(&event)?;
    let mut change = Change::new();
    if let Some(facts) = &event.container {
        change = change.write(match event.kind {
            EventKind::ContainerRemoved => statement::container::remove(agent, &facts.id),
            _ => statement::container::put(agent, facts),
        });
    }
    if let Some(facts) = &event.image {
        change = change.write(match event.kind {
            EventKind::ImageRemoved => statement::image::remove(agent, &facts.id),
            _ => statement::image::put(agent, facts),
        });
    }
    let time = believable(event.time, origin.now);
    let mut appended = NewEvent::new(event.kind, time, origin.actor.clone(), data(&event)).about(node);
    if let Some(id) = event.execution
        && let Some(record) = records.execution(id).await?.filter(|record| record.agent == agent)
    {
        appended = appended.correlated(record.command.to_string()).caused_by(Some(record.cause));
    }
    Ok(commit_once(store, agent, sequence, change.event(appended)).await?)
}

/// The most bytes that each part of a node's report may have: a container, an image, the attributes of an event. All of them
/// are kept, and told in every event about them.
const MAX_PART_BYTES: usize = 64 * 1024;

/// Whether a node may report this: of a kind that nodes see (the others are the server's own conclusions), carrying the
/// record of that kind's noun and no other.
fn check_event(event: &NodeEvent) -> Result<(), Error> {
    let (container, image) = match event.kind.as_str().split_once('.') {
        Some(("container", _)) => (true, false),
        Some(("image", _)) => (false, true),
        _ if event.kind == EventKind::SpoolTrimmed => (false, false),
        _ => return Err(Error::field("kind", "expected container.*, image.* or spool.trimmed")),
    };
    if event.container.is_some() != container {
        return Err(Error::field("container", "expected with container.* and nowhere else"));
    }
    if event.image.is_some() != image {
        return Err(Error::field("image", "expected with image.* and nowhere else"));
    }
    check_size("container", &event.container)?;
    check_size("image", &event.image)?;
    check_size("attributes", &event.attributes)
}

/// Whether a part of a report is as small as it must be.
fn check_size(name: &str, part: &impl Serialize) -> Result<(), Error> {
    let bytes = serde_json::to_vec(part).map_or(usize::MAX, |bytes| bytes.len());
    if bytes > MAX_PART_BYTES {
        return Err(Error::field(name, format!("expected at most {MAX_PART_BYTES} bytes of JSON")));
    }
    Ok(())
}

/// The data of a node's event: its attributes, and the records it carries. Records come from their own fields alone: an
/// attribute of that name would pass for one.
fn data(event: &NodeEvent) -> Value {
    let mut data: Map<String, Value> = event.attributes.clone();
    data.retain(|name, _| !matches!(name.as_str(), "agent" | "container" | "image"));
    if let Some(facts) = &event.container {
        data.insert("container".into(), json!(facts));
    }
    if let Some(facts) = &event.image {
        data.insert("image".into(), json!(facts));
    }
    Value::Object(data)
}

/// Commits what a frame says, once: a repetition of a sequence that is already written is no error.
pub(super) async fn commit_once(
    store: &dyn Store,
    agent: AgentId,
    sequence: Option<u64>,
    mut change: Change,
) -> Result<(), CommitError> {
    if let Some(sequence) = sequence {
        change.statements.insert(0, statement::agent::ingest(agent, sequence));
    }
    match store.commit(change).await {
        Ok(_) => Ok(()),
        Err(error) if error.is_conflict_of("agent.ingest") => Ok(()),
        Err(error) => Err(error),
    }
}
