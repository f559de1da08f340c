//! [`Part`]: an hour of some nodes, as it is read.

use rusqlite::{Connection, OptionalExtension, types::ValueRef};

use super::{
    column::Block,
    directory::{Directory, Labelled},
    recent::Shapes,
    record::{Form, inputs, restored, stored_form},
};
use crate::{
    core::{
        port::StoreError,
        telemetry::{HOUR, Label},
    },
    infra::store::row::failed,
    proto::telemetry::Metric,
};

/// How many blocks a part may have.
const KEYS: i64 = 256;
/// The last of them.
pub(super) const LAST_KEY: i64 = KEYS - 1;
/// The block of times: microseconds after the part's hour began.
pub(super) const TIME_KEY: i64 = 31;
/// How far apart the blocks of roll-ups are.
const LEVEL_KEYS: i64 = 32;

/// A block's number in its table.
pub(super) const fn block_id(part: i64, key: i64) -> i64 {
    part * KEYS + key
}

/// The key of a metric's values.
pub(super) const fn metric_key(metric: Metric) -> i64 {
    metric as i64
}

/// The key of a metric's roll-up.
pub(super) const fn level_key(level: usize, metric: Metric) -> i64 {
    (level as i64 + 1) * LEVEL_KEYS + metric as i64
}

/// A part.
#[derive(Debug)]
pub(super) struct Part {
    pub(super) id: i64,
    pub(super) hour: i64,
    /// `None` when it is damaged.
    pub(super) directory: Option<Directory>,
}

/// The parts of a group of nodes that hold anything from `from` to before `to`, in the order of hours, then arrivals.
pub(super) fn parts(
    connection: &Connection,
    nodes: u32,
    from: i64,
    to: i64,
) -> Result<Vec<Part>, StoreError> {
    let mut statement = connection
        .prepare_cached(
            "SELECT id, hour, directory FROM parts
             WHERE nodes = ?1 AND hour BETWEEN ?2 AND ?3 AND arrival <= (SELECT arrival FROM seal)
             ORDER BY hour, arrival",
        )
        .map_err(failed)?;
    let hours = (from.div_euclid(HOUR), to.saturating_sub(1).div_euclid(HOUR));
    let mut rows = statement.query((nodes, hours.0, hours.1)).map_err(failed)?;
    let mut found = Vec::new();
    while let Some(row) = rows.next().map_err(failed)? {
        let directory = match row.get_ref(2).map_err(failed)? {
            ValueRef::Blob(bytes) => Directory::read(bytes),
            _ => None,
        };
        let part = Part { id: row.get(0).map_err(failed)?, hour: row.get(1).map_err(failed)?, directory };
        if part.directory.is_none() {
            tracing::error!(part = part.id, hour = part.hour, "a directory of stored telemetry is damaged");
        }
        found.push(part);
    }
    Ok(found)
}

/// The groups of nodes that have parts in a span.
pub(super) fn groups(connection: &Connection, from: i64, to: i64) -> Result<Vec<u32>, StoreError> {
    let mut statement = connection
        .prepare_cached("SELECT DISTINCT nodes FROM parts WHERE hour BETWEEN ?1 AND ?2")
        .map_err(failed)?;
    let hours = (from.div_euclid(HOUR), to.saturating_sub(1).div_euclid(HOUR));
    let found = statement.query_map([hours.0, hours.1], |row| row.get(0)).map_err(failed)?;
    found.collect::<Result<_, _>>().map_err(failed)
}

/// Looks at a block; `None` when it is not there.
pub(super) fn with_block<T>(
    connection: &Connection,
    part: i64,
    key: i64,
    look: impl FnOnce(&[u8]) -> Option<T>,
) -> Result<Option<T>, StoreError> {
    connection
        .prepare_cached("SELECT body FROM blocks WHERE id = ?1")
        .and_then(|mut statement| {
            statement.query_row([block_id(part, key)], |row| Ok(look(row.get_ref(0)?.as_blob()?))).optional()
        })
        .map(Option::flatten)
        .map_err(failed)
}

/// Which series are wanted.
#[derive(Clone, Debug)]
pub(super) enum Labels {
    /// All.
    All,
    /// All but these, in order.
    Except(Vec<u32>),
    /// Only this one.
    Only(u32),
}

impl Labels {
    /// Whether a series is wanted.
    pub(super) fn want(&self, label: u32) -> bool {
        match self {
            Self::All => true,
            Self::Except(others) => others.binary_search(&label).is_err(),
            Self::Only(only) => label == *only,
        }
    }
}

/// One series of a part: in bits, as the metric has them in measurements.
#[derive(Debug)]
pub(super) struct Column {
    pub(super) node: u32,
    pub(super) label: u32,
    pub(super) times: Vec<i64>,
    pub(super) values: Vec<u64>,
}

