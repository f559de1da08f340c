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
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpListener, TcpStream},
    sync::mpsc,
    time::{sleep, timeout},
};
use tower::ServiceExt;

use crate::api::{
    app::App,
    connection::{Busy, Slot},
};

/// The most bytes that the head of a request may have.
const MAX_HEAD_BYTES: usize = 64 * 1024;
/// The most headers that a request may have.
const MAX_HEADERS: usize = 100;
/// How long a connection that must make room may still take for what it is at.
const EVICTION: Duration = Duration::from_secs(1);
/// How long to wait when there are too many open files: nothing tells when there are fewer.
const NO_FILES: Duration = Duration::from_millis(100);
/// What a connection is told that finds no room.
const NO_ROOM: &[u8] =
    b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 1\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";

/// Serves until the server is shut down, then until every request that is on its way has its answer and every WebSocket
/// its good-bye.
pub(super) async fn serve(listener: TcpListener, router: Router, app: Arc<App>) {
    let mut builder = http1::Builder::new();
    builder
        .timer(TokioTimer::new())
        .header_read_timeout(app.settings.request_timeout)
        .max_headers(MAX_HEADERS)
        .max_buf_size(MAX_HEAD_BYTES);
    // Each connection holds a sender, also once it is a WebSocket; when the last is gone, nothing is received.
    let (open, mut closed) = mpsc::channel::<Infallible>(1);
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = app.shutdown.cancelled() => break,
        };
        match accepted {
            Ok((stream, peer)) => welcome(stream, peer, &builder, &router, &app, open.clone()),
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
fn welcome(
    stream: TcpStream,
    peer: SocketAddr,
    builder: &http1::Builder,
    router: &Router,
    app: &Arc<App>,
    open: mpsc::Sender<Infallible>,
) {
    let Some(slot) = app.connections.admit(peer.ip()) else {
        if let Ok(mut stream) = stream.into_std() {
            // As much as fits into the buffer of a fresh connection, which is all.
            let _ = stream.write(NO_ROOM);
        }
        return;
    };
    // Without it an answer may wait 40 ms for its last packet; the connection works all the same.
    let _ = stream.set_nodelay(true);
    let slot = Arc::new(slot);
    let stream = TokioIo::new(Counted { stream, slot: slot.clone(), _open: open });
    let (router, of_requests) = (router.clone(), slot.clone());
    let service = service_fn(move |request: hyper::Request<Incoming>| {
        answer(router.clone(), of_requests.clone(), peer, request)
    });
    let connection = builder.serve_connection(stream, service).with_upgrades();
    let app = app.clone();
    tokio::spawn(async move {
        let mut connection = pin!(connection);
        // How a connection ends is its peer's matter; what was asked on it is logged where it is answered.
        tokio::select! {
            _ = connection.as_mut() => {}
            () = app.shutdown.cancelled() => {
                connection.as_mut().graceful_shutdown();
                let _ = connection.await;
            }
            () = slot.must_close() => {
                connection.as_mut().graceful_shutdown();
                let _ = timeout(EVICTION, connection).await;
            }
        }
    });
}

/// Answers a request; its connection is at work from when the request has come until the peer has taken the whole answer.
async fn answer(
    router: Router,
    slot: Arc<Slot>,
    peer: SocketAddr,
    request: hyper::Request<Incoming>,
) -> Result<Response, Infallible> {
    let busy = slot.request();
    if request.body().is_end_stream() {
        slot.works();
    }
    let mut request: Request = request.map(Body::new);
    request.extensions_mut().insert(ConnectInfo(peer));
    request.extensions_mut().insert(slot.clone());
    let response = router.oneshot(request).await?;
    if response.status() == StatusCode::SWITCHING_PROTOCOLS {
        slot.becomes_websocket();
    }
    Ok(response.map(|body| Body::new(Held { body, _busy: busy })))
}

/// A body that holds its connection at work.
struct Held {
    body: Body,
    _busy: Busy,
}

impl HttpBody for Held {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
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
