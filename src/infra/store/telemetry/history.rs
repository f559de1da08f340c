//! Measurements as they were, from parts and from rows.

use std::collections::HashMap;

use jiff::Timestamp;
use rusqlite::Connection;

use super::{
    NODES_PER_PART, Shared, number_of,
    part::{Part, parts},
    recent::{Shapes, chain, each},
    record::measurement,
};
use crate::{
    core::{port::StoreError, telemetry::HOUR},
    id::AgentId,
    infra::store::row::failed,
    proto::telemetry::{Metric, Telemetry},
};

/// An agent's measurements from `from` to before `to`, oldest first, at most `limit`.
pub(super) fn history(
    connection: &Connection,
    shared: &Shared,
    agent: AgentId,
    from: i64,
    to: i64,
    limit: usize,
) -> Result<Vec<Telemetry>, StoreError> {
    let Some(number) = number_of(connection, agent).map_err(failed)? else { return Ok(Vec::new()) };
    let (snapshot, heads) = shared.snapshot(connection, &[number])?;
    let head = heads.first().copied().unwrap_or(0);
    let mut shapes = Shapes::default();
    let mut recent: Vec<(i64, Vec<u8>)> =
        chain(&snapshot, head, from, to)?.into_iter().rev().map(|row| (row.time, row.body)).collect();
    recent.sort_by_key(|(time, _)| *time);
    let stored = parts(&snapshot, number / NODES_PER_PART, from, to)?;
    let (mut recent, mut found) = (recent.into_iter().peekable(), Vec::new());
    for hour in stored.chunk_by(|one, other| one.hour == other.hour) {
        let end = hour.first().map_or(to, |part| (part.hour + 1).saturating_mul(HOUR));
        let mut items = Vec::new();
        for part in hour {
            items.extend(part_of(&snapshot, part, number, &mut shapes)?.unwrap_or_default());
        }
        while let Some((time, body)) = recent.next_if(|(time, _)| *time < end) {
            items.extend(row(&snapshot, &mut shapes, time, &body)?);
        }
        take(items, from, to, limit, &mut found);
        if found.len() >= limit {
            return Ok(found);
        }
    }
    let mut items = Vec::new();
    for (time, body) in recent {
        items.extend(row(&snapshot, &mut shapes, time, &body)?);
    }
    take(items, from, to, limit, &mut found);
    Ok(found)
}

/// Adds items in the order of time; of several of one moment the first that came.
fn take(mut items: Vec<Telemetry>, from: i64, to: i64, limit: usize, found: &mut Vec<Telemetry>) {
    items.retain(|item| (from..to).contains(&item.timestamp.as_microsecond()));
    items.sort_by_key(|item| item.timestamp);
    items.dedup_by_key(|item| item.timestamp);
    found.extend(items);
    found.truncate(limit);
}

/// The measurement of a row; nothing when it is damaged, which is said.
fn row(
    connection: &Connection,
    shapes: &mut Shapes,
    time: i64,
    body: &[u8],
) -> Result<Option<Telemetry>, StoreError> {
    let mut values = Vec::new();
    let read = shapes.read(connection, body, &mut values)?;
    let read = read.and_then(|(_, shape)| measurement(&shape.shape, moment(time)?, &values));
    if read.is_none() {
        tracing::error!(time, "a stored measurement is damaged and left out");
    }
    Ok(read)
}

fn moment(time: i64) -> Option<Timestamp> {
    Timestamp::from_microsecond(time).ok()
}

/// What a part holds of a node; `None` when it is damaged.
fn part_of(
    connection: &Connection,
    part: &Part,
    number: u32,
    shapes: &mut Shapes,
) -> Result<Option<Vec<Telemetry>>, StoreError> {
    let Some(directory) = &part.directory else { return Ok(None) };
    let Some(position) = directory.position(number) else { return Ok(Some(Vec::new())) };
    let Some(node) = directory.nodes.get(position) else { return Ok(None) };
    let Some(times) = part.times(connection, directory, &[position])? else { return Ok(None) };
    let mut columns = Vec::with_capacity(Metric::ALL.len());
    for metric in Metric::ALL {
        let first = directory.first_series(position, metric.label());
        let series = node.series(metric.label());
        let wanted = series.iter().enumerate().map(|(offset, series)| (first + offset, series.count));
        let Some(values) = part.read(connection, metric, directory.series(metric.label()), wanted)? else {
            return Ok(None);
        };
        let values: Vec<std::vec::IntoIter<u64>> = values.into_iter().map(Vec::into_iter).collect();
        columns.push((series, values));
    }
    let mut times = times.into_iter().flatten();
    let mut found = Vec::with_capacity(node.rows);
    for (id, count) in &node.runs {
        let shape = shapes.get(connection, *id)?;
        for time in times.by_ref().take(*count) {
            let mut values = Vec::with_capacity(shape.shape.width());
            for (metric, (series, columns)) in Metric::ALL.iter().zip(&mut columns) {
                for label in shape.labels(metric.label()) {
                    let at = series.binary_search_by_key(&label, |series| series.label).ok();
                    values.extend(at.and_then(|at| columns.get_mut(at)).and_then(Iterator::next));
                }
            }
            let Some(read) = moment(time).and_then(|time| measurement(&shape.shape, time, &values)) else {
                return Ok(None);
            };
            found.push(read);
        }
    }
    Ok(Some(found))
}

/// The latest measurement of each agent. One that cannot be read must not keep the server from starting.
pub(super) fn latest(connection: &Connection) -> Result<Vec<(AgentId, Telemetry)>, StoreError> {
    let snapshot = connection.unchecked_transaction().map_err(failed)?;
    let mut recent: HashMap<u32, (i64, Vec<u8>)> = HashMap::new();
    each(&snapshot, |node, time, body| {
        // The first arrival of a moment is the one that counts.
        if recent.get(&node).is_none_or(|(known, _)| *known < time) {
            recent.insert(node, (time, body.to_vec()));
        }
        Ok(())
    })?;
    let mut statement = snapshot
        .prepare_cached("SELECT agent, number, latest_time, latest FROM nodes ORDER BY agent")
        .map_err(failed)?;
    let nodes = statement
        .query_map([], |row| {
            Ok((
                row.get::<_, [u8; 16]>(0)?,
                row.get::<_, u32>(1)?,
                row.get::<_, Option<i64>>(2)?,
                row.get(3)?,
            ))
        })
        .map_err(failed)?;
    let (mut shapes, mut found) = (Shapes::default(), Vec::new());
    for node in nodes {
        let (agent, number, time, body): (_, _, _, Option<Vec<u8>>) = node.map_err(failed)?;
        let agent = AgentId::from_uuid(uuid::Uuid::from_bytes(agent));
        let sealed = time.zip(body);
        let newest = match (sealed, recent.remove(&number)) {
            (Some(sealed), Some(recent)) if sealed.0 >= recent.0 => Some(sealed),
            (sealed, None) => sealed,
            (_, recent) => recent,
        };
        let Some((time, body)) = newest else { continue };
        match row(&snapshot, &mut shapes, time, &body) {
            Ok(latest) => found.extend(latest.map(|latest| (agent, latest))),
            Err(error) => tracing::error!(%agent, %error, "the latest telemetry of an agent cannot be read"),
        }
    }
    Ok(found)
}
