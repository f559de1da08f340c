//! A metric over a range, from roll-ups, parts and rows, node group after node group and hour after hour, so that
//! what is held at a time does not grow with the range.

use std::{
    cell::Cell,
    collections::{BTreeMap, BTreeSet},
};

use rusqlite::{Connection, OptionalExtension};

use super::{
    NODES_PER_PART, Shared,
    part::{Column, Labels, Part, groups, level_key, parts, wanted, with_block},
    recent::{Shapes, Whose},
    record::{inputs, restored, value},
    rollup::{self, LEVELS, Read, per_hour},
};
use crate::{
    core::{
        port::{
            StoreError,
            telemetry::{RangeAnswer, RangeQuery, SummaryAnswer, SummaryQuery},
        },
        telemetry::{Bucket, HOUR, Label, Line, Summing, Together, is_virtual},
    },
    id::AgentId,
    infra::store::row::failed,
    proto::telemetry::{Metric, SeriesOf},
};

/// About how many values of rows are held at a time, 16 bytes each; those of one group of nodes are held together.
const HELD: usize = 2_000_000;

/// A series: which node, which label.
type Key = (u32, u32);
type Points = Vec<(i64, f64)>;

/// How a metric went.
pub(super) fn range(
    connection: &Connection,
    shared: &Shared,
    query: &RangeQuery,
    still: &dyn Fn() -> bool,
) -> Result<RangeAnswer, StoreError> {
    let (whose, snapshot) = Whose::of(connection, shared, query.agents.as_deref())?;
    let Some(labels) = labels(&snapshot, query.metric, query.label.as_deref())? else {
        return Ok(empty(query));
    };
    let grid = query.grid;
    // A counter's first interval begins before the range.
    let span = (grid.from.saturating_sub(grid.longest), grid.to());
    let metric = query.metric;
    let source = Source { connection: &snapshot, metric, labels, nodes: whose.nodes(), span, still };
    let mut recent = Recent::of(&source, &whose, HELD)?;
    let mut output = Output::new(query);
    let mut damaged = 0;
    for group in source.groups(&recent)? {
        let mut flow = Flow { query, lines: BTreeMap::new(), given: 0 };
        let rows = recent.take(&source, group)?;
        damaged += source.group(group, rows, Some(query), &mut |piece| {
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
    still: &dyn Fn() -> bool,
) -> Result<SummaryAnswer, StoreError> {
    let (whose, snapshot) = Whose::of(connection, shared, query.agents.as_deref())?;
    let labels = labels(&snapshot, query.metric, None)?.unwrap_or(Labels::All);
    let span = (query.from.as_microsecond(), query.to.as_microsecond());
    let metric = query.metric;
    let source = Source { connection: &snapshot, metric, labels, nodes: whose.nodes(), span, still };
    let mut recent = Recent::of(&source, &whose, HELD)?;
    let (mut summing, mut damaged) = (Summing::default(), 0);
    for group in source.groups(&recent)? {
        let mut series: BTreeMap<Key, Points> = BTreeMap::new();
        let mut held = summing.len();
        let rows = recent.take(&source, group)?;
        let done = source.group(group, rows, None, &mut |piece| {
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
        series.values().for_each(|points| summing.series(metric.kind(), query.longest, points));
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
        (Label::Interface, None) => Some(Labels::Except(virtual_interfaces(connection)?)),
        (Label::None | Label::Engine, Some(_)) => None,
        (_, None) => Some(Labels::All),
    })
}

/// The numbers of interfaces that do not count when a node's traffic is told, in order.
fn virtual_interfaces(connection: &Connection) -> Result<Vec<u32>, StoreError> {
    let mut statement =
        connection.prepare_cached("SELECT id, name FROM labels ORDER BY id").map_err(failed)?;
    let mut rows = statement.query([]).map_err(failed)?;
    let mut found = Vec::new();
    while let Some(row) = rows.next().map_err(failed)? {
        let name = row.get_ref(1).map_err(failed)?.as_str();
        if name.is_ok_and(is_virtual) {
            found.push(row.get(0).map_err(failed)?);
        }
    }
    Ok(found)
}

/// Something read on the way.
enum Piece<'p> {
    /// Values of a series, in the order of time.
    Points(Key, &'p [(i64, f64)]),
    /// What a roll-up knows of the time from a moment.
    Bucket(Key, i64, &'p Bucket),
    /// Nothing before this moment will come any more.
    Complete(i64),
}

/// Values of rows by hour, then series.
type Hours = BTreeMap<i64, BTreeMap<Key, Points>>;

/// The values of rows that are not sealed, by group: of the first groups as many as may be held, of the rest when their
/// turn comes, by scanning again.
struct Recent<'w> {
    whose: &'w Whose,
    most: usize,
    /// The groups that have any.
    groups: BTreeSet<u32>,
    held: BTreeMap<u32, (usize, Hours)>,
    /// The first group that is not held.
    rest: Option<u32>,
}

impl<'w> Recent<'w> {
    fn of(source: &Source<'_>, whose: &'w Whose, most: usize) -> Result<Self, StoreError> {
        let mut recent = Self { whose, most, groups: BTreeSet::new(), held: BTreeMap::new(), rest: None };
        recent.scan(source, 0)?;
        Ok(recent)
    }

    /// The values of one group. Ask for the groups in order.
    fn take(&mut self, source: &Source<'_>, group: u32) -> Result<Hours, StoreError> {
        if self.rest.is_some_and(|rest| group >= rest) {
            self.scan(source, group)?;
        }
        Ok(self.held.remove(&group).map(|(_, hours)| hours).unwrap_or_default())
    }

    /// Holds the values of groups from one on; when they are too many, lets go of the last.
    fn scan(&mut self, source: &Source<'_>, from: u32) -> Result<(), StoreError> {
        let Self { whose, most, groups, held, .. } = self;
        let (mut count, rest) = (0, Cell::new(None));
        held.clear();
        let is_held = |group: u32| {
            groups.insert(group);
            group >= from && rest.get().is_none_or(|rest| group < rest)
        };
        source.rows(whose, is_held, |group, hour, values| {
            let (known, hours) = held.entry(group).or_default();
            let series = hours.entry(hour).or_default();
            for (key, point) in values {
                series.entry(key).or_default().push(point);
                *known += 1;
                count += 1;
            }
            while count > *most && held.len() > 1 {
                if let Some((last, (known, _))) = held.pop_last() {
                    count -= known;
                    rest.set(Some(last));
                }
            }
        })?;
        self.rest = rest.get();
        Ok(())
    }
}

/// What is read.
struct Source<'c> {
    connection: &'c Connection,
    metric: Metric,
    labels: Labels,
    nodes: Option<Vec<u32>>,
    span: (i64, i64),
    /// Whether the answer is still wanted.
    still: &'c dyn Fn() -> bool,
}

impl Source<'_> {
    /// Ends a read that nobody waits for any more.
    fn check(&self) -> Result<(), StoreError> {
        if (self.still)() {
            return Ok(());
        }
        Err(StoreError::Unavailable("nobody waits for this read any more".to_owned()))
    }

    /// Shows the values of rows that are not sealed, of groups that are wanted: the group, the hour, and the series.
    fn rows(
        &self,
        whose: &Whose,
        mut is_wanted: impl FnMut(u32) -> bool,
        mut show: impl FnMut(u32, i64, &mut dyn Iterator<Item = (Key, (i64, f64))>),
    ) -> Result<(), StoreError> {
        let (mut shapes, mut values) = (Shapes::default(), Vec::new());
        let inputs = inputs(self.metric);
        whose.each(self.connection, self.span, |node, time, body| {
            self.check()?;
            let group = node / NODES_PER_PART;
            if !is_wanted(group) {
                return Ok(());
            }
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
            let labelled = shape.labels(self.metric.label()).enumerate();
            let mut found =
                labelled.filter(|(_, label)| self.labels.want(*label)).filter_map(|(position, label)| {
                    let mut stored = [0; 4];
                    for (slot, offset) in stored.iter_mut().zip(&offsets) {
                        *slot = values.get(offset + position).copied().unwrap_or(0);
                    }
                    let value = value(self.metric, restored(self.metric, &stored))?;
                    Some(((node, label), (time, value)))
                });
            show(group, time.div_euclid(HOUR), &mut found);
            Ok(())
        })
    }

    /// The groups of nodes to walk.
    fn groups(&self, recent: &Recent<'_>) -> Result<BTreeSet<u32>, StoreError> {
        let mut found = recent.groups.clone();
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
        mut recent: Hours,
        query: Option<&RangeQuery>,
        show: &mut impl FnMut(Piece<'_>) -> Result<(), E>,
    ) -> Result<u32, E> {
        let mut hours: BTreeMap<i64, Vec<Part>> = recent.keys().map(|hour| (*hour, Vec::new())).collect();
        for part in parts(self.connection, group, self.span.0, self.span.1)? {
            hours.entry(part.hour).or_default().push(part);
        }
        let mut damaged = 0;
        for (hour, parts) in hours {
            self.check()?;
            let rows = recent.remove(&hour).unwrap_or_default();
            if rows.is_empty()
                && let Some(query) = query
                && let Some((level, reads)) = self.rolled_up(&parts, query)?
            {
                for (part, read) in parts.iter().zip(&reads) {
                    self.show_rollup(part, level, read, show)?;
                }
            } else if let ([part], true) = (&parts[..], rows.is_empty()) {
                damaged += u32::from(!self.show_part(part, show)?);
            } else {
                damaged += self.show_merged(&parts, rows, show)?;
            }
            show(Piece::Complete((hour + 1).saturating_mul(HOUR)))?;
        }
        Ok(damaged)
    }

    /// The values of a series that were told.
    fn points<'p>(&self, column: &'p Column) -> impl Iterator<Item = (i64, f64)> + 'p {
        let metric = self.metric;
        let told = move |(time, bits): (&i64, &u64)| value(metric, *bits).map(|value| (*time, value));
        column.times.iter().zip(&column.values).filter_map(told)
    }

    /// Shows a part that is alone in its hour; says whether it could be read.
    fn show_part<E: From<StoreError>>(
        &self,
        part: &Part,
        show: &mut impl FnMut(Piece<'_>) -> Result<(), E>,
    ) -> Result<bool, E> {
        let (mut points, mut shown) = (Points::new(), Ok(()));
        let read =
            part.columns(self.connection, self.metric, self.nodes.as_deref(), &self.labels, &mut |column| {
                points.clear();
                points.extend(self.points(&column));
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
        let (mut together, mut damaged): (BTreeMap<Key, Points>, _) = (BTreeMap::new(), 0);
        for part in parts {
            let nodes = self.nodes.as_deref();
            let read = part.columns(self.connection, self.metric, nodes, &self.labels, &mut |column| {
                together.entry((column.node, column.label)).or_default().extend(self.points(&column));
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

    /// The coarsest roll-ups of the parts of an hour that answer a query: those whose buckets fall into the query's
    /// steps, of parts that have no moment twice. A damaged one is not used; the values themselves are there.
    fn rolled_up(&self, parts: &[Part], query: &RangeQuery) -> Result<Option<(i64, Vec<Read>)>, StoreError> {
        if parts.is_empty() || !rollup::answers(self.metric, query.aggregate) {
            return Ok(None);
        }
        for (level, length) in LEVELS.iter().enumerate().rev() {
            if query.grid.step % length != 0 {
                continue;
            }
            let mut reads = Vec::with_capacity(parts.len());
            for part in parts {
                match self.level(part, level, *length)? {
                    Some(read) => reads.push(read),
                    None => break,
                }
            }
            if reads.len() == parts.len() {
                return Ok(self.are_apart(parts)?.then_some((*length, reads)));
            }
        }
        Ok(None)
    }

    /// A roll-up of a part, when it is there and whole.
    fn level(&self, part: &Part, level: usize, length: i64) -> Result<Option<Read>, StoreError> {
        let Some(directory) = &part.directory else { return Ok(None) };
        let count = directory.series(self.metric.label()) * per_hour(length);
        let key = level_key(level, self.metric);
        with_block(self.connection, part.id, key, |bytes| Read::open(self.metric, bytes, count))
    }

    /// Whether parts have none of a node's time in common, so that no measurement is in two of them.
    fn are_apart(&self, parts: &[Part]) -> Result<bool, StoreError> {
        if parts.len() < 2 {
            return Ok(true);
        }
        let mut spans: Vec<(u32, i64, i64)> = Vec::new();
        for part in parts {
            let Some(directory) = &part.directory else { return Ok(false) };
            let positions = wanted(directory, self.nodes.as_deref());
            let Some(times) = part.times(self.connection, directory, &positions)? else { return Ok(false) };
            for (position, times) in positions.iter().zip(&times) {
                let ends = times.first().zip(times.last());
                if let (Some(node), Some((first, last))) = (directory.nodes.get(*position), ends) {
                    spans.push((node.number, *first, *last));
                }
            }
        }
        spans.sort_unstable();
        let overlap = |pair: &[(u32, i64, i64)]| match pair {
            [(node, _, last), (other, first, _)] => node == other && first <= last,
            _ => false,
        };
        Ok(!spans.windows(2).any(overlap))
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

#[cfg(test)]
mod tests;
