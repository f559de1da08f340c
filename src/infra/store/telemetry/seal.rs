//! Sealing: rows that arrived become parts.
//!
//! Parts are stored one transaction each and not seen until one last small transaction moves the seal; then the rows are
//! deleted, some at a time. Broken off before that moment, nothing happened and the parts are discarded; after it,
//! only rows that nobody sees any more are left to delete.

use std::{ops::Range, sync::Arc};

use rusqlite::Connection;

use super::{
    NODES_PER_PART,
    column::encode,
    directory::{Directory, Node},
    part::{TIME_KEY, combine_row, level_key, metric_key},
    recent::Shapes,
    record::{Form, inputs, stored_form},
    rollup::{LEVELS, Rollup, is_worth},
    sealed_to,
    shape::StoredShape,
    writer::NewPart,
};
use crate::{
    core::{port::StoreError, telemetry::HOUR},
    infra::store::row::failed,
    proto::telemetry::Metric,
};

/// The most rows that are carried: they are copied in the one transaction that moves the seal. What arrived after so
/// many young ones stays rows until the next time, late or not.
const MOST_CARRIED: usize = 4_096;

/// What is to be sealed.
#[derive(Debug)]
pub(super) struct Plan {
    /// Rows up to this arrival are sealed or carried.
    pub(super) arrival: i64,
    /// Rows that are too young and arrive anew.
    pub(super) carried: Arc<[i64]>,
    rows: Vec<RowRef>,
    /// Which rows make a part.
    parts: Vec<Range<usize>>,
}

#[derive(Clone, Copy, Debug)]
struct RowRef {
    node: u32,
    time: i64,
    arrival: i64,
}

impl RowRef {
    /// Which part the row belongs in.
    const fn place(&self) -> (i64, u32) {
        (self.time.div_euclid(HOUR), self.node / NODES_PER_PART)
    }
}

/// Plans to seal rows of times before `before`, or all; `None` when there are none.
pub(super) fn plan(connection: &Connection, before: Option<i64>) -> Result<Option<Plan>, StoreError> {
    let sealed = sealed_to(connection)?;
    let mut statement = connection
        .prepare_cached("SELECT node, time, arrival FROM recent WHERE arrival > ?1 ORDER BY arrival")
        .map_err(failed)?;
    let all = statement
        .query_map([sealed], |row| Ok(RowRef { node: row.get(0)?, time: row.get(1)?, arrival: row.get(2)? }))
        .map_err(failed)?;
    let (mut rows, mut carried, mut last) = (Vec::new(), Vec::new(), sealed);
    for row in all {
        let row = row.map_err(failed)?;
        last = row.arrival;
        if before.is_none_or(|before| row.time < before) {
            rows.push(row);
        } else if carried.len() < MOST_CARRIED {
            carried.push(row.arrival);
        } else {
            break;
        }
    }
    if rows.is_empty() {
        return Ok(None);
    }
    // Of one moment of one node the first arrival comes first.
    rows.sort_unstable_by_key(|row| (row.place(), row.node, row.time, row.arrival));
    let mut parts = Vec::new();
    let mut start = 0;
    for part in rows.chunk_by(|one, other| one.place() == other.place()) {
        parts.push(start..start + part.len());
        start += part.len();
    }
    // Young rows at the end need not move: the seal ends before them.
    let sealed_last = rows.iter().map(|row| row.arrival).max().unwrap_or(last);
    carried.retain(|arrival| *arrival < sealed_last);
    Ok(Some(Plan { arrival: sealed_last, carried: carried.into(), rows, parts }))
}

/// The measurements of one node in a part.
struct Gathered {
    node: Node,
    times: Vec<i64>,
    latest: Vec<u8>,
}

impl Plan {
    /// How many parts there will be.
    pub(super) const fn groups(&self) -> usize {
        self.parts.len()
    }

    /// How many rows are sealed.
    pub(super) const fn sealed(&self) -> u64 {
        self.rows.len() as u64
    }

    /// Makes one part.
    pub(super) fn part(&self, connection: &Connection, index: usize) -> Result<NewPart, StoreError> {
        let rows = self.parts.get(index).and_then(|range| self.rows.get(range.clone())).unwrap_or_default();
        let (hour, nodes) = rows.first().map_or((0, 0), RowRef::place);
        let mut shapes = Shapes::default();
        let mut gathered = Vec::new();
        let mut columns: Vec<Vec<Vec<u64>>> = vec![Vec::new(); Metric::ALL.len()];
        for rows in rows.chunk_by(|one, other| one.node == other.node) {
            if let Some(node) = gather(connection, rows, &mut shapes, &mut columns)? {
                gathered.push(node);
            }
        }
        let blocks = blocks(hour, &gathered, &columns).map_err(StoreError::Unavailable)?;
        let directory = Directory { nodes: gathered.iter().map(|gathered| gathered.node.clone()).collect() };
        let newest = |gathered: Gathered| {
            let time = gathered.times.last().copied()?;
            Some((gathered.node.number, time, gathered.latest))
        };
        Ok(NewPart {
            nodes,
            hour,
            arrival: self.arrival,
            directory: directory.write(),
            blocks,
            latest: gathered.into_iter().filter_map(newest).collect(),
        })
    }
}

