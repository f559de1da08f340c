//! Removing what is kept no longer, a little at a time so that nobody waits for it.

use jiff::{SignedDuration, Timestamp};

use crate::core::{
    change::Change,
    error::Error,
    port::{records::Records, store::Store},
    statement::{
        event,
        idempotency::{HOLDS_FOR, forget_oldest},
    },
};

/// Rows that are removed at once.
const BATCH: u32 = 1000;

/// How long events are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kept {
    /// Up to this age,
    pub age: SignedDuration,
    /// and no more than so many.
    pub events: u64,
}

/// What is to be done next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Next {
    /// Whether more is due already.
    pub more: bool,
    /// When the next is.
    pub due: Option<Timestamp>,
    /// The sequence of the first event that is kept.
    pub first: u64,
}

/// Removes the oldest of what is due. The last event always stays, since the next one's sequence follows it.
///
/// # Errors
/// The store cannot serve.
pub async fn trim(
    store: &dyn Store,
    records: &dyn Records,
    kept: Kept,
    now: Timestamp,
) -> Result<Next, Error> {
    let claims = claims(store, records, now).await?;
    let events = events(store, records, kept, now).await?;
    let due = claims.due.into_iter().chain(events.due).min();
    Ok(Next { more: claims.more || events.more, due, first: events.first })
}

async fn claims(store: &dyn Store, records: &dyn Records, now: Timestamp) -> Result<Next, Error> {
    let Some(oldest) = records.oldest_claim().await? else {
        return Ok(Next { more: false, due: None, first: 0 });
    };
    // A claim holds for a day and the moment that ends it.
    let due = oldest.saturating_add(HOLDS_FOR + SignedDuration::from_micros(1)).unwrap_or(Timestamp::MAX);
    let more = due <= now;
    if more {
        store.commit(Change::new().write(forget_oldest(now, BATCH))).await?;
    }
    Ok(Next { more, due: Some(due), first: 0 })
}

async fn events(store: &dyn Store, records: &dyn Records, kept: Kept, now: Timestamp) -> Result<Next, Error> {
    let Some((first, last)) = records.event_bounds().await? else {
        return Ok(Next { more: false, due: None, first: 0 });
    };
    let oldest = records.oldest_events(BATCH as usize).await?;
    let before = now.saturating_sub(kept.age).unwrap_or(Timestamp::MIN);
    let surplus = (last + 1).saturating_sub(kept.events);
    let is_due =
        |(sequence, time): &(u64, Timestamp)| *sequence < last && (*time < before || *sequence < surplus);
    // The first that stays holds those behind it, even where a clock that was set back made them look older.
    let up_to = oldest.iter().take_while(|event| is_due(event)).last();
    if let Some((up_to, _)) = up_to {
        store.commit(Change::new().write(event::trim(*up_to))).await?;
        return Ok(Next { more: true, due: None, first: up_to + 1 });
    }
    let next = oldest.first().filter(|(sequence, _)| *sequence < last);
    let tick = SignedDuration::from_micros(1);
    let due = next.map(|(_, time)| time.saturating_add(kept.age + tick).unwrap_or(Timestamp::MAX));
    Ok(Next { more: false, due, first })
}
