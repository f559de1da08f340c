//! Removing what is kept no longer, a little at a time so that nobody waits for it.

pub mod audit;
pub mod command;

use jiff::{SignedDuration, Timestamp};

use crate::core::{
    change::Change,
    error::Error,
    port::{records::Records, store::Store},
    statement::{
        event,
        idempotency::{HOLDS_FOR, forget_oldest},
        plan,
    },
};

/// Rows that are removed at once.
const BATCH: u32 = 1000;
/// How long a plan is kept after it expired, to say so to whoever applies it late.
const PLANS_STAY: SignedDuration = SignedDuration::from_hours(1);

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
    let plans = plans(store, records, now).await?;
    let events = events(store, records, kept, now).await?;
    let due = claims.due.into_iter().chain(plans.due).chain(events.due).min();
    Ok(Next { more: claims.more || plans.more || events.more, due, first: events.first })
}

async fn plans(store: &dyn Store, records: &dyn Records, now: Timestamp) -> Result<Next, Error> {
    let Some(first) = records.first_plan_expiry().await? else {
        return Ok(Next { more: false, due: None, first: 0 });
    };
    let due = first.saturating_add(PLANS_STAY + SignedDuration::from_micros(1)).unwrap_or(Timestamp::MAX);
    let more = due <= now;
    if more {
        let before = now.saturating_sub(PLANS_STAY).unwrap_or(Timestamp::MIN);
        store.commit(Change::new().vital().write(plan::forget(before, BATCH))).await?;
    }
    Ok(Next { more, due: Some(due), first: 0 })
}

async fn claims(store: &dyn Store, records: &dyn Records, now: Timestamp) -> Result<Next, Error> {
    let Some(oldest) = records.oldest_claim().await? else {
        return Ok(Next { more: false, due: None, first: 0 });
    };
    // A claim holds for a day and the moment that ends it.
    let due = oldest.saturating_add(HOLDS_FOR + SignedDuration::from_micros(1)).unwrap_or(Timestamp::MAX);
    let more = due <= now;
    if more {
        store.commit(Change::new().vital().write(forget_oldest(now, BATCH))).await?;
    }
    Ok(Next { more, due: Some(due), first: 0 })
}

async fn events(store: &dyn Store, records: &dyn Records, kept: Kept, now: Timestamp) -> Result<Next, Error> {
    let Some((first, last)) = records.event_bounds().await? else {
        return Ok(Next { more: false, due: None, first: 0 });
    };
    let oldest = records.oldest_events(BATCH as usize).await?;
    let before = now.saturating_sub(kept.age).unwrap_or(Timestamp::MIN);
    let skipped = records.skipped_events().await?;
    // Of the oldest alone some are removed, and they stand before any gap.
    let held = (last + 1 - first).saturating_sub(skipped);
    let surplus = first + held.saturating_sub(kept.events);
    let is_due =
        |(sequence, time): &(u64, Timestamp)| *sequence < last && (*time < before || *sequence < surplus);
    // The first that stays holds those behind it, even where a clock that was set back made them look older.
    let up_to = oldest.iter().take_while(|event| is_due(event)).last();
    if let Some((up_to, _)) = up_to {
        store.commit(Change::new().vital().write(event::trim(*up_to))).await?;
        return Ok(Next { more: true, due: None, first: up_to + 1 });
    }
    let next = oldest.first().filter(|(sequence, _)| *sequence < last);
    let tick = SignedDuration::from_micros(1);
    let due = next.map(|(_, time)| time.saturating_add(kept.age + tick).unwrap_or(Timestamp::MAX));
    Ok(Next { more: false, due, first })
}