/// Reads the rows of one node, in the order of time, into columns; `None` when none can be read.
fn gather(
    connection: &Connection,
    rows: &[RowRef],
    shapes: &mut Shapes,
    columns: &mut [Vec<Vec<u64>>],
) -> Result<Option<Gathered>, StoreError> {
    let mut statement =
        connection.prepare_cached("SELECT body FROM recent WHERE arrival = ?1").map_err(failed)?;
    let number = rows.first().map_or(0, |row| row.node);
    let (mut times, mut latest): (Vec<i64>, Vec<u8>) = (Vec::new(), Vec::new());
    let mut read: Vec<(u32, Vec<u64>)> = Vec::new();
    for row in rows {
        if times.last() == Some(&row.time) {
            continue;
        }
        let body: Vec<u8> = statement.query_row([row.arrival], |row| row.get(0)).map_err(failed)?;
        let mut values = Vec::new();
        let Some((shape, _)) = shapes.read(connection, &body, &mut values)? else {
            tracing::error!(
                node = number,
                arrival = row.arrival,
                "a stored measurement is damaged and left out"
            );
            continue;
        };
        times.push(row.time);
        read.push((shape, values));
        latest = body;
    }
    if read.is_empty() {
        return Ok(None);
    }
    for (shape, _) in &read {
        shapes.get(connection, *shape)?;
    }
    let node =
        Node::new(number, read.iter().filter_map(|(id, _)| shapes.known(*id).map(|shape| (*id, shape))));
    spread(&node, &read, shapes, columns);
    Ok(Some(Gathered { node, times, latest }))
}

/// Puts the values of a node's measurements into the series that they belong to.
fn spread(node: &Node, read: &[(u32, Vec<u64>)], shapes: &Shapes, columns: &mut [Vec<Vec<u64>>]) {
    let bases: Vec<usize> = columns.iter().map(Vec::len).collect();
    for (metric, column) in Metric::ALL.iter().zip(columns.iter_mut()) {
        column.extend(node.series(metric.label()).iter().map(|series| Vec::with_capacity(series.count)));
    }
    for run in read.chunk_by(|one, other| one.0 == other.0) {
        let Some(shape) = run.first().and_then(|(id, _)| shapes.known(*id)) else { continue };
        let places = places(node, shape, &bases);
        for (_, values) in run {
            for ((metric, series), value) in places.iter().zip(values) {
                if let Some(series) = columns.get_mut(*metric).and_then(|column| column.get_mut(*series)) {
                    series.push(*value);
                }
            }
        }
    }
}

/// Where each number of a measurement of a shape goes: which metric's column, which series of it.
fn places(node: &Node, shape: &StoredShape, bases: &[usize]) -> Vec<(usize, usize)> {
    let mut places = Vec::with_capacity(shape.shape.width());
    for ((index, metric), base) in Metric::ALL.iter().enumerate().zip(bases) {
        let series = node.series(metric.label());
        for label in shape.labels(metric.label()) {
            let offset =
                series.binary_search_by_key(&label, |series| series.label).unwrap_or(usize::MAX - base);
            places.push((index, base + offset));
        }
    }
    places
}

fn blocks(hour: i64, nodes: &[Gathered], columns: &[Vec<Vec<u64>>]) -> Result<Vec<(i64, Vec<u8>)>, String> {
    let start = hour.saturating_mul(HOUR);
    let times: Vec<Vec<u64>> = nodes
        .iter()
        .map(|node| node.times.iter().map(|time| time.saturating_sub(start).unsigned_abs()).collect())
        .collect();
    let mut blocks = vec![(TIME_KEY, encode(Form::Whole, &times)?)];
    for (metric, column) in Metric::ALL.iter().zip(columns) {
        if !column.is_empty() {
            blocks.push((metric_key(*metric), encode(stored_form(*metric), column)?));
        }
    }
    let rows = nodes.iter().map(|node| node.times.len()).sum();
    let first = nodes.iter().filter_map(|node| node.times.first()).min();
    let span = first.copied().zip(nodes.iter().filter_map(|node| node.times.last()).max().copied());
    let span = span.unwrap_or((start, start));
    for (level, length) in LEVELS.iter().enumerate() {
        if !is_worth(*length, rows, nodes.len(), span) {
            continue;
        }
        for (metric, column) in Metric::ALL.iter().zip(columns) {
            if !column.is_empty() && is_whole(*metric, nodes) {
                let rollup = rolled_up(*metric, *length, start, nodes, columns);
                blocks.push((level_key(level, *metric), rollup.write(*metric)?));
            }
        }
    }
    Ok(blocks)
}

/// Whether all series are as long as their nodes': one that came or went within the hour belongs to times that only the
/// shapes tell, and is rather read in full.
fn is_whole(metric: Metric, nodes: &[Gathered]) -> bool {
    nodes.iter().all(|gathered| {
        gathered.node.series(metric.label()).iter().all(|series| series.count == gathered.node.rows)
    })
}

fn rolled_up(
    metric: Metric,
    level: i64,
    start: i64,
    nodes: &[Gathered],
    columns: &[Vec<Vec<u64>>],
) -> Rollup {
    let mut rollup = Rollup::default();
    let inputs: Vec<&Vec<Vec<u64>>> =
        inputs(metric).iter().filter_map(|input| columns.get(*input as usize)).collect();
    let mut series = 0;
    for node in nodes {
        for labelled in node.node.series(metric.label()) {
            let own: Vec<&[u64]> =
                inputs.iter().map(|column| column.get(series).map_or(&[][..], Vec::as_slice)).collect();
            let values: Vec<u64> =
                (0..labelled.count).map(|index| combine_row(metric, &own, index)).collect();
            rollup.add(metric, level, start, &node.times, &values);
            series += 1;
        }
    }
    rollup
}
