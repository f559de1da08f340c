//! [`Lists`]: lists that are filtered, selected, sorted, cut into pages, and serialized once per change.
//!
//! What was made is kept, and served again while nothing changes that it shows.

mod kept;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use jiff::Timestamp;
use serde::Serialize;
use tokio::sync::Semaphore;

use self::kept::Kept;
pub(super) use self::kept::State;
use super::{
    app::App,
    call::{Answer, Call},
    fixed::Fixed,
    page::{limit_of, not_a_cursor},
};
use crate::{
    core::{
        digest::sha256_hex,
        error::Error,
        fleet::{Fleet, SharedFleet},
        selector::{Cursor, Fault, Field, Needs, Order, Row, Selected, Selector, Selectors, select},
    },
    proto::{endpoint::Endpoint, page::Page},
};

/// How many records are looked at before writers of the fleet get their turn.
const SLICE: usize = 1024;

/// How long one request may evaluate an expression: each holds a core, and others wait for it.
const LONGEST_LOOK: Duration = Duration::from_secs(5);

/// Expressions that were read, and pages that were made.
pub struct Lists {
    /// Expressions that were read.
    pub(super) selectors: Selectors,
    /// Pages that were made.
    pub(super) kept: Kept,
    /// Bounds how many requests look through the whole fleet at once: each takes a core.
    pub(super) looking: Semaphore,
    /// Bounds how many pages are made at once, so that those who wait find what another made.
    pub(super) making: Semaphore,
}

impl Lists {
    /// Nothing is kept yet.
    #[must_use]
    pub fn new() -> Self {
        Self {
            selectors: Selectors::new(),
            kept: Kept::default(),
            looking: Semaphore::new(2),
            making: Semaphore::new(2),
        }
    }
}

impl Default for Lists {
    fn default() -> Self {
        Self::new()
    }
}

/// What every list is asked for.
pub(super) struct Asked<'a> {
    pub(super) selector: Option<&'a str>,
    pub(super) sort: Option<&'a str>,
    pub(super) limit: Option<u32>,
    pub(super) cursor: Option<&'a str>,
}

/// The records that a list may look at.
pub(super) struct Scan<'a> {
    pub(super) app: &'a App,
    /// The fleet as the caller is shown it.
    pub(super) fleet: &'a SharedFleet,
    /// The id after which the records begin.
    pub(super) after: Option<&'a str>,
    /// So many are enough.
    pub(super) enough: usize,
    /// What must be read besides the records.
    pub(super) needs: Needs,
    pub(super) now: Timestamp,
}

impl Scan<'_> {
    /// Gathers records slice by slice. `slice` adds those of the fleet after a key and gives the last key that it looked
    /// at, `None` when it came to the end.
    pub(super) fn gather<R, K>(
        &self,
        start: K,
        mut slice: impl FnMut(&Fleet, &K, usize, &mut Vec<R>) -> Option<K>,
    ) -> Vec<R> {
        let mut rows = Vec::new();
        let mut at = start;
        loop {
            let next = slice(&self.fleet.read(), &at, SLICE, &mut rows);
            match next {
                Some(next) if rows.len() < self.enough => at = next,
                _ => return rows,
            }
        }
    }
}