impl Part {
    /// Shows the series of a metric for nodes that are wanted; `None` when the part is damaged.
    pub(super) fn columns(
        &self,
        connection: &Connection,
        metric: Metric,
        nodes: Option<&[u32]>,
        labels: &Labels,
        show: &mut impl FnMut(Column),
    ) -> Result<Option<()>, StoreError> {
        let Some(directory) = &self.directory else { return Ok(None) };
        let wanted = wanted(directory, nodes);
        let Some(times) = self.times(connection, directory, &wanted)? else { return Ok(None) };
        let kind = metric.label();
        let mut places = Vec::new();
        for (position, times) in wanted.iter().zip(&times) {
            let Some(node) = directory.nodes.get(*position) else { continue };
            let first = directory.first_series(*position, kind);
            for (offset, series) in node.series(kind).into_iter().enumerate() {
                if labels.want(series.label) {
                    let times = self.times_of(connection, node, kind, series, times)?;
                    places.push((first + offset, node.number, series, times));
                }
            }
        }
        let mut stored: Vec<Vec<Vec<u64>>> = Vec::new();
        for input in inputs(metric) {
            let wanted = places.iter().map(|(index, _, series, _)| (*index, series.count));
            match self.read(connection, *input, directory.series(kind), wanted)? {
                Some(values) => stored.push(values),
                None => return Ok(None),
            }
        }
        for (at, (_, node, series, times)) in places.into_iter().enumerate() {
            let column =
                |input: &mut Vec<Vec<u64>>| input.get_mut(at).map(std::mem::take).unwrap_or_default();
            let columns: Vec<Vec<u64>> = stored.iter_mut().map(column).collect();
            let values = combined(metric, columns);
            show(Column { node, label: series.label, times, values });
        }
        Ok(Some(()))
    }

    /// The times of the nodes at some positions.
    pub(super) fn times(
        &self,
        connection: &Connection,
        directory: &Directory,
        positions: &[usize],
    ) -> Result<Option<Vec<Vec<i64>>>, StoreError> {
        let hour = self.hour.saturating_mul(HOUR);
        with_block(connection, self.id, TIME_KEY, |bytes| {
            let mut block = Block::open(Form::Whole, bytes, directory.nodes.len())?;
            let mut read = Vec::new();
            let times = |position: &usize| {
                read.clear();
                block.read(*position, directory.nodes.get(*position)?.rows, &mut read)?;
                Some(read.iter().map(|time| hour.wrapping_add_unsigned(*time)).collect())
            };
            positions.iter().map(times).collect()
        })
        .map(|found| self.or_damaged(found, "times"))
    }

    /// The stored values of a metric: those of some series, which are so many.
    pub(super) fn read(
        &self,
        connection: &Connection,
        metric: Metric,
        series: usize,
        wanted: impl Iterator<Item = (usize, usize)>,
    ) -> Result<Option<Vec<Vec<u64>>>, StoreError> {
        if series == 0 {
            return Ok(Some(Vec::new()));
        }
        let form = stored_form(metric);
        with_block(connection, self.id, metric_key(metric), |bytes| {
            let mut block = Block::open(form, bytes, series)?;
            let read = |(index, count): (usize, usize)| {
                let mut out = Vec::with_capacity(count);
                block.read(index, count, &mut out).map(|()| out)
            };
            wanted.map(read).collect()
        })
        .map(|found| self.or_damaged(found, metric))
    }

    fn or_damaged<T>(&self, found: Option<T>, what: impl std::fmt::Debug) -> Option<T> {
        if found.is_none() {
            tracing::error!(
                part = self.id,
                hour = self.hour,
                ?what,
                "a block of stored telemetry is damaged"
            );
        }
        found
    }

    /// The times at which a labelled series has values: those of the measurements whose shape has the label.
    fn times_of(
        &self,
        connection: &Connection,
        node: &super::directory::Node,
        kind: Label,
        series: Labelled,
        times: &[i64],
    ) -> Result<Vec<i64>, StoreError> {
        if series.count == node.rows {
            return Ok(times.to_vec());
        }
        let (mut shapes, mut found, mut rest) = (Shapes::default(), Vec::with_capacity(series.count), times);
        for (id, count) in &node.runs {
            let (run, after) = rest.split_at_checked(*count).unwrap_or((rest, &[]));
            if shapes.get(connection, *id)?.labels(kind).any(|label| label == series.label) {
                found.extend_from_slice(run);
            }
            rest = after;
        }
        Ok(found)
    }
}

/// The positions of nodes that are wanted.
pub(super) fn wanted(directory: &Directory, nodes: Option<&[u32]>) -> Vec<usize> {
    match nodes {
        None => (0..directory.nodes.len()).collect(),
        Some(nodes) => nodes.iter().filter_map(|node| directory.position(*node)).collect(),
    }
}

/// A metric's own bits from the columns of its inputs.
fn combined(metric: Metric, mut columns: Vec<Vec<u64>>) -> Vec<u64> {
    if columns.len() == 1 {
        return columns.pop().unwrap_or_default();
    }
    let inputs: Vec<&[u64]> = columns.iter().map(Vec::as_slice).collect();
    let count = inputs.first().map_or(0, |first| first.len());
    (0..count).map(|index| combine_row(metric, &inputs, index)).collect()
}

/// A metric's own bits from one row of the columns of its inputs.
pub(super) fn combine_row(metric: Metric, inputs: &[&[u64]], index: usize) -> u64 {
    let mut stored = [0; 4];
    for (slot, column) in stored.iter_mut().zip(inputs) {
        *slot = column.get(index).copied().unwrap_or(0);
    }
    restored(metric, &stored)
}
