//! [`Socket`]: a WebSocket to the server that is spoken to and heard at once, and notices when the server is gone.

use std::{
    collections::VecDeque,
    future::poll_fn,
    task::{Context, Poll},
    time::Duration,
};

use futures_util::{SinkExt, StreamExt};
use http::Method;
use tokio::{
    net::TcpStream,
    time::{Instant, timeout, timeout_at},
};
use tokio_tungstenite::{
    Connector, MaybeTlsStream, WebSocketStream, connect_async_tls_with_config,
    tungstenite::{self, Bytes, Message, client::IntoClientRequest, protocol::WebSocketConfig},
};

use super::{CONNECT_TIMEOUT, Cause, Client, ClientError, problem, request::Wire};
use crate::proto::endpoint::Endpoint;

/// The first pause before a new attempt is at most this long.
const FIRST_PAUSE: Duration = Duration::from_millis(250);

/// Axum's and tungstenite's own buffers cost 128 KiB a connection.
const BUFFER_BYTES: usize = 4096;

/// An open WebSocket.
#[derive(Debug)]
pub(super) struct Socket {
    stream: WebSocketStream<MaybeTlsStream<TcpStream>>,
    /// What is to be said.
    waiting: VecDeque<Message>,
    is_unflushed: bool,
    heard: Instant,
    was_asked: bool,
    /// After this long without a word the server is asked for a sign of life, and given as long again.
    silence: Duration,
}

/// What is heard.
#[derive(Debug)]
pub(super) enum Heard {
    Text(tungstenite::Utf8Bytes),
    Bytes(Bytes),
}

impl Socket {
    /// Opens an endpoint's WebSocket; what comes over it at once has so many bytes at most.
    pub(super) async fn open<E: Endpoint>(
        client: &Client,
        request: &E::Request,
        most_bytes: usize,
        silence: Duration,
    ) -> Result<Self, ClientError> {
        let mut wire = Wire::new::<E>(request)?;
        wire.method = Method::GET;
        let opening = timeout(CONNECT_TIMEOUT, connect(client, &wire, most_bytes));
        let stream = opening.await.unwrap_or_else(|_| {
            Err(ClientError::TimedOut {
                server: client.server().to_owned(),
                seconds: CONNECT_TIMEOUT.as_secs(),
            })
        })?;
        Ok(Self {
            stream,
            waiting: VecDeque::new(),
            is_unflushed: false,
            heard: Instant::now(),
            was_asked: false,
            silence,
        })
    }

    /// Has a text said as soon as there is room, while [`Socket::hear`] waits.
    pub(super) fn say(&mut self, text: String) {
        self.waiting.push_back(Message::Text(text.into()));
    }

    /// Waits for the next message; answers pings on the way, and asks a silent server for a sign of life. May be dropped at
    /// any point without a loss.
    pub(super) async fn hear(&mut self) -> Result<Heard, Cause> {
        loop {
            let patience = if self.was_asked { self.silence * 2 } else { self.silence };
            let deadline = self.heard + patience;
            let Ok(message) = timeout_at(deadline, poll_fn(|context| self.poll(context))).await else {
                if self.was_asked {
                    return Err(format!("not a word for {} s", patience.as_secs()).into());
                }
                self.was_asked = true;
                self.waiting.push_back(Message::Ping(Bytes::new()));
                continue;
            };
            self.heard = Instant::now();
            self.was_asked = false;
            match message {
                Some(Ok(Message::Text(text))) => return Ok(Heard::Text(text)),
                Some(Ok(Message::Binary(bytes))) => return Ok(Heard::Bytes(bytes)),
                Some(Ok(Message::Close(Some(frame)))) => {
                    return Err(format!("the server closed it: {} {}", frame.code, frame.reason).into());
                }
                Some(Ok(Message::Close(None))) | None => return Err("the server closed it".into()),
                Some(Ok(_)) => {}
                Some(Err(error)) => return Err(reason(error)),
            }
        }
    }

    /// Says what waits, as far as there is room, and listens.
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Message, tungstenite::Error>>> {
        if let Poll::Ready(Err(error)) = self.poll_say(context) {
            return Poll::Ready(Some(Err(error)));
        }
        self.stream.poll_next_unpin(context)
    }

    fn poll_say(&mut self, context: &mut Context<'_>) -> Poll<Result<(), tungstenite::Error>> {
        while !self.waiting.is_empty() {
            std::task::ready!(self.stream.poll_ready_unpin(context))?;
            if let Some(message) = self.waiting.pop_front() {
                self.stream.start_send_unpin(message)?;
                self.is_unflushed = true;
            }
        }
        if self.is_unflushed {
            std::task::ready!(self.stream.poll_flush_unpin(context))?;
            self.is_unflushed = false;
        }
        Poll::Ready(Ok(()))
    }
}

async fn connect(
    client: &Client,
    wire: &Wire,
    most_bytes: usize,
) -> Result<WebSocketStream<MaybeTlsStream<TcpStream>>, ClientError> {
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
        .max_message_size(Some(most_bytes))
        .max_frame_size(Some(most_bytes));
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

/// Exponential, with full jitter, so that a restarted server does not meet everybody at once; never longer than `longest`.
pub(super) fn pause(failures: u32, longest: Duration) -> Duration {
    let most = FIRST_PAUSE.saturating_mul(1 << failures.min(16)).min(longest);
    // Without randomness the pause is the longest: late is better than all at once.
    let part = getrandom::u32().map_or(1.0, |random| f64::from(random) / f64::from(u32::MAX));
    most.mul_f64(part)
}

#[cfg(test)]
mod tests;