/// A list of the fleet.
pub(super) trait List: Endpoint {
    /// What is looked at.
    type Row: Row + Send + 'static;
    /// What is shown of it: serialized, an item of the response.
    type Item: Serialize;
    /// What the fields are kept under.
    const NOUN: &'static str;
    /// The fields that expressions and sorts may name.
    const FIELDS: &'static [Field<Self::Row>];
    /// What a page shows, so that it changes with it.
    const SHOWS: Needs;
    /// The request's common part.
    fn asked(request: &Self::Request) -> Asked<'_>;
    /// The records that the request's own filters let through, by id.
    fn rows(scan: &Scan<'_>, request: &Self::Request) -> Result<Vec<Self::Row>, Error>;
    /// What is shown of a record.
    fn item(row: Self::Row) -> Self::Item;
}

/// Answers a list.
pub(super) async fn list<E: List>(call: Call<E>) -> Result<Answer<E>, Error> {
    let app = call.app.clone();
    let asked = E::asked(&call.request);
    let limit = limit_of(asked.limit)?;
    let selector = match asked.selector {
        Some(text) => Some(app.lists.selectors.compile(E::NOUN, text, E::FIELDS).map_err(wrong("where"))?),
        None => None,
    };
    let order = match asked.sort {
        Some(text) => Order::parse(text, E::FIELDS).map_err(wrong("sort"))?,
        None => Order::by_id(E::FIELDS),
    };
    let after = asked.cursor.map(|text| cursor::<E>(text, &call.request, &order)).transpose()?;
    let reads = selector.as_ref().map_or(Needs::NOTHING, Selector::needs).and(order.needs());
    let shows = E::SHOWS.and(reads);
    let key = format!("{} {} {}", E::PATH, plain(&call.request), call.sight.key());
    if let Some(page) = State::of(&app, shows).and_then(|state| app.lists.kept.recall(&key, state)) {
        return Ok(Answer::fixed(&page));
    }
    let everything = selector.is_some() || !order.is_by_id();
    let making = Making { selector, order, after, limit, reads };
    // Whoever needs no more than a few records does not wait for those who look through all of them.
    let turn = if everything { &app.lists.looking } else { &app.lists.making };
    let _turn = turn.acquire().await.map_err(|_| Error::Unavailable("the server ends".into()))?;
    // Meanwhile another may have made it, and it may have changed.
    let state = State::of(&app, shows);
    if let Some(page) = state.and_then(|state| app.lists.kept.recall(&key, state)) {
        return Ok(Answer::fixed(&page));
    }
    // Beside the executor's threads: a filter may pass over many records too.
    let made = tokio::task::spawn_blocking(move || {
        making.page(&call).map(|page| Arc::new(Fixed::new("application/json", page).private()))
    });
    let page = made.await.map_err(|error| Error::Internal(error.to_string()))??;
    if let Some(state) = state {
        app.lists.kept.keep(key, state, &page);
    }
    Ok(Answer::fixed(&page))
}

/// What a page is made by.
struct Making<R: 'static> {
    selector: Option<Selector<R>>,
    order: Order<R>,
    after: Option<Cursor>,
    limit: usize,
    reads: Needs,
}

impl<R: Row> Making<R> {
    /// The page, serialized.
    fn page<E: List<Row = R>>(&self, call: &Call<E>) -> Result<Vec<u8>, Error> {
        let (by_id, fleet) = (self.order.is_by_id(), call.sight.fleet());
        let scan = Scan {
            app: &call.app,
            fleet: &fleet,
            after: self.after.as_ref().filter(|_| by_id).map(|after| after.id.as_str()),
            enough: if by_id && self.selector.is_none() { self.limit + 1 } else { usize::MAX },
            needs: self.reads,
            now: call.origin.now,
        };
        let rows = E::rows(&scan, &call.request)?;
        if let Some(selector) = &self.selector {
            selector.check_work(rows.len()).map_err(wrong("where"))?;
        }
        let Selected { rows, next } = self.select(rows).map_err(wrong("where"))?;
        let next_cursor = next.map(|(keys, id)| Cursor { query: query(&call.request), keys, id }.encode());
        let page = Page { items: rows.into_iter().map(E::item).collect(), next_cursor };
        Ok(plain(&page).into_bytes())
    }

    fn select(&self, rows: Vec<R>) -> Result<Selected<R>, Fault> {
        let (selector, after, begun) = (self.selector.as_ref(), self.after.as_ref(), Instant::now());
        select(rows.into_iter(), selector, &self.order, after, self.limit, || begun.elapsed() > LONGEST_LOOK)
    }
}

fn plain(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("requests and responses are plain data and always serialize")
}

fn wrong(field: &'static str) -> impl Fn(Fault) -> Error {
    move |Fault(words)| Error::field(field, words)
}

/// What a request asks for, whichever page of it, in a few characters.
fn query(request: &impl Serialize) -> String {
    let mut asked = serde_json::to_value(request).expect("requests are plain data and always serialize");
    if let Some(fields) = asked.as_object_mut() {
        fields.retain(|name, value| name != "cursor" && name != "limit" && !value.is_null());
    }
    sha256_hex(asked.to_string().as_bytes())[..16].to_owned()
}

/// Reads a cursor, which must be of the same list.
fn cursor<E: List>(text: &str, request: &E::Request, order: &Order<E::Row>) -> Result<Cursor, Error> {
    let cursor = Cursor::decode(text).ok_or_else(not_a_cursor)?;
    if cursor.query != query(request) {
        return Err(Error::field(
            "cursor",
            "is of another list; send the filters, 'where' and 'sort' that it came with",
        ));
    }
    if cursor.fits(order) { Ok(cursor) } else { Err(not_a_cursor()) }
}
