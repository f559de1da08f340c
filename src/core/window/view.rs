//! [`View`]: what a window shows of a list: filters, order, place, columns.

use std::ops::Range;

use jiff::Timestamp;
use serde_json::{Value as Json, json};

use super::{
    super::selector::{Column, Fault, Needs, Order, Selector, Selectors, Value},
    Listed, Moment, Picture, Wrong,
    listed::agent_of,
    search::Search,
};
use crate::proto::window::{MAX_WINDOW_COLUMNS, MAX_WINDOW_ROWS, WindowRow, WindowView};

/// How many records are looked at before writers of the fleet get their turn.
const SLICE: usize = 1024;

/// The moment from which ages are counted back to what they count from: any that lies after all of them. So what is shown
/// of an age is whole seconds and stays the same.
const LATER: Timestamp = Timestamp::constant(4_102_444_800, 0);

/// What a window shows of a list.
#[derive(Debug)]
pub struct View<R: Listed> {
    columns: Vec<Column<R>>,
    selector: Option<Selector<R>>,
    search: Search,
    order: Order<R>,
    offset: usize,
    limit: usize,
    around: Option<String>,
}

impl<R: Listed> View<R> {
    /// Understands a view.
    ///
    /// # Errors
    /// Names the field that is wrong, and why.
    pub fn of(view: &WindowView, selectors: &Selectors) -> Result<Self, Wrong> {
        let wrong = |field| move |Fault(detail)| Wrong { field, detail };
        if view.limit > MAX_WINDOW_ROWS {
            let detail = format!("expected at most {MAX_WINDOW_ROWS}");
            return Err(Wrong { field: "limit", detail });
        }
        if view.columns.len() > MAX_WINDOW_COLUMNS {
            let detail = format!("expected at most {MAX_WINDOW_COLUMNS}");
            return Err(Wrong { field: "columns", detail });
        }
        let columns = view.columns.iter().map(|name| Column::parse(name, R::FIELDS));
        let selector = view.selector.as_deref().filter(|text| !text.trim().is_empty());
        let selector = selector.map(|text| selectors.compile(R::NOUN, text, R::FIELDS));
        let order = view.sort.as_deref().filter(|text| !text.trim().is_empty());
        let search = Search::parse(view.search.as_deref().unwrap_or_default());
        Ok(Self {
            columns: columns.collect::<Result<_, _>>().map_err(wrong("columns"))?,
            selector: selector.transpose().map_err(wrong("where"))?,
            search: search.map_err(|detail| Wrong { field: "search", detail })?,
            order: order
                .map_or_else(|| Ok(Order::by_id(R::FIELDS)), |text| Order::parse(text, R::FIELDS))
                .map_err(wrong("sort"))?,
            offset: usize::try_from(view.offset).unwrap_or(usize::MAX),
            limit: view.limit as usize,
            around: view.around.clone(),
        })
    }

    /// What it reads besides the records.
    #[must_use]
    pub fn needs(&self) -> Needs {
        self.columns.iter().fold(self.sifts(), |needs, column| needs.and(column.needs()))
    }

    /// What the filters and the order read besides the records.
    fn sifts(&self) -> Needs {
        self.selector.as_ref().map_or(Needs::NOTHING, Selector::needs).and(self.order.needs())
    }

    /// Whether other rows match as time goes by.
    #[must_use]
    pub fn is_timed(&self) -> bool {
        self.selector.as_ref().is_some_and(|selector| selector.needs().include(Needs::CLOCK))
    }

    /// Whether no more than the rows of the window are looked at.
    pub(super) fn is_light(&self) -> bool {
        self.lets_all_through() && self.order.is_by_id()
    }

    fn lets_all_through(&self) -> bool {
        self.selector.is_none() && self.search.is_empty()
    }

    pub(super) fn columns(&self) -> &[Column<R>] {
        &self.columns
    }

    pub(super) fn limit(&self) -> usize {
        self.limit
    }

