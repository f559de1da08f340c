//! Serving: connections from the listener to their ends, each within its limits.

use std::{
    convert::Infallible,
    io::{self, IoSlice, Write},
    net::SocketAddr,
    pin::{Pin, pin},
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use axum::{
    Router,
    body::{Body, Bytes, HttpBody},
    extract::{ConnectInfo, Request},
    http::StatusCode,
    response::Response,
};
use hyper::{
    body::{Frame, Incoming, SizeHint},
    server::conn::{http1, http2},
    service::service_fn,
};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpListener, TcpStream},
    sync::mpsc,
    time::{sleep, timeout},
};
use tokio_rustls::{TlsAcceptor, server::TlsStream};
use tower::ServiceExt;

use super::tls::{self, Shelf};
use crate::{
    api::{
        app::App,
        connection::{Busy, Entrance, Slot},
        denials,
        peer::Peer,
    },
    core::certificate::BINDING_LABEL,
};

/// The most bytes that the head of a request may have.
const MAX_HEAD_BYTES: usize = 64 * 1024;
/// The most headers that a request may have.
const MAX_HEADERS: usize = 100;
/// How long a connection that must make room may still take for what it is at.
const EVICTION: Duration = Duration::from_secs(1);
/// How long to wait when there are too many open files: nothing tells when there are fewer.
const NO_FILES: Duration = Duration::from_millis(100);
/// How long a TLS handshake may take.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// The first byte of a TLS handshake (RFC 8446, section 5.1).
const TLS_HANDSHAKE: u8 = 22;
/// Requests that may be open at once on a connection of HTTP/2.
const MAX_STREAMS: u32 = 100;
/// Requests that a peer may have reset before they were answered (CVE-2023-44487).
const MAX_RESETS: usize = 32;
/// Bytes of one request's body, and of all on a connection of HTTP/2, that a peer may send before they are read: there are
/// bodies of a mebibyte, and a thousand strangers.
const STREAM_WINDOW: u32 = 64 * 1024;
const CONNECTION_WINDOW: u32 = 256 * 1024;
/// What somebody is told who does not speak TLS where callers do.
const NOT_TLS: &[u8] = b"HTTP/1.1 400 Bad Request\r\ncontent-type: text/plain\r\ncontent-length: 35\r\n\
connection: close\r\n\r\nthis port speaks TLS: use https://\n";
/// What a connection is told that finds no room.
const NO_ROOM: &[u8] =
    b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 1\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";

/// Who is served at a listener, and how.
#[derive(Clone)]
pub(super) enum Door {
    /// Callers, in plain HTTP.
    Plain,
    /// Callers, over TLS.
    Tls(Arc<Shelf>),
    /// Agents, over TLS with certificates on both sides.
    Agents(Arc<Shelf>),
}

/// What every connection of a listener is served with.
#[derive(Clone)]
struct Service {
    http1: http1::Builder,
    http2: http2::Builder<TokioExecutor>,
    router: Router,
    app: Arc<App>,
    door: Door,
}

/// Serves until the server is shut down, then until every request that is on its way has its answer and every WebSocket
/// its good-bye.
pub(super) async fn serve(listener: TcpListener, router: Router, app: Arc<App>, door: Door) {
    let mut http1 = http1::Builder::new();
    http1
        .timer(TokioTimer::new())
        .header_read_timeout(app.settings.request_timeout)
        .max_headers(MAX_HEADERS)
        .max_buf_size(MAX_HEAD_BYTES);
    let mut http2 = http2::Builder::new(TokioExecutor::new());
    http2
        .timer(TokioTimer::new())
        .max_concurrent_streams(MAX_STREAMS)
        .max_header_list_size(MAX_HEAD_BYTES as u32)
        .max_pending_accept_reset_streams(MAX_RESETS)
        .max_local_error_reset_streams(MAX_RESETS)
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .keep_alive_interval(app.settings.request_timeout)
        .keep_alive_timeout(app.settings.request_timeout);
    let service = Service { http1, http2, router, app: app.clone(), door };
    // Each connection holds a sender, also once it is a WebSocket; when the last is gone, nothing is received.
    let (open, mut closed) = mpsc::channel::<Infallible>(1);
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = app.shutdown.cancelled() => break,
        };
        match accepted {
            Ok((stream, peer)) => welcome(stream, peer, &service, open.clone()),
            Err(error) if is_of_one(&error) => {}
            Err(error) => {
                tracing::error!(%error, "a connection was not accepted");
                sleep(NO_FILES).await;
            }
        }
    }
    drop((listener, open));
    closed.recv().await;
}

