//! A metric over a range, from roll-ups, parts and rows, node group after node group and hour after hour, so that
//! what is held at a time does not grow with the range.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::{Connection, OptionalExtension};

use super::{
    NODES_PER_PART, Shared,
    part::{Labels, Part, groups, level_key, parts, wanted, with_block},
    recent::{Shapes, Whose},
    record::{float, form, inputs, restored},
    rollup::{self, LEVELS, Read, per_hour},
};
use crate::{
    core::{
        port::{
            StoreError,
            telemetry::{RangeAnswer, RangeQuery, SummaryAnswer, SummaryQuery},
        },
        telemetry::{Grid, HOUR, Label, Line, SECOND, Summing, Together},
    },
    id::AgentId,
    infra::store::row::failed,
    proto::telemetry::{Metric, SeriesOf},
};

/// The interface that no traffic of a node passes.
const LOOPBACK: &str = "lo";

/// A series: which node, which label.
type Key = (u32, u32);
type Points = Vec<(i64, f64)>;

/// How a metric went.
pub(super) fn range(
    connection: &Connection,
    shared: &Shared,
    query: &RangeQuery,
) -> Result<RangeAnswer, StoreError> {
    let whose = Whose::of(connection, shared, query.agents.as_deref())?;
    let snapshot = connection.unchecked_transaction().map_err(failed)?;
    let Some(labels) = labels(&snapshot, query.metric, query.label.as_deref())? else {
        return Ok(empty(query));
    };
    let grid = query.grid;
    // A counter's first interval begins before the range.
    let span = (grid.from.saturating_sub(grid.longest_interval()), grid.to());
    let source = Source { connection: &snapshot, metric: query.metric, labels, nodes: whose.nodes(), span };
    let mut recent = source.recent(&whose)?;
    let mut output = Output::new(query);
    let mut damaged = 0;
    for group in source.groups(&recent)? {
        let mut flow = Flow { query, lines: BTreeMap::new(), given: 0 };
        let recent = recent.remove(&group).unwrap_or_default();
        damaged += source.group(group, recent, Some(query), &mut |piece| {
            match piece {
                Piece::Points(key, points) => flow.points(key, points),
                Piece::Bucket(key, time, bucket) => {
                    if let Some(index) = grid.index(time) {
                        flow.lines.entry(key).or_default().merge(index, bucket);
                    }
                }
                Piece::Complete(time) => flow.complete(grid.ended(time), &mut output),
            }
            Ok::<(), StoreError>(())
        })?;
        flow.complete(grid.points, &mut output);
    }
    output.answer(&snapshot, query, damaged)
}

fn empty(query: &RangeQuery) -> RangeAnswer {
    let series = match query.by {
        SeriesOf::Fleet => vec![(None, vec![None; query.grid.points])],
        SeriesOf::Agent => vec![],
    };
    RangeAnswer { series, damaged: 0 }
}

/// A metric's figures.
pub(super) fn summary(
    connection: &Connection,
    shared: &Shared,
    query: &SummaryQuery,
) -> Result<SummaryAnswer, StoreError> {
    let whose = Whose::of(connection, shared, query.agents.as_deref())?;
    let snapshot = connection.unchecked_transaction().map_err(failed)?;
    let labels = labels(&snapshot, query.metric, None)?.unwrap_or(Labels::All);
    let span = (query.from.as_microsecond(), query.to.as_microsecond());
    let source = Source { connection: &snapshot, metric: query.metric, labels, nodes: whose.nodes(), span };
    let mut recent = source.recent(&whose)?;
    let (mut summing, mut damaged) = (Summing::default(), 0);
    let longest = Grid { from: span.0, step: SECOND, points: 1 }.longest_interval();
    for group in source.groups(&recent)? {
        let mut series: BTreeMap<Key, Points> = BTreeMap::new();
        let mut held = summing.len();
        let done = source.group(group, recent.remove(&group).unwrap_or_default(), None, &mut |piece| {
            if let Piece::Points(key, points) = piece {
                let known = series.entry(key).or_default();
                let before = known.len();
                known.extend(points.iter().filter(|(time, _)| (span.0..span.1).contains(time)));
                held += known.len() - before;
            }
            if held > query.most { Err(Stop::Enough) } else { Ok(()) }
        });
        match done {
            Ok(found) => damaged += found,
            Err(Stop::Enough) => return Ok(SummaryAnswer { summary: None, damaged }),
            Err(Stop::Failed(error)) => return Err(error),
        }
        series.values().for_each(|points| summing.series(query.metric.kind(), longest, points));
    }
    Ok(SummaryAnswer { summary: Some(summing.summary()), damaged })
}

