//! A server that answers as a test tells it to, and remembers what it was asked.

use std::{
    net::SocketAddr,
    sync::{Arc, Condvar, Mutex},
    thread::{self, JoinHandle},
    time::Duration,
};

use axum::{
    Router,
    body::{Body, to_bytes},
    extract::{FromRequestParts, Request, WebSocketUpgrade, ws},
    http::{Method, StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
};
use futures_util::{StreamExt, stream, stream::BoxStream};
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};
use tokio::{net::TcpListener, sync::oneshot};

/// No wait in a test takes this long unless something is broken.
const PATIENCE: Duration = Duration::from_secs(20);

pub(super) struct Stub {
    address: SocketAddr,
    log: Arc<Log>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// A request, as the server reads it.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    pub(super) method: Method,
    /// The path's segments, each decoded, as a router does it.
    pub(super) path: Vec<String>,
    pub(super) query: Vec<(String, String)>,
    pub(super) body: Value,
    pub(super) bearer: Option<String>,
    pub(super) key: Option<String>,
}

impl Seen {
    /// The path without `/api/v1`, for matching.
    pub(super) fn route(&self) -> Vec<&str> {
        self.path.iter().map(String::as_str).skip_while(|part| ["api", "v1"].contains(part)).collect()
    }

    pub(super) fn query(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str())
    }
}

/// What the stub answers.
pub(super) enum Answer {
    Json(u16, Value),
    /// Something that is no API, as a proxy sends it.
    Html(u16),
    /// A stream of one JSON object a line.
    Lines(Vec<Value>, Then),
    /// Texts for a WebSocket, which is then dropped without a word.
    Texts(Vec<String>),
}

/// What follows the last line of a stream.
#[derive(Clone, Copy)]
pub(super) enum Then {
    End,
    /// The link breaks.
    Break,
    /// Nothing, for ever.
    Silence,
}

#[derive(Default)]
struct Log {
    seen: Mutex<Vec<Seen>>,
    more: Condvar,
}

impl Stub {
    /// Serves on a free port until it is dropped.
    pub(super) fn new(answer: impl Fn(&Seen) -> Answer + Send + Sync + 'static) -> Self {
        let log = Arc::new(Log::default());
        let (stop, stopped) = oneshot::channel();
        let (bound, listening) = std::sync::mpsc::channel();
        let router = router(Arc::new(answer), log.clone());
        let thread = thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
                bound.send(listener.local_addr().unwrap()).unwrap();
                tokio::select! {
                    served = axum::serve(listener, router) => served.unwrap(),
                    _ = stopped => {}
                }
            });
        });
        Self { address: listening.recv().unwrap(), log, stop: Some(stop), thread: Some(thread) }
    }

    /// Answers everything alike.
    pub(super) fn always(status: u16, body: Value) -> Self {
        Self::new(move |_| Answer::Json(status, body.clone()))
    }

    pub(super) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(super) fn seen(&self) -> Vec<Seen> {
        self.log.seen.lock().unwrap().clone()
    }

    /// Waits until a request of this kind came.
    pub(super) fn wait_for(&self, wanted: impl Fn(&Seen) -> bool) {
        let seen = self.log.seen.lock().unwrap();
        let came = |seen: &mut Vec<Seen>| !seen.iter().any(&wanted);
        let (seen, late) = self.log.more.wait_timeout_while(seen, PATIENCE, came).unwrap();
        assert!(!late.timed_out(), "it never came; what came: {seen:?}");
    }
}

impl Drop for Stub {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap();
        }
    }
}

/// A problem as the server writes it.
pub(super) fn problem(status: u16, detail: &str) -> Answer {
    Answer::Json(
        status,
        json!({
            "type": "about:blank", "title": "Problem", "status": status, "detail": detail,
            "code": "some_problem", "request_id": "0198c0de-0000-7000-8000-000000000001",
        }),
    )
}

type Script = Arc<dyn Fn(&Seen) -> Answer + Send + Sync>;

fn router(answer: Script, log: Arc<Log>) -> Router {
    Router::new().fallback(move |request: Request| {
        let (answer, log) = (answer.clone(), log.clone());
        async move {
            let (mut parts, body) = request.into_parts();
            let seen = read(&parts, body).await;
            let answer = answer(&seen);
            log.seen.lock().unwrap().push(seen);
            log.more.notify_all();
            respond(answer, &mut parts).await
        }
    })
}

async fn read(parts: &Parts, body: Body) -> Seen {
    let bytes = to_bytes(body, usize::MAX).await.unwrap();
    let text = |name: &str| parts.headers.get(name).map(|value| value.to_str().unwrap().to_owned());
    let decode = |part: &str| percent_decode_str(&part.replace('+', " ")).decode_utf8().unwrap().into_owned();
    let pairs = parts.uri.query().unwrap_or_default().split('&').filter_map(|pair| pair.split_once('='));
    Seen {
        method: parts.method.clone(),
        path: parts.uri.path().split('/').filter(|part| !part.is_empty()).map(decode).collect(),
        query: pairs.map(|(name, value)| (decode(name), decode(value))).collect(),
        body: serde_json::from_slice(&bytes).unwrap_or(Value::Null),
        bearer: text("authorization"),
        key: text("idempotency-key"),
    }
}

async fn respond(answer: Answer, parts: &mut Parts) -> Response {
    match answer {
        Answer::Json(status, body) => {
            let kind = if status < 400 { "application/json" } else { "application/problem+json" };
            let status = StatusCode::from_u16(status).unwrap();
            (status, [(header::CONTENT_TYPE, kind)], body.to_string()).into_response()
        }
        Answer::Html(status) => {
            (StatusCode::from_u16(status).unwrap(), "<html>no such luck</html>").into_response()
        }
        Answer::Lines(lines, then) => {
            let lines = lines.into_iter().map(|line| Ok::<_, std::io::Error>(format!("{line}\n")));
            let last: BoxStream<'static, Result<String, std::io::Error>> = match then {
                Then::End => stream::empty().boxed(),
                Then::Break => stream::iter([Err(std::io::Error::other("broken"))]).boxed(),
                Then::Silence => stream::pending().boxed(),
            };
            // A moment between the lines and a break, so that they are sent before it.
            let paused = stream::once(async {
                tokio::time::sleep(Duration::from_millis(20)).await;
                Ok(String::new())
            });
            let body = Body::from_stream(stream::iter(lines).chain(paused).chain(last));
            ([(header::CONTENT_TYPE, "application/x-ndjson")], body).into_response()
        }
        Answer::Texts(texts) => {
            let upgrade = WebSocketUpgrade::from_request_parts(parts, &()).await.unwrap();
            upgrade.on_upgrade(async |mut socket| {
                for text in texts {
                    socket.send(ws::Message::text(text)).await.unwrap();
                }
            })
        }
    }
}
