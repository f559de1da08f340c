//! [`EventStream`]: the events, across broken links.

use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use super::{
    Cause, Client, ClientError,
    socket::{Heard, Socket, pause},
};
use crate::proto::{
    event::{StreamItem, SubscribeEvents, SubscribeRequest},
    link::MAX_FRAME_BYTES,
};

/// After this long without a word the server is asked for a sign of life, and given as long again.
const SILENCE: Duration = Duration::from_secs(30);

/// No pause before a new attempt is longer.
pub(super) const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// The events and measurements of a server; a broken link is mended from the last event that was seen.
#[derive(Debug)]
pub struct EventStream {
    client: Client,
    request: SubscribeRequest,
    link: Link,
    failures: u32,
}

/// What a stream tells.
#[derive(Debug)]
pub enum News {
    /// The next item.
    Item(StreamItem),
    /// The link stands, for the first time or again.
    Linked,
    /// The link broke; the next attempt is due after `retry_in`.
    Lost {
        /// Why.
        cause: ClientError,
        /// The pause before the next attempt.
        retry_in: Duration,
    },
}

#[derive(Debug)]
enum Link {
    Down { until: Instant },
    Up(Box<Socket>),
}

impl EventStream {
    pub(super) fn new(client: Client, request: SubscribeRequest) -> Self {
        Self { client, request, link: Link::Down { until: Instant::now() }, failures: 0 }
    }

    /// The sequence of the last event that was seen, or where the request began.
    #[must_use]
    pub fn position(&self) -> Option<u64> {
        self.request.from
    }

    /// The next news; fails only for what no new attempt can mend. May be dropped at any point without a loss.
    pub async fn next(&mut self) -> Result<News, ClientError> {
        loop {
            let step = match &mut self.link {
                Link::Down { until } => {
                    sleep_until(*until).await;
                    self.connect().await.map(|()| Some(News::Linked))
                }
                Link::Up(socket) => match socket.hear().await {
                    Ok(Heard::Text(text)) => self.take(&text).map(|item| item.map(News::Item)),
                    Ok(Heard::Bytes(_)) => Ok(None),
                    Err(cause) => Err(ClientError::Broken { server: self.client.server().to_owned(), cause }),
                },
            };
            match step {
                Ok(Some(news)) => return Ok(news),
                Ok(None) => {}
                Err(cause) if cause.is_passing() => return Ok(self.lost(cause)),
                Err(cause) => return Err(cause),
            }
        }
    }

    /// Opens the link, from the last event that was seen.
    pub async fn connect(&mut self) -> Result<(), ClientError> {
        let socket = Socket::open::<SubscribeEvents>(&self.client, &self.request, MAX_FRAME_BYTES, SILENCE);
        self.link = Link::Up(Box::new(socket.await?));
        Ok(())
    }

    /// Opens the link and waits for the server's word where it begins: what is read elsewhere after this, and what the
    /// stream tells, leave nothing out between them.
    pub async fn begin(&mut self) -> Result<(), ClientError> {
        self.connect().await?;
        while self.request.from.is_none() {
            let Link::Up(socket) = &mut self.link else { return Ok(()) };
            let first = socket.hear().await;
            let heard = first
                .map_err(|cause| ClientError::Broken { server: self.client.server().to_owned(), cause })?;
            if let Heard::Text(text) = heard {
                self.take(&text)?;
            }
        }
        Ok(())
    }

    /// Reads an item; `None` for one that was seen before the link broke.
    fn take(&mut self, text: &str) -> Result<Option<StreamItem>, ClientError> {
        let unreadable = |cause: Cause| self.client.protocol("a stream holds items", cause);
        let item: StreamItem = serde_json::from_str(text).map_err(|error| unreadable(error.into()))?;
        self.failures = 0;
        let reached = match &item {
            StreamItem::Events { event } => event.sequence.parse().map_err(|_| {
                unreadable(format!("an event's sequence is a number, not '{}'", event.sequence).into())
            })?,
            StreamItem::Position { sequence } => {
                let is_first = self.request.from.is_none();
                self.request.from.get_or_insert(*sequence);
                return Ok(is_first.then_some(item));
            }
            StreamItem::Gap { to, .. } => *to,
            StreamItem::Live { .. } => return Ok(Some(item)),
        };
        if self.request.from.is_some_and(|seen| reached <= seen) {
            return Ok(None);
        }
        self.request.from = Some(reached);
        Ok(Some(item))
    }

    fn lost(&mut self, cause: ClientError) -> News {
        let retry_in = pause(self.failures, LONGEST_PAUSE);
        self.failures = self.failures.saturating_add(1);
        self.link = Link::Down { until: Instant::now() + retry_in };
        News::Lost { cause, retry_in }
    }
}
