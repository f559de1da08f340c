//! [`EventStream`]: the events, across broken links.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use http::Method;
use tokio::{
    net::TcpStream,
    time::{Instant, sleep_until, timeout},
};
use tokio_tungstenite::{
    Connector, MaybeTlsStream, WebSocketStream, connect_async_tls_with_config,
    tungstenite::{self, Message, client::IntoClientRequest, protocol::WebSocketConfig},
};

use super::{CONNECT_TIMEOUT, Cause, Client, ClientError, problem, request::Wire};
use crate::proto::{
    event::{StreamItem, SubscribeEvents, SubscribeRequest},
    link::MAX_FRAME_BYTES,
};

/// After this long without a word the server is asked for a sign of life, and given as long again.
const SILENCE: Duration = Duration::from_secs(30);

/// The first pause before a new attempt is at most this long.
const FIRST_PAUSE: Duration = Duration::from_millis(250);

/// No pause is longer.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// Axum's and tungstenite's own buffers cost 128 KiB a connection.
const BUFFER_BYTES: usize = 4096;

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

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
    Up { socket: Box<Socket>, heard: Instant, asked: bool },
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
                Link::Up { socket, heard, asked } => match hear(socket, heard, asked).await {
                    Ok(text) => self.take(&text).map(|item| item.map(News::Item)),
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
        let mut wire = Wire::new::<SubscribeEvents>(&self.request)?;
        wire.method = Method::GET;
        let opening = timeout(CONNECT_TIMEOUT, open(&self.client, &wire));
        let socket = opening.await.unwrap_or_else(|_| {
            Err(ClientError::TimedOut {
                server: self.client.server().to_owned(),
                seconds: CONNECT_TIMEOUT.as_secs(),
            })
        })?;
        self.link = Link::Up { socket: Box::new(socket), heard: Instant::now(), asked: false };
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
                self.request.from.get_or_insert(*sequence);
                return Ok(None);
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
        let retry_in = pause(self.failures);
        self.failures = self.failures.saturating_add(1);
        self.link = Link::Down { until: Instant::now() + retry_in };
        News::Lost { cause, retry_in }
    }
}

async fn open(client: &Client, wire: &Wire) -> Result<Socket, ClientError> {
    let mut url = wire.url(&client.base);
    let (scheme, connector) = match client.base.scheme() {
        "https" => ("wss", Connector::Rustls(client.tls.clone())),
        _ => ("ws", Connector::Plain),
    };
    if url.set_scheme(scheme).is_err() {
        return Err(ClientError::Address);
    }
    let mut request =
        url.as_str().into_client_request().map_err(|error| ClientError::Setup { cause: error.into() })?;
    request.headers_mut().extend(client.headers());
    request.headers_mut().insert(http::header::USER_AGENT, http::HeaderValue::from_static(super::USER_AGENT));
    let config = WebSocketConfig::default()
        .read_buffer_size(BUFFER_BYTES)
        .write_buffer_size(BUFFER_BYTES)
        .max_message_size(Some(MAX_FRAME_BYTES))
        .max_frame_size(Some(MAX_FRAME_BYTES));
    match connect_async_tls_with_config(request, Some(config), true, Some(connector)).await {
        Ok((socket, _)) => Ok(socket),
        Err(tungstenite::Error::Http(answer)) => {
            let body = answer.body().as_deref().unwrap_or_default();
            Err(ClientError::Problem(Box::new(problem(answer.status(), body))))
        }
        Err(error) => {
            Err(ClientError::Unreachable { server: client.server().to_owned(), cause: reason(error) })
        }
    }
}

/// The system's own error where there is one, since tungstenite only repeats it.
fn reason(error: tungstenite::Error) -> Cause {
    match error {
        tungstenite::Error::Io(error) => error.into(),
        other => other.into(),
    }
}

/// Waits for the next text; answers pings on the way, and asks a silent server for a sign of life.
async fn hear(socket: &mut Socket, heard: &mut Instant, asked: &mut bool) -> Result<String, Cause> {
    loop {
        let patience = if *asked { SILENCE * 2 } else { SILENCE };
        let Ok(message) = tokio::time::timeout_at(*heard + patience, socket.next()).await else {
            if *asked {
                return Err(format!("not a word for {} s", patience.as_secs()).into());
            }
            *asked = true;
            socket.send(Message::Ping(tungstenite::Bytes::new())).await?;
            continue;
        };
        *heard = Instant::now();
        *asked = false;
        match message {
            Some(Ok(Message::Text(text))) => return Ok(text.as_str().to_owned()),
            Some(Ok(Message::Close(Some(frame)))) => {
                return Err(format!("the server closed it: {} {}", frame.code, frame.reason).into());
            }
            Some(Ok(Message::Close(None))) | None => return Err("the server closed it".into()),
            Some(Ok(_)) => {}
            Some(Err(error)) => return Err(reason(error)),
        }
    }
}

/// Exponential, with full jitter, so that a restarted server does not meet everybody at once.
pub(super) fn pause(failures: u32) -> Duration {
    let most = FIRST_PAUSE.saturating_mul(1 << failures.min(16)).min(LONGEST_PAUSE);
    // Without randomness the pause is the longest: late is better than all at once.
    let part = getrandom::u32().map_or(1.0, |random| f64::from(random) / f64::from(u32::MAX));
    most.mul_f64(part)
}

#[cfg(test)]
mod tests;
