//! `worpen events history`: reads events of the past, the newest last.

use std::num::NonZeroU32;

use jiff::Timestamp;

use super::{
    super::{error::CliError, exit::ExitStatus, measure::Moment, session::Session},
    line::Lines,
};
use crate::{
    client::Client,
    proto::{
        endpoint::Empty,
        event::{Event, EventGap, EventHistory, EventHistoryRequest},
        page::{DEFAULT_LIMIT, MAX_LIMIT},
        status::GetStatus,
    },
};

const EXAMPLES: &str = "\
Examples:
  worpen events history
  worpen events history --since 2h --types 'agent.*,container.died'
  worpen events history --from 0 --limit 1000000 -o ndjson > events.ndjson";

/// Events are numbered as they come in and timed where they happen; a late one is looked for this far around.
const PROBE: u32 = 100;

/// Arguments of `worpen events history`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// Only events after this number, the first of them; 0 for the oldest. The latest unless told.
    #[arg(long, value_name = "NUMBER")]
    from: Option<u64>,
    /// Only events since then: a time, or how long ago, such as 2h.
    #[arg(long, value_name = "TIME", value_parser = Moment::parse)]
    since: Option<Moment>,
    /// Only these types, separated by commas; 'container.*' for all of a noun.
    #[arg(long)]
    types: Option<String>,
    /// Only what is about this node.
    #[arg(long)]
    node: Option<String>,
    /// The most events to show.
    #[arg(long, default_value_t = NonZeroU32::MIN.saturating_add(DEFAULT_LIMIT - 1))]
    limit: NonZeroU32,
}

pub(crate) async fn run(args: Args, session: &Session) -> Result<ExitStatus, CliError> {
    let Args { from, since, types, node, limit } = args;
    let client = session.client()?;
    let reader = Reader { client: &client, types, node, since: since.map(|since| since.before(session.now)) };
    let limit = limit.get() as usize;
    let (events, gap) = match from {
        Some(from) => reader.first(from, limit).await?,
        None => reader.latest(limit).await?,
    };
    if let Some(EventGap { from, to }) = gap {
        session.printer.warning(&format!("events {from} to {to} are no longer kept"));
    }
    if session.form.format.is_for_people() && !events.is_empty() {
        let mut lines = Lines::default();
        session.lines(events.iter().map(|event| lines.event(event)))?;
    } else {
        session.list(&events)?;
    }
    Ok(ExitStatus::Done)
}

/// Reads the log of a server under fixed filters.
struct Reader<'a> {
    client: &'a Client,
    types: Option<String>,
    node: Option<String>,
    since: Option<Timestamp>,
}

type Found = (Vec<Event>, Option<EventGap>);

impl Reader<'_> {
    /// The first events after a number.
    async fn first(&self, from: u64, limit: usize) -> Result<Found, CliError> {
        let (mut events, mut gap, mut cursor) = (Vec::new(), None, None);
        loop {
            let request = EventHistoryRequest {
                from: if cursor.is_none() { Some(from) } else { None },
                types: self.types.clone(),
                node: self.node.clone(),
                limit: Some(u32::try_from(limit - events.len()).unwrap_or(MAX_LIMIT).min(MAX_LIMIT)),
                cursor,
            };
            let page = self.client.call::<EventHistory>(&request).await?.body;
            gap = gap.or(page.gap);
            events.extend(page.items.into_iter().filter(|event| self.is_meant(event)));
            cursor = page.next_cursor;
            if cursor.is_none() || events.len() >= limit {
                events.truncate(limit);
                return Ok((events, gap));
            }
        }
    }

    /// The latest events: reads from ever further back until there are enough, or no more.
    async fn latest(&self, limit: usize) -> Result<Found, CliError> {
        let log = self.client.call::<GetStatus>(&Empty {}).await?.body.events;
        let (Some(first), Some(last)) = (log.first_sequence, log.last_sequence) else {
            return Ok((Vec::new(), None));
        };
        let floor = match self.since {
            Some(since) => self.before(since, first.saturating_sub(1), last).await?,
            None => first.saturating_sub(1),
        };
        let mut back = limit as u64;
        loop {
            let from = last.saturating_sub(back).max(floor);
            let (mut events, gap) = self.first(from, usize::MAX).await?;
            if events.len() >= limit || from == floor {
                events.drain(..events.len().saturating_sub(limit));
                // What retention took before the oldest event is no hole in what was asked for.
                return Ok((events, gap.filter(|_| from > floor)));
            }
            back = back.saturating_mul(8);
        }
    }

    /// A number that no event since then is below, found by halves.
    async fn before(&self, since: Timestamp, mut low: u64, mut high: u64) -> Result<u64, CliError> {
        while high - low > u64::from(PROBE) {
            let middle = low + (high - low) / 2;
            let request = EventHistoryRequest {
                from: Some(middle),
                limit: Some(PROBE),
                ..EventHistoryRequest::default()
            };
            let page = self.client.call::<EventHistory>(&request).await?.body;
            // One that came late looks older than its neighbours, so a whole page must be older.
            if !page.items.is_empty() && page.items.iter().all(|event| event.time < since) {
                low = middle;
            } else {
                high = middle;
            }
        }
        Ok(low)
    }

    fn is_meant(&self, event: &Event) -> bool {
        self.since.is_none_or(|since| event.time >= since)
    }
}
