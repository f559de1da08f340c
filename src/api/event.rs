//! Events, page by page.

use std::sync::Arc;

use super::{
    call::{Answer, Call},
    page::{cursor_of, limit_of, not_a_cursor},
    ws::feed::sequence_of,
};
use crate::{
    core::{error::Error, port::records::EventFilter},
    proto::event::{Event, EventGap, EventHistory, EventKind, EventPage},
};

/// How many events are read together, and how often at most, for a caller who is shown a part of them.
const TOGETHER: usize = 500;
const MOST_LOOKS: usize = 10;

pub(super) async fn history(call: Call<EventHistory>) -> Result<Answer<EventHistory>, Error> {
    let request = &call.request;
    let limit = limit_of(request.limit)?;
    let after = match &request.cursor {
        // As a page gives it: the sequence in all of its digits.
        Some(cursor) if cursor.len() == 20 => cursor_of(cursor)?,
        Some(_) => return Err(not_a_cursor()),
        None => request.from.unwrap_or_default(),
    };
    let filter = filter_of(request.types.as_deref(), request.node.clone())?;
    let (items, next_cursor) = if call.sight.is_whole() {
        of_all(&call, &filter, after, limit).await?
    } else {
        of_some(&call, &filter, after, limit).await?
    };
    let bounds = call.app.records.event_bounds().await?;
    let gap = bounds.filter(|(first, _)| after.saturating_add(1) < *first);
    let gap = gap.map(|(first, _)| EventGap { from: after + 1, to: first - 1 });
    Ok(Answer::ok(&EventPage { items, next_cursor, gap }))
}

type Looked = (Vec<Event>, Option<String>);

/// What the filter lets through, and where to go on.
async fn of_all(
    call: &Call<EventHistory>,
    filter: &EventFilter,
    after: u64,
    limit: usize,
) -> Result<Looked, Error> {
    let events = call.app.records.events(after, filter, limit).await?;
    let last = events.items.last().filter(|_| events.more);
    let next_cursor = last.map(|event| event.sequence.clone());
    let shown = events.items.into_iter().filter_map(|event| call.sight.event(&Arc::new(event)));
    Ok((shown.map(Arc::unwrap_or_clone).collect(), next_cursor))
}

/// The same of a caller who is shown a part: every event is looked at, whatever is asked for, so that neither the length of a page
/// nor its cursor tells of what the filter found and the caller is not shown.
async fn of_some(
    call: &Call<EventHistory>,
    filter: &EventFilter,
    after: u64,
    limit: usize,
) -> Result<Looked, Error> {
    let (mut items, mut at) = (Vec::new(), after);
    for _ in 0..MOST_LOOKS {
        let looked = call.app.records.events(at, &EventFilter::default(), TOGETHER).await?;
        let more = looked.more;
        for event in looked.items {
            if items.len() == limit {
                return Ok((items, Some(cursor_at(at))));
            }
            at = sequence_of(&event);
            let shown = call.sight.event(&Arc::new(event)).filter(|event| filter.wants(event));
            items.extend(shown.map(Arc::unwrap_or_clone));
        }
        if !more {
            return Ok((items, None));
        }
    }
    Ok((items, Some(cursor_at(at))))
}

/// A cursor as events spell their sequence.
fn cursor_at(sequence: u64) -> String {
    format!("{sequence:020}")
}

/// The filter that `types` (`container.died,agent.*`) and `node` make.
pub(super) fn filter_of(types: Option<&str>, node: Option<String>) -> Result<EventFilter, Error> {
    let mut kinds = Vec::new();
    for word in types.into_iter().flat_map(|types| types.split(',')).map(str::trim) {
        let before = kinds.len();
        kinds.extend(EventKind::ALL.iter().copied().filter(|kind| match word.strip_suffix(".*") {
            Some(noun) => kind.as_str().split('.').next() == Some(noun),
            None => kind.as_str() == word,
        }));
        if kinds.len() == before {
            return Err(Error::field(
                "types",
                format!("'{word}' is no event type; expected some like container.died or agent.*"),
            ));
        }
    }
    Ok(EventFilter { kinds, node })
}