/// Why a walk ends early.
enum Stop {
    Enough,
    Failed(StoreError),
}

impl From<StoreError> for Stop {
    fn from(error: StoreError) -> Self {
        Self::Failed(error)
    }
}

/// The series that a label names; `None` when no node ever had one of that name.
fn labels(
    connection: &Connection,
    metric: Metric,
    label: Option<&str>,
) -> Result<Option<Labels>, StoreError> {
    let number = |name: &str| -> Result<Option<u32>, StoreError> {
        connection
            .prepare_cached("SELECT id FROM labels WHERE name = ?1")
            .and_then(|mut statement| statement.query_row([name], |row| row.get(0)).optional())
            .map_err(failed)
    };
    Ok(match (metric.label(), label) {
        (Label::Core, Some(core)) => core.parse().ok().map(Labels::Only),
        (Label::Disk | Label::Interface, Some(name)) => number(name)?.map(Labels::Only),
        (Label::Interface, None) => Some(number(LOOPBACK)?.map_or(Labels::All, Labels::Not)),
        (Label::None | Label::Engine, Some(_)) => None,
        (_, None) => Some(Labels::All),
    })
}

/// Something read on the way.
enum Piece<'p> {
    /// Values of a series, in the order of time.
    Points(Key, &'p [(i64, f64)]),
    /// What a roll-up knows of the time from a moment.
    Bucket(Key, i64, &'p crate::core::telemetry::Bucket),
    /// Nothing before this moment will come any more.
    Complete(i64),
}

/// Rows by group, then hour, then series.
type Recent = BTreeMap<u32, BTreeMap<i64, BTreeMap<Key, Points>>>;

/// What is read.
struct Source<'c> {
    connection: &'c Connection,
    metric: Metric,
    labels: Labels,
    nodes: Option<Vec<u32>>,
    span: (i64, i64),
}