    /// Looks: takes the rows of the window, and counts the others.
    ///
    /// # Errors
    /// The expression cannot be evaluated for a record, or takes too long.
    pub fn look(&self, moment: &Moment<'_>) -> Result<Picture, Wrong> {
        let mut seen = match self.order.is_by_id() {
            _ if self.is_light() => self.cut(moment),
            true => self.standing(moment)?,
            false => self.sorted(moment)?,
        };
        let fleet = moment.fleet.read();
        let total = if self.lets_all_through() {
            seen.matched
        } else {
            R::counts(&fleet, moment.standing).into_iter().sum()
        };
        let needs = self.needs();
        seen.rows.iter_mut().for_each(|row| row.complete(&fleet, needs, LATER));
        drop(fleet);
        Ok(Picture {
            total: total as u64,
            matched: seen.matched as u64,
            offset: seen.offset as u64,
            at: seen.at.map(|at| at as u64),
            rows: seen.rows.iter().map(|row| self.shown(row)).collect(),
        })
    }

    fn shown(&self, row: &R) -> WindowRow {
        let cells = self.columns.iter().map(|column| cell(column, row)).collect();
        WindowRow { id: row.id(), name: row.name(), cells }
    }

    /// Every row that the filters let through, shelf by shelf in the order of the agents' names; unsorted on a shelf.
    pub(super) fn matching(&self, moment: &Moment<'_>, needs: Needs) -> Result<Vec<R>, Wrong> {
        let wrong = |detail: String| Wrong { field: "where", detail };
        let (mut matched, mut slice, mut looked_at) = (Vec::new(), Vec::with_capacity(SLICE), 0);
        let (mut agents, mut buffer) = (moment.standing.agents().iter(), String::new());
        loop {
            let fleet = moment.fleet.read();
            while slice.len() < SLICE
                && let Some(agent) = agents.next()
            {
                if let Some(agent) = fleet.agent_record(*agent) {
                    R::gather(&fleet, agent, needs, moment.now, &mut slice);
                }
            }
            drop(fleet);
            if slice.is_empty() {
                return Ok(matched);
            }
            looked_at += slice.len();
            if let Some(selector) = &self.selector {
                selector.check_work(looked_at).map_err(|Fault(detail)| wrong(detail))?;
                if (moment.is_late)() {
                    return Err(wrong(
                        "the expression takes too long over so many records; use a shorter one".into(),
                    ));
                }
            }
            for row in slice.drain(..) {
                if let Some(selector) = &self.selector
                    && !selector
                        .matches(&row)
                        .map_err(|Fault(detail)| wrong(format!("of {}: {detail}", row.name())))?
                {
                    continue;
                }
                if self.search.is_empty() || self.search.finds(&self.columns, &row, &mut buffer) {
                    matched.push(row);
                }
            }
        }
    }

    /// Of a whole list in its own order: whatever stands before the window is counted, not looked at.
    fn cut(&self, moment: &Moment<'_>) -> Seen<R> {
        let (fleet, agents) = (moment.fleet.read(), moment.standing.agents());
        let counts = R::counts(&fleet, moment.standing);
        let matched: usize = counts.iter().sum();
        let shelf = |place: usize| {
            let mut rows = Vec::with_capacity(counts[place]);
            if let Some(agent) = fleet.agent_record(agents[place]) {
                R::gather(&fleet, agent, Needs::NOTHING, moment.now, &mut rows);
            }
            rows.sort_unstable_by(R::beside);
            rows
        };
        let at = self.around.as_deref().and_then(|id| {
            let place = moment.standing.place(agent_of(id)?)?;
            let within = shelf(place).iter().position(|row| row.is(id))?;
            Some(counts[..place].iter().sum::<usize>() + within)
        });
        let window = self.window(matched, at);
        let (mut rows, mut before) = (Vec::new(), 0);
        for (place, count) in counts.iter().enumerate() {
            let end = before + count;
            if end > window.start && before < window.end {
                let skip = window.start.saturating_sub(before);
                let take = window.end.min(end) - before.max(window.start);
                rows.extend(shelf(place).into_iter().skip(skip).take(take));
            }
            before = end;
            if before >= window.end {
                break;
            }
        }
        Seen { matched, offset: window.start, at, rows }
    }