/// Whether an error of accepting is that of one connection, which is gone.
fn is_of_one(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, Interrupted};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset | Interrupted)
}

/// Starts to serve a connection, when there is room for it.
fn welcome(stream: TcpStream, peer: SocketAddr, service: &Service, open: mpsc::Sender<Infallible>) {
    let entrance = if matches!(service.door, Door::Agents(_)) { Entrance::Agents } else { Entrance::Callers };
    let Some(slot) = service.app.connections.admit(peer.ip(), entrance) else {
        if matches!(service.door, Door::Plain) {
            say_once(stream, NO_ROOM);
        }
        return;
    };
    // Without it an answer may wait 40 ms for its last packet; the connection works all the same.
    let _ = stream.set_nodelay(true);
    let (slot, service) = (Arc::new(slot), service.clone());
    match service.door.clone() {
        Door::Plain => {
            let stream = Counted { stream, slot: slot.clone(), _open: open };
            tokio::spawn(service.http1(stream, peer, slot, None));
        }
        Door::Tls(shelf) | Door::Agents(shelf) => {
            tokio::spawn(async move {
                let shaken = tokio::select! {
                    shaken = timeout(HANDSHAKE, service.shake_hands((stream, peer), &shelf, slot.clone(), open)) => shaken,
                    () = slot.must_close() => return,
                    () = service.app.shutdown.cancelled() => return,
                };
                if let Ok(Some(stream)) = shaken {
                    Box::pin(service.encrypted(stream, peer, slot)).await;
                }
            });
        }
    }
}

/// Says a few words to a fresh connection and lets go of it.
fn say_once(stream: TcpStream, words: &[u8]) {
    if let Ok(mut stream) = stream.into_std() {
        // As much as fits into the buffer of a fresh connection, which is all.
        let _ = stream.write(words);
    }
}

impl Service {
    /// Shakes hands. Who does not speak TLS hears nothing where agents are managed, and elsewhere what is spoken here.
    async fn shake_hands(
        &self,
        (stream, peer): (TcpStream, SocketAddr),
        shelf: &Shelf,
        slot: Arc<Slot>,
        open: mpsc::Sender<Infallible>,
    ) -> Option<TlsStream<Counted>> {
        let mut first = [0];
        if stream.peek(&mut first).await.ok()? == 0 {
            return None;
        }
        if first[0] != TLS_HANDSHAKE {
            if matches!(self.door, Door::Tls(_)) {
                say_once(stream, NOT_TLS);
            }
            return None;
        }
        let acceptor = TlsAcceptor::from(shelf.config());
        match acceptor.accept(Counted { stream, slot, _open: open }).await {
            Ok(stream) => Some(stream),
            Err(error) => {
                let cause = error.get_ref().and_then(|cause| cause.downcast_ref::<rustls::Error>());
                if let Some(rustls::Error::InvalidCertificate(why)) = cause {
                    // What strangers send is counted, and not worth a line each.
                    self.app.denials.note(Some(peer.ip().to_canonical()), denials::Door::Agent);
                    tracing::debug!(%peer, "a certificate was refused where agents are managed: {why:?}");
                }
                None
            }
        }
    }

    /// Serves a connection after its handshake.
    async fn encrypted(self, stream: TlsStream<Counted>, address: SocketAddr, slot: Arc<Slot>) {
        let tls = stream.get_ref().1;
        if !matches!(self.door, Door::Agents(_)) {
            return if tls.alpn_protocol() == Some(b"h2".as_slice()) {
                self.http2(stream, address, slot).await;
            } else {
                self.http1(stream, address, slot, None).await;
            };
        }
        let Ok(binding) = tls.export_keying_material([0; 32], BINDING_LABEL, None) else { return };
        let certificate = tls.peer_certificates().and_then(|chain| chain.first()).and_then(tls::shown);
        if certificate.is_some() {
            slot.is_certified();
        }
        let peer = Arc::new(Peer { binding, certificate });
        self.http1(stream, address, slot, Some(peer)).await;
    }

