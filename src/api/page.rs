//! Cutting a list into pages.

use std::str::FromStr;

use crate::{
    core::error::Error,
    proto::page::{DEFAULT_LIMIT, MAX_LIMIT, Page},
};

/// How many items a page may have.
pub(super) fn limit_of(limit: Option<u32>) -> Result<usize, Error> {
    match limit.unwrap_or(DEFAULT_LIMIT) {
        limit @ 1..=MAX_LIMIT => Ok(limit as usize),
        _ => Err(Error::field("limit", format!("expected 1 to {MAX_LIMIT}"))),
    }
}

/// Reads a cursor.
pub(super) fn cursor_of<T: FromStr>(cursor: &str) -> Result<T, Error> {
    cursor.parse().map_err(|_| not_a_cursor())
}

/// What is said of a cursor that is none.
pub(super) fn not_a_cursor() -> Error {
    Error::field("cursor", "expected next_cursor of the page before, unchanged")
}

/// A page of items that come in the order of their keys, after the cursor. Read one item more than the page holds:
/// it tells whether there is a next page.
pub(super) fn page<T>(items: impl Iterator<Item = T>, limit: usize, key: impl Fn(&T) -> String) -> Page<T> {
    let mut items: Vec<T> = items.take(limit + 1).collect();
    let more = items.len() > limit;
    items.truncate(limit);
    let next_cursor = if more { items.last().map(key) } else { None };
    Page { items, next_cursor }
}