    /// Of the rows that match, in the list's own order: only the shelves that reach into the window are sorted.
    fn standing(&self, moment: &Moment<'_>) -> Result<Seen<R>, Wrong> {
        let mut rows = self.matching(moment, self.sifts())?;
        let at = self.around.as_deref().and_then(|id| {
            let found = rows.iter().position(|row| row.is(id))?;
            let shelf = shelves(&rows, found..found + 1);
            rows[shelf.clone()].sort_unstable_by(R::beside);
            rows[shelf.clone()].iter().position(|row| row.is(id)).map(|within| shelf.start + within)
        });
        let matched = rows.len();
        let window = self.window(matched, at);
        let around = shelves(&rows, window.clone());
        rows[around].chunk_by_mut(|one, other| one.agent() == other.agent()).for_each(|shelf| {
            shelf.sort_unstable_by(R::beside);
        });
        Ok(Seen { matched, offset: window.start, at, rows: rows.drain(window).collect() })
    }

    /// Of the rows that match, sorted: no more are put in order than are shown. Equals stand in the list's own order.
    fn sorted(&self, moment: &Moment<'_>) -> Result<Seen<R>, Wrong> {
        let rows = self.matching(moment, self.sifts())?;
        let mut placed: Vec<(Value<'_>, usize)> =
            rows.iter().enumerate().map(|(index, row)| (self.order.first(row), index)).collect();
        let compare = |one: &(Value<'_>, usize), other: &(Value<'_>, usize)| {
            let (left, right) = (&rows[one.1], &rows[other.1]);
            self.order.compare_rows((left, &one.0), (right, &other.0)).then_with(|| {
                if left.agent() == right.agent() { left.beside(right) } else { one.1.cmp(&other.1) }
            })
        };
        let at = self.around.as_deref().and_then(|id| {
            let sought = placed.iter().find(|(_, index)| rows[*index].is(id))?;
            Some(placed.iter().filter(|other| compare(other, sought).is_lt()).count())
        });
        let window = self.window(rows.len(), at);
        if window.start > 0 && window.start < placed.len() {
            placed.select_nth_unstable_by(window.start, compare);
        }
        let tail = &mut placed[window.start..];
        if !window.is_empty() && window.len() < tail.len() {
            tail.select_nth_unstable_by(window.len(), compare);
        }
        let shown = &mut tail[..window.len()];
        shown.sort_unstable_by(compare);
        let shown = shown.iter().map(|(_, index)| rows[*index].clone()).collect();
        Ok(Seen { matched: rows.len(), offset: window.start, at, rows: shown })
    }

    /// Where the window is among so many rows: never beyond their end, and with the row that was asked for in its middle.
    fn window(&self, matched: usize, at: Option<usize>) -> Range<usize> {
        let offset = at.map_or(self.offset, |at| at.saturating_sub(self.limit / 2));
        let start = offset.min(matched.saturating_sub(self.limit));
        start..(start + self.limit).min(matched)
    }
}

/// What a look found.
struct Seen<R> {
    matched: usize,
    offset: usize,
    at: Option<usize>,
    rows: Vec<R>,
}

/// The rows of every shelf that reaches into a range.
fn shelves<R: Listed>(rows: &[R], range: Range<usize>) -> Range<usize> {
    let Some(inner) = rows.get(range.clone()).filter(|inner| !inner.is_empty()) else { return range };
    let (first, last) = (inner[0].agent(), inner[inner.len() - 1].agent());
    let before = rows[..range.start].iter().rev().take_while(|row| row.agent() == first).count();
    let after = rows[range.end..].iter().take_while(|row| row.agent() == last).count();
    range.start - before..range.end + after
}

/// What a column shows of a row: an age as the moment that it counts from, a number to two decimals.
fn cell<R>(column: &Column<R>, row: &R) -> Json {
    match column.read(row) {
        Value::Integer(age) if column.is_age() => json!(LATER.as_second() - age),
        Value::Missing => Json::Null,
        Value::Truth(truth) => json!(truth),
        Value::Integer(number) => json!(number),
        Value::Number(number) => json!((number * 100.0).round() / 100.0),
        Value::Text(text) => json!(text),
        Value::List(items) => json!(items),
        Value::Labels(labels) => json!(labels),
    }
}
