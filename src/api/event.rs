//! Events, page by page.

use std::sync::Arc;

use super::{
    call::{Answer, Call},
    page::{cursor_of, limit_of, not_a_cursor},
};
use crate::{
    core::{error::Error, port::records::EventFilter},
    proto::event::{EventGap, EventHistory, EventKind, EventPage},
};

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
    let events = call.app.records.events(after, &filter, limit).await?;
    let bounds = call.app.records.event_bounds().await?;
    let gap = bounds.filter(|(first, _)| after.saturating_add(1) < *first);
    let gap = gap.map(|(first, _)| EventGap { from: after + 1, to: first - 1 });
    let last = events.items.last().filter(|_| events.more);
    let next_cursor = last.map(|event| event.sequence.clone());
    let sight = &call.sight;
    let items = if sight.is_whole() {
        events.items
    } else {
        let shown = events.items.into_iter().filter_map(|event| sight.event(&Arc::new(event)));
        shown.map(Arc::unwrap_or_clone).collect()
    };
    Ok(Answer::ok(&EventPage { items, next_cursor, gap }))
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
