//! Typed calls to a server, over [`Endpoint`].
//!
//! [`Client::call`] makes one call, [`Client::pages`] walks a list, [`Client::stream`] follows the events,
//! [`Client::windows`] looks at lists, [`Client::log`] reads a container's log, [`Client::output`] what a command prints. Paths, methods and types come from
//! [`proto`](crate::proto) alone.

mod error;
mod event;
mod lines;
mod log;
mod output;
mod page;
mod raw;
mod request;
mod socket;
mod stream;
mod tls;
mod windows;

use std::{sync::Arc, time::Duration};

use base64::{Engine, engine::general_purpose::STANDARD};
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use reqwest::Url;
use serde::de::DeserializeOwned;

use self::{error::Transport, request::Wire};
pub use self::{
    error::{Cause, ClientError},
    event::summary,
    log::{LogNews, LogReader},
    output::{OutputNews, OutputReader, printed},
    page::Pages,
    raw::{RawReply, RawRequest},
    stream::{EventStream, News},
    tls::{Shown, look},
    windows::{WindowAsker, WindowNews, Windows},
};
use crate::{
    config::secret::Secret,
    id::RequestId,
    proto::{
        endpoint::{Access, Content, Endpoint},
        event::SubscribeRequest,
        page::Page,
        problem::Problem,
    },
};

/// How long a connection may take to open.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// How long an answer may take, on top of what the request itself asks the server to wait.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(30);

/// What the program calls itself.
const USER_AGENT: &str = concat!("worpen/", env!("CARGO_PKG_VERSION"));

/// The header that makes a repeated `POST` count once.
const IDEMPOTENCY_KEY: &str = "idempotency-key";

/// A server, and who calls it; a clone shares its connections.
#[derive(Clone, Debug)]
pub struct Client {
    base: Url,
    http: reqwest::Client,
    authorization: Option<HeaderValue>,
    tls: Arc<rustls::ClientConfig>,
}

/// An answer: `200` says that a command ended, `202` that it goes on.
#[derive(Clone, Debug)]
pub struct Reply<T> {
    /// The HTTP status, always a success.
    pub status: StatusCode,
    /// The answer itself.
    pub body: T,
}

impl Client {
    /// Prepares calls to `server` (`http://HOST:PORT` or `https://HOST`); connects to nothing yet.
    pub fn new(server: &str, token: Option<Secret>) -> Result<Self, ClientError> {
        Self::trusting(server, token, None)
    }

    /// The same, where the server is known by its own authority's certificate (DER in base64), if told, and by no other.
    pub fn trusting(
        server: &str,
        token: Option<Secret>,
        authority: Option<&str>,
    ) -> Result<Self, ClientError> {
        let base = address(server)?;
        let authority = authority
            .map(|text| STANDARD.decode(text))
            .transpose()
            .map_err(|error| ClientError::Setup { cause: error.into() })?;
        let tls = tls::config(base.scheme() == "https", authority.as_deref())?;
        let mut of_http = tls.clone();
        // WebSockets stay on HTTP/1.1, which is spoken where nothing is said.
        of_http.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        let http = reqwest::Client::builder()
            .user_agent(USER_AGENT)
            .connect_timeout(CONNECT_TIMEOUT)
            .redirect(reqwest::redirect::Policy::none())
            .tls_backend_preconfigured(of_http)
            .build()
            .map_err(|error| ClientError::Setup { cause: error.into() })?;
        Ok(Self {
            base,
            http,
            authorization: token.map(|token| bearer(&token)).transpose()?,
            tls: Arc::new(tls),
        })
    }

    /// The same server, called as somebody else.
    pub fn with_token(&self, token: &Secret) -> Result<Self, ClientError> {
        Ok(Self { authorization: Some(bearer(token)?), ..self.clone() })
    }

    /// The server's address.
    #[must_use]
    pub fn server(&self) -> &str {
        self.base.as_str().trim_end_matches('/')
    }

    /// Calls an endpoint once; a link that breaks before the answer is tried a second time where that is safe.
    pub async fn call<E: Endpoint>(&self, request: &E::Request) -> Result<Reply<E::Response>, ClientError> {
        self.exchange(&Wire::new::<E>(request)?, may_repeat::<E>(), E::CONTENT).await
    }

    /// Walks a list page by page.
    pub fn pages<E, T>(&self, request: &E::Request) -> Result<Pages<T>, ClientError>
    where
        E: Endpoint<Response = Page<T>>,
        T: DeserializeOwned,
    {
        Ok(Pages::new(self.clone(), Wire::new::<E>(request)?))
    }

    /// Follows the events; connects at the first [`EventStream::next`].
    #[must_use]
    pub fn stream(&self, request: SubscribeRequest) -> EventStream {
        EventStream::new(self.clone(), request)
    }

    /// Opens windows on lists; connects at the first [`Windows::next`].
    #[must_use]
    pub fn windows(&self) -> Windows {
        Windows::new(self.clone())
    }