    async fn http1<S>(self, stream: S, address: SocketAddr, slot: Arc<Slot>, peer: Option<Arc<Peer>>)
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let (router, of_requests) = (self.router, slot.clone());
        let service = service_fn(move |request: hyper::Request<Incoming>| {
            answer(router.clone(), of_requests.clone(), address, peer.clone(), request)
        });
        let connection = self.http1.serve_connection(TokioIo::new(stream), service).with_upgrades();
        drive(connection, |connection| connection.graceful_shutdown(), &self.app, &slot).await;
    }

    async fn http2<S>(self, stream: S, address: SocketAddr, slot: Arc<Slot>)
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let (router, of_requests) = (self.router, slot.clone());
        let service = service_fn(move |request: hyper::Request<Incoming>| {
            answer(router.clone(), of_requests.clone(), address, None, request)
        });
        let connection = self.http2.serve_connection(TokioIo::new(stream), service);
        drive(connection, |connection| connection.graceful_shutdown(), &self.app, &slot).await;
    }
}

/// Serves a connection to its end. How it ends is its peer's matter; what was asked on it is logged where it is answered.
async fn drive<C: Future>(connection: C, shut: impl Fn(Pin<&mut C>), app: &App, slot: &Slot) {
    let mut connection = pin!(connection);
    tokio::select! {
        _ = connection.as_mut() => {}
        () = app.shutdown.cancelled() => {
            shut(connection.as_mut());
            let _ = connection.await;
        }
        () = slot.must_close() => {
            shut(connection.as_mut());
            let _ = timeout(EVICTION, connection).await;
        }
    }
}

/// Answers a request; its connection is at work from when the request has come until its answer waits for the peer alone.
async fn answer(
    router: Router,
    slot: Arc<Slot>,
    address: SocketAddr,
    peer: Option<Arc<Peer>>,
    request: hyper::Request<Incoming>,
) -> Result<Response, Infallible> {
    let busy = Arc::new(slot.request());
    if request.body().is_end_stream() {
        busy.works();
    }
    let mut request: Request = request.map(Body::new);
    let known = request.extensions_mut();
    known.insert(ConnectInfo(address));
    known.insert(slot.clone());
    known.insert(busy.clone());
    if let Some(peer) = peer {
        known.insert(peer);
    }
    let response = router.oneshot(request).await?;
    if response.status() == StatusCode::SWITCHING_PROTOCOLS {
        slot.becomes_websocket();
    }
    busy.offers();
    Ok(response.map(|body| Body::new(Held { body, busy })))
}

/// A body that says whether its next part is made or waits for the peer. Over HTTP/2 the peer says how much it takes, so that
/// an answer may wait for ever while its connection is well: then nothing asks for the next part.
struct Held {
    body: Body,
    busy: Arc<Busy>,
}

impl HttpBody for Held {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let polled = Pin::new(&mut self.body).poll_frame(cx);
        if polled.is_ready() {
            self.busy.offers();
        } else {
            self.busy.works();
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// A connection that counts its bytes, and holds its place for as long as anything is done with it: an upgrade takes
/// it along.
struct Counted {
    stream: TcpStream,
    slot: Arc<Slot>,
    _open: mpsc::Sender<Infallible>,
}

impl Counted {
    fn wrote(&self, written: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        match &written {
            Poll::Ready(Ok(bytes)) => self.slot.sent(*bytes),
            Poll::Ready(Err(_)) => {}
            Poll::Pending => self.slot.stalled(),
        }
        written
    }
}

impl AsyncRead for Counted {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(cx, buffer);
        self.slot.received(buffer.filled().len() - before);
        read
    }
}

impl AsyncWrite for Counted {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.wrote(written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, bytes);
        self.wrote(written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
