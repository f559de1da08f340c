//! A page of the records that are wanted, in the order that is wanted.

use std::cmp::Ordering;

use super::{Cursor, Fault, Order, Selector, order::Key};

/// A record with an id of its own, by which equals are told apart.
pub trait Row {
    /// The id; ids sort as their texts do.
    fn id(&self) -> String;
    /// What people call it.
    fn name(&self) -> String;
}

/// A page of records.
#[derive(Debug)]
pub struct Selected<R> {
    /// The records, in order.
    pub rows: Vec<R>,
    /// The keys and the id of the last one, when more follow.
    pub next: Option<(Vec<Key>, String)>,
}

/// Takes the page after `after`: at most `limit` of the records that the selector wants, in their order. `is_late` tells
/// that the evaluation took longer than it may; it is asked once a record.
///
/// # Errors
/// The selector cannot be evaluated for a record, or took too long.
pub fn select<R: Row>(
    rows: impl Iterator<Item = R>,
    selector: Option<&Selector<R>>,
    order: &Order<R>,
    after: Option<&Cursor>,
    limit: usize,
    is_late: impl Fn() -> bool,
) -> Result<Selected<R>, Fault> {
    let mut wanted: Vec<Placed<R>> = Vec::new();
    let compare = |left: &Placed<R>, right: &Placed<R>| {
        order.compare(&left.keys, &right.keys).then_with(|| left.id.cmp(&right.id))
    };
    for row in rows {
        if selector.is_some() && is_late() {
            return Err(Fault(
                "the expression takes too long over so many records; use a shorter one, or narrow the list with the \
                 other filters"
                    .into(),
            ));
        }
        if let Some(selector) = selector
            && !selector.matches(&row).map_err(|fault| Fault(format!("of {}: {}", row.name(), fault.0)))?
        {
            continue;
        }
        let placed = Placed { keys: order.keys(&row), id: row.id(), row };
        if after.is_some_and(|after| before_or_at(order, &placed, after)) {
            continue;
        }
        wanted.push(placed);
        // Twice the page at most is kept; what falls behind can be on no page that is asked for now.
        if wanted.len() > 2 * (limit + 1) {
            wanted.select_nth_unstable_by(limit, compare);
            wanted.truncate(limit + 1);
        }
    }
    wanted.sort_unstable_by(compare);
    let more = wanted.len() > limit;
    wanted.truncate(limit);
    let next = wanted.last().filter(|_| more).map(|last| (last.keys.clone(), last.id.clone()));
    Ok(Selected { rows: wanted.into_iter().map(|placed| placed.row).collect(), next })
}

struct Placed<R> {
    keys: Vec<Key>,
    id: String,
    row: R,
}

/// Whether a record stands on a page before: a cursor's record is the last one there.
fn before_or_at<R>(order: &Order<R>, placed: &Placed<R>, after: &Cursor) -> bool {
    let by_keys = order.compare(&placed.keys, &after.keys);
    by_keys.then_with(|| placed.id.as_str().cmp(after.id.as_str())) != Ordering::Greater
}

impl Cursor {
    /// Whether its keys are of this order.
    #[must_use]
    pub fn fits<R>(&self, order: &Order<R>) -> bool {
        order.fits(&self.keys)
    }
}