impl Source<'_> {
    /// The values of rows that are not sealed.
    fn recent(&self, whose: &Whose) -> Result<Recent, StoreError> {
        let (mut found, mut shapes, mut values) = (Recent::new(), Shapes::default(), Vec::new());
        let (form, inputs) = (form(self.metric), inputs(self.metric));
        whose.each(self.connection, self.span, |node, time, body| {
            let Some((_, shape)) = shapes.read(self.connection, body, &mut values)? else {
                tracing::error!(node, time, "a stored measurement is damaged and left out");
                return Ok(());
            };
            let offset = |metric: Metric| -> usize {
                Metric::ALL
                    .iter()
                    .take_while(|other| **other != metric)
                    .map(|other| shape.shape.count(other.label()))
                    .sum()
            };
            let offsets: Vec<usize> = inputs.iter().map(|input| offset(*input)).collect();
            let hours = found.entry(node / NODES_PER_PART).or_default();
            let series = hours.entry(time.div_euclid(HOUR)).or_default();
            for (position, label) in shape.labels(self.metric.label()).enumerate() {
                if self.labels.want(label) {
                    let mut stored = [0; 4];
                    for (slot, offset) in stored.iter_mut().zip(&offsets) {
                        *slot = values.get(offset + position).copied().unwrap_or(0);
                    }
                    let value = float(form, restored(self.metric, &stored));
                    series.entry((node, label)).or_default().push((time, value));
                }
            }
            Ok(())
        })?;
        Ok(found)
    }

    /// The groups of nodes to walk.
    fn groups(&self, recent: &Recent) -> Result<BTreeSet<u32>, StoreError> {
        let mut found: BTreeSet<u32> = recent.keys().copied().collect();
        match &self.nodes {
            Some(nodes) => found.extend(nodes.iter().map(|node| node / NODES_PER_PART)),
            None => found.extend(groups(self.connection, self.span.0, self.span.1)?),
        }
        Ok(found)
    }

    /// Shows what a group of nodes has, hour after hour; says how many parts are damaged.
    fn group<E: From<StoreError>>(
        &self,
        group: u32,
        mut recent: BTreeMap<i64, BTreeMap<Key, Points>>,
        query: Option<&RangeQuery>,
        show: &mut impl FnMut(Piece<'_>) -> Result<(), E>,
    ) -> Result<u32, E> {
        let mut hours: BTreeMap<i64, Vec<Part>> = recent.keys().map(|hour| (*hour, Vec::new())).collect();
        for part in parts(self.connection, group, self.span.0, self.span.1)? {
            hours.entry(part.hour).or_default().push(part);
        }
        let mut damaged = 0;
        for (hour, parts) in hours {
            let rows = recent.remove(&hour).unwrap_or_default();
            if let ([part], true) = (&parts[..], rows.is_empty()) {
                if let Some(query) = query
                    && let Some((level, read)) = self.rolled_up(part, query)?
                {
                    self.show_rollup(part, level, &read, show)?;
                } else if !self.show_part(part, show)? {
                    damaged += 1;
                }
            } else {
                damaged += self.show_merged(&parts, rows, show)?;
            }
            show(Piece::Complete((hour + 1).saturating_mul(HOUR)))?;
        }
        Ok(damaged)
    }

    /// Shows a part that is alone in its hour; says whether it could be read.
    fn show_part<E: From<StoreError>>(
        &self,
        part: &Part,
        show: &mut impl FnMut(Piece<'_>) -> Result<(), E>,
    ) -> Result<bool, E> {
        let form = form(self.metric);
        let (mut points, mut shown) = (Points::new(), Ok(()));
        let read =
            part.columns(self.connection, self.metric, self.nodes.as_deref(), self.labels, &mut |column| {
                points.clear();
                points.extend(
                    column.times.iter().zip(&column.values).map(|(time, bits)| (*time, float(form, *bits))),
                );
                if shown.is_ok() {
                    shown = show(Piece::Points((column.node, column.label), &points));
                }
            })?;
        shown.map(|()| read.is_some())
    }

    /// Shows what several parts and rows of one hour hold together: of one moment the first arrival.
    fn show_merged<E: From<StoreError>>(
        &self,
        parts: &[Part],
        rows: BTreeMap<Key, Points>,
        show: &mut impl FnMut(Piece<'_>) -> Result<(), E>,
    ) -> Result<u32, E> {
        let form = form(self.metric);
        let (mut together, mut damaged): (BTreeMap<Key, Points>, _) = (BTreeMap::new(), 0);
        for part in parts {
            let nodes = self.nodes.as_deref();
            let read = part.columns(self.connection, self.metric, nodes, self.labels, &mut |column| {
                let values = column.values.iter().map(|bits| float(form, *bits));
                together
                    .entry((column.node, column.label))
                    .or_default()
                    .extend(column.times.iter().copied().zip(values));
            })?;
            damaged += u32::from(read.is_none());
        }
        for (key, points) in rows {
            together.entry(key).or_default().extend(points);
        }
        for (key, mut points) in together {
            points.sort_by_key(|(time, _)| *time);
            points.dedup_by_key(|(time, _)| *time);
            show(Piece::Points(key, &points))?;
        }
        Ok(damaged)
    }

    /// The coarsest roll-up of a part that answers a query: one whose buckets fall into the query's steps. A damaged one
    /// is not used; the values themselves are there.
    fn rolled_up(&self, part: &Part, query: &RangeQuery) -> Result<Option<(i64, Read)>, StoreError> {
        let Some(directory) = &part.directory else { return Ok(None) };
        if !rollup::answers(self.metric, query.aggregate) {
            return Ok(None);
        }
        for (level, length) in LEVELS.iter().enumerate().rev() {
            if query.grid.step % length != 0 {
                continue;
            }
            let count = directory.series(self.metric.label()) * per_hour(*length);
            let key = level_key(level, self.metric);
            let read =
                with_block(self.connection, part.id, key, |bytes| Read::open(self.metric, bytes, count))?;
            if let Some(read) = read {
                return Ok(Some((*length, read)));
            }
        }
        Ok(None)
    }

    fn show_rollup<E: From<StoreError>>(
        &self,
        part: &Part,
        level: i64,
        read: &Read,
        show: &mut impl FnMut(Piece<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        let Some(directory) = &part.directory else { return Ok(()) };
        let (buckets, kind) = (per_hour(level), self.metric.label());
        for position in wanted(directory, self.nodes.as_deref()) {
            let Some(node) = directory.nodes.get(position) else { continue };
            let first = directory.first_series(position, kind);
            for (offset, series) in node.series(kind).into_iter().enumerate() {
                if !self.labels.want(series.label) {
                    continue;
                }
                let mut time = part.hour.saturating_mul(HOUR);
                for bucket in 0..buckets {
                    let bucket = read.bucket((first + offset) * buckets + bucket);
                    if bucket.count > 0 {
                        show(Piece::Bucket((node.number, series.label), time, &bucket))?;
                    }
                    time += level;
                }
            }
        }
        Ok(())
    }
}

/// The series of one group of nodes on their way into steps.
struct Flow<'q> {
    query: &'q RangeQuery,
    lines: BTreeMap<Key, Line>,
    given: usize,
}

impl Flow<'_> {
    fn points(&mut self, key: Key, points: &[(i64, f64)]) {
        let line = self.lines.entry(key).or_default();
        for (time, value) in points {
            line.push(&self.query.grid, self.query.metric.kind(), *time, *value);
        }
    }

    /// Gives the steps before `until`: first the labels of each node together, then the nodes.
    fn complete(&mut self, until: usize, output: &mut Output) {
        let query = self.query;
        let (kind, within) = (query.metric.kind(), query.metric.within_node());
        let mut together = vec![Together::default(); until.saturating_sub(self.given)];
        let mut lines = self.lines.iter_mut().peekable();
        while let Some(((node, _), line)) = lines.next() {
            for (index, bucket) in line.complete(until) {
                let slot = index.checked_sub(self.given).and_then(|index| together.get_mut(index));
                if let (Some(slot), Some(value)) = (slot, bucket.value(query.aggregate, kind)) {
                    slot.take(value);
                }
            }
            if lines.peek().is_none_or(|((next, _), _)| next != node) {
                for (index, values) in together.iter_mut().enumerate() {
                    if let Some(value) = std::mem::take(values).value(within) {
                        output.take(*node, self.given + index, value);
                    }
                }
            }
        }
        self.given = self.given.max(until);
    }
}

/// What is answered, on its way.
enum Output {
    Fleet(Vec<Together>),
    Agents(usize, BTreeMap<u32, Vec<Option<f64>>>),
}

impl Output {
    fn new(query: &RangeQuery) -> Self {
        match query.by {
            SeriesOf::Fleet => Self::Fleet(vec![Together::default(); query.grid.points]),
            SeriesOf::Agent => Self::Agents(query.grid.points, BTreeMap::new()),
        }
    }

    fn take(&mut self, node: u32, index: usize, value: f64) {
        match self {
            Self::Fleet(points) => {
                if let Some(point) = points.get_mut(index) {
                    point.take(value);
                }
            }
            Self::Agents(count, series) => {
                let points = series.entry(node).or_insert_with(|| vec![None; *count]);
                if let Some(point) = points.get_mut(index) {
                    *point = Some(value);
                }
            }
        }
    }

    fn answer(
        self,
        connection: &Connection,
        query: &RangeQuery,
        damaged: u32,
    ) -> Result<RangeAnswer, StoreError> {
        let series = match self {
            Self::Fleet(points) => {
                vec![(None, points.iter().map(|point| point.value(query.across)).collect())]
            }
            Self::Agents(_, series) => {
                let mut found = Vec::with_capacity(series.len());
                for (node, points) in series {
                    found.push((Some(agent_of(connection, node)?), points));
                }
                found
            }
        };
        Ok(RangeAnswer { series, damaged })
    }
}

fn agent_of(connection: &Connection, node: u32) -> Result<AgentId, StoreError> {
    let agent: [u8; 16] = connection
        .prepare_cached("SELECT agent FROM nodes WHERE number = ?1")
        .and_then(|mut statement| statement.query_row([node], |row| row.get(0)))
        .map_err(failed)?;
    Ok(AgentId::from_uuid(uuid::Uuid::from_bytes(agent)))
}