    /// Sends a request and reads its answer.
    async fn exchange<T: DeserializeOwned>(
        &self,
        wire: &Wire,
        repeat: Repeat,
        content: Content,
    ) -> Result<Reply<T>, ClientError> {
        let key = matches!(repeat, Repeat::UnderKey).then(|| RequestId::generate().to_string());
        let mut answer = self.send(wire, key.as_deref()).await;
        if repeat != Repeat::Never && answer.as_ref().is_err_and(broke_before_an_answer) {
            answer = self.send(wire, key.as_deref()).await;
        }
        let answer = answer.map_err(|error| self.transport(wire, error))?;
        let status = answer.status();
        let bytes = answer.bytes().await.map_err(|error| self.transport(wire, error))?;
        if !status.is_success() {
            return Err(ClientError::Problem(Box::new(problem(status, &bytes))));
        }
        self.read(content, &bytes).map(|body| Reply { status, body })
    }

    async fn send(&self, wire: &Wire, key: Option<&str>) -> Result<reqwest::Response, reqwest::Error> {
        let mut request = self
            .http
            .request(wire.method.clone(), wire.url(&self.base))
            .headers(self.headers())
            .timeout(wire.patience());
        if let Some(key) = key {
            request = request.header(IDEMPOTENCY_KEY, key);
        }
        if let Some(body) = &wire.body {
            request = request.json(body);
        }
        request.send().await
    }

    /// What every request carries, the stream's upgrade included.
    fn headers(&self) -> HeaderMap {
        self.authorization.iter().map(|bearer| (header::AUTHORIZATION, bearer.clone())).collect()
    }

    fn read<T: DeserializeOwned>(&self, content: Content, bytes: &[u8]) -> Result<T, ClientError> {
        let read = match content {
            Content::Text | Content::Lines | Content::Objects | Content::Bytes | Content::Html => {
                serde_json::from_value(String::from_utf8_lossy(bytes).into_owned().into())
            }
            _ if bytes.is_empty() => serde_json::from_slice(b"{}"),
            _ => serde_json::from_slice(bytes),
        };
        read.map_err(|error| self.protocol("the answer is not what was asked for", error))
    }

    fn transport(&self, wire: &Wire, error: reqwest::Error) -> ClientError {
        let server = self.server().to_owned();
        if error.is_timeout() && !error.is_connect() {
            ClientError::TimedOut { server, seconds: wire.patience().as_secs() }
        } else if error.is_connect() {
            ClientError::Unreachable { server, cause: Transport(error).into() }
        } else {
            ClientError::Broken { server, cause: Transport(error).into() }
        }
    }

    fn protocol(&self, what: &'static str, cause: impl Into<Cause>) -> ClientError {
        ClientError::Protocol { server: self.server().to_owned(), what, cause: cause.into() }
    }
}

/// Whether a call whose answer never came may be made again.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Repeat {
    /// It changes nothing.
    Freely,
    /// The server sees by the key that it is the same act.
    UnderKey,
    /// Nobody could tell one act from two.
    Never,
}

fn may_repeat<E: Endpoint>() -> Repeat {
    match E::METHOD {
        Method::GET => Repeat::Freely,
        // Keys are kept per caller, so a call that anybody may make has none.
        Method::POST if E::ACCESS != Access::Anyone => Repeat::UnderKey,
        _ => Repeat::Never,
    }
}

/// Whether the link broke after it stood and before any answer: what a restarting server looks like.
fn broke_before_an_answer(error: &reqwest::Error) -> bool {
    error.is_request() && !error.is_connect() && !error.is_timeout()
}

/// Reads a server's address; a name and password inside it are refused, since addresses are shown.
fn address(server: &str) -> Result<Url, ClientError> {
    Url::parse(server)
        .ok()
        .filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
        .filter(|url| url.username().is_empty() && url.password().is_none())
        .filter(|url| url.path() == "/" && url.query().is_none() && url.fragment().is_none())
        .ok_or(ClientError::Address)
}

fn bearer(token: &Secret) -> Result<HeaderValue, ClientError> {
    let mut value =
        HeaderValue::try_from(format!("Bearer {}", token.expose())).map_err(|_| ClientError::Token)?;
    value.set_sensitive(true);
    Ok(value)
}

/// The server's own words where it said any; else what its status says, as from a proxy in between.
fn problem(status: StatusCode, body: &[u8]) -> Problem {
    serde_json::from_slice(body).unwrap_or_else(|_| Problem {
        kind: "about:blank".to_owned(),
        title: status.canonical_reason().unwrap_or("Unknown status").to_owned(),
        status: status.as_u16(),
        detail: format!("the answer was {status}, without a reason"),
        code: format!("http_{}", status.as_u16()),
        request_id: String::new(),
        errors: Vec::new(),
    })
}
