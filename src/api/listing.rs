//! [`Lists`]: lists that are filtered, selected, sorted, cut into pages, and serialized once per change.
//!
//! A page that was made is kept with the versions of what it was made of, and is served again, without a copy, until one
//! of them changes. What is kept weighs [`KEPT_BYTES`] at most. When agents were last heard of changes all the time: a
//! list shows it [`HEARD_AFTER`] late at most, so that a fleet's heartbeats do not cost a list each.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use jiff::Timestamp;
use serde::Serialize;
use tokio::sync::Semaphore;

use super::{
    app::App,
    call::{Answer, Call},
    fixed::Fixed,
    page::{limit_of, not_a_cursor},
};
use crate::{
    core::{
        error::Error,
        fleet::Fleet,
        invitation::secret_hash,
        selector::{Cursor, Fault, Field, Needs, Order, Row, Selected, Selector, Selectors, select},
    },
    proto::{endpoint::Endpoint, page::Page},
};

/// What kept pages may weigh together.
const KEPT_BYTES: usize = 16 * 1024 * 1024;
/// How many may be kept.
const KEPT_PAGES: usize = 1024;
/// How late a list may show when agents were last heard of.
const HEARD_AFTER: Duration = Duration::from_secs(10);
/// How many records are looked at before writers of the fleet get their turn.
const SLICE: usize = 1024;

/// Expressions that were read, and pages that were made.
pub struct Lists {
    selectors: Selectors,
    kept: Mutex<Kept>,
    /// Bounds how many requests look through the whole fleet at once: each takes a core.
    looking: Semaphore,
}

/// What a page was made of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Stamp {
    agents: u64,
    containers: u64,
    images: u64,
    telemetry: u64,
    links: u64,
}

/// The stamp of now, and how often agents were heard of.
#[derive(Clone, Copy, Debug)]
pub(super) struct State {
    stamp: Stamp,
    heard: u64,
}

#[derive(Default)]
struct Kept {
    pages: HashMap<String, KeptPage>,
    bytes: usize,
    uses: u64,
}

struct KeptPage {
    page: Arc<Fixed>,
    state: State,
    made: Instant,
    bytes: usize,
    used: u64,
}

impl State {
    /// Of what such a page would be made now; `None` when it holds for this moment only.
    pub(super) fn of(app: &App, needs: Needs) -> Option<Self> {
        if needs.include(Needs::CLOCK) {
            return None;
        }
        // The links first: whoever enters them later changes the fleet later.
        let links = app.hub.changes();
        let versions = app.fleet.read().versions();
        let of = |need, version| if needs.include(need) { version } else { 0 };
        let stamp = Stamp {
            agents: versions.agents,
            containers: of(Needs::CONTAINERS, versions.containers),
            images: of(Needs::IMAGES, versions.images),
            telemetry: of(Needs::TELEMETRY, versions.telemetry),
            links: of(Needs::LINK, links),
        };
        Some(Self { stamp, heard: of(Needs::HEARD, versions.heard) })
    }
}

impl Lists {
    /// Nothing is kept yet.
    #[must_use]
    pub fn new() -> Self {
        Self { selectors: Selectors::new(), kept: Mutex::default(), looking: Semaphore::new(2) }
    }

    /// What was made for this key, while nothing changed that it was made of.
    pub(super) fn kept(&self, key: &str, state: State) -> Option<Arc<Fixed>> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.uses += 1;
        let uses = kept.uses;
        let entry = kept.pages.get_mut(key)?;
        let holds = entry.state.stamp == state.stamp
            && (entry.state.heard == state.heard || entry.made.elapsed() < HEARD_AFTER);
        entry.used = uses;
        holds.then(|| entry.page.clone())
    }

    /// Keeps what was made, and lets go of what was not asked for the longest.
    pub(super) fn keep(&self, key: String, state: State, page: &Arc<Fixed>) {
        let bytes = page.weight() + key.len();
        if bytes > KEPT_BYTES / 4 {
            return;
        }
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let used = kept.uses;
        let entry = KeptPage { page: page.clone(), state, made: Instant::now(), bytes, used };
        kept.bytes += bytes;
        if let Some(old) = kept.pages.insert(key, entry) {
            kept.bytes -= old.bytes;
        }
        while kept.bytes > KEPT_BYTES || kept.pages.len() > KEPT_PAGES {
            let oldest = kept.pages.iter().min_by_key(|(_, entry)| entry.used).map(|(key, _)| key.clone());
            let Some(gone) = oldest.and_then(|key| kept.pages.remove(&key)) else { return };
            kept.bytes -= gone.bytes;
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
            let next = slice(&self.app.fleet.read(), &at, SLICE, &mut rows);
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
    let state = State::of(&app, E::SHOWS.and(reads));
    let key = format!("{} {}", E::PATH, plain(&call.request));
    if let Some(state) = state
        && let Some(page) = app.lists.kept(&key, state)
    {
        return Ok(Answer::fixed(&page));
    }
    let everything = selector.is_some() || !order.is_by_id();
    let making = Making { selector, order, after, limit, reads };
    let page = if everything {
        let _turn =
            app.lists.looking.acquire().await.map_err(|_| Error::Unavailable("the server ends".into()))?;
        // Beside the executor's threads: it may take a while.
        let made = tokio::task::spawn_blocking(move || making.page(&call));
        made.await.map_err(|error| Error::Internal(error.to_string()))??
    } else {
        making.page(&call)?
    };
    let page = Arc::new(Fixed::new("application/json", page).private());
    if let Some(state) = state {
        app.lists.keep(key, state, &page);
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
        let by_id = self.order.is_by_id();
        let scan = Scan {
            app: &call.app,
            after: self.after.as_ref().filter(|_| by_id).map(|after| after.id.as_str()),
            enough: if by_id && self.selector.is_none() { self.limit + 1 } else { usize::MAX },
            needs: self.reads,
            now: call.origin.now,
        };
        let rows = E::rows(&scan, &call.request)?;
        if let Some(selector) = &self.selector {
            selector.check_work(rows.len()).map_err(wrong("where"))?;
        }
        let Selected { rows, next } =
            select(rows.into_iter(), self.selector.as_ref(), &self.order, self.after.as_ref(), self.limit)
                .map_err(wrong("where"))?;
        let next_cursor = next.map(|(keys, id)| Cursor { query: query(&call.request), keys, id }.encode());
        let page = Page { items: rows.into_iter().map(E::item).collect(), next_cursor };
        Ok(plain(&page).into_bytes())
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
    secret_hash(asked.to_string().as_bytes())[..16].to_owned()
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

#[cfg(test)]
mod tests;
