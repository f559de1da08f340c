//! [`Call`]: one request on its way through: who calls, what is asked, what is answered.

use std::{
    future::Future,
    marker::PhantomData,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::Arc,
    time::{Duration, Instant},
};

use axum::{
    RequestPartsExt,
    body::{Body, to_bytes},
    extract::{ConnectInfo, FromRequestParts, RawPathParams, Request, WebSocketUpgrade},
    http::{HeaderMap, HeaderValue, Method, StatusCode, header, request::Parts},
    response::Response,
};
use serde::Serialize;
use serde_json::{Map, Value};

use tokio::time::timeout;

use super::{
    address,
    app::App,
    browser,
    caller::{self, OnBehalf},
    clock,
    connection::{Busy, Slot},
    denials::Door,
    failure::{Failure, REQUEST_ID},
    fixed::{Fixed, unless_known},
    meter::RouteMeter,
    peer::Peer,
    question::{ANSWER_TIMEOUT, is_asked_of_a_node},
    shape::Shape,
    sight::Sight,
};
use crate::{
    core::{
        access::{Caller, Verdict, judge},
        change::Change,
        command::MAX_WAIT_S,
        digest::sha256_hex,
        error::Error,
        statement::idempotency::Claim,
        usecase::Origin,
    },
    id::RequestId,
    proto::{
        auth::Login,
        certificate::CertifyAgent,
        endpoint::{Access, Content, Endpoint},
        invitation::JoinFleet,
        link::AgentLink,
    },
};

/// The most bytes a request's body may have.
const MAX_BODY_BYTES: usize = 1024 * 1024;
/// The most bytes it may have while nobody knows whose it is: they are held before anything can be judged. Signing in takes
/// 12 KiB at the very most, with each character of the longest password escaped; joining, certificates and pulses less than one.
const MAX_STRANGERS_BODY_BYTES: usize = 16 * 1024;

/// One request.
pub(super) struct Call<E: Endpoint> {
    /// What the handler may reach.
    pub(super) app: Arc<App>,
    /// Where it writes, on behalf of whoever asks.
    pub(super) store: OnBehalf,
    /// What is asked.
    pub(super) request: E::Request,
    /// What of the fleet the caller is shown.
    pub(super) sight: Sight,
    /// Who asks; always there where the endpoint asks for a role.
    pub(super) caller: Option<Caller>,
    /// Who asks, as events and the audit log name it.
    pub(super) origin: Origin,
    /// The claim that the header `Idempotency-Key` makes.
    pub(super) claim: Option<Claim>,
    /// The WebSocket to be, where the endpoint is one.
    pub(super) upgrade: Option<WebSocketUpgrade>,
    /// The place of its connection, where a listener told.
    pub(super) slot: Option<Arc<Slot>>,
    /// The other end, where agents are managed.
    pub(super) peer: Option<Arc<Peer>>,
    /// What the caller showed, for what outlives the request: it must hold then too.
    pub(super) credentials: HeaderMap,
    /// Where it comes from.
    pub(super) address: IpAddr,
    /// The forms of the answer that the caller takes, as the header `Accept` says.
    pub(super) accept: Option<HeaderValue>,
}

impl<E: Endpoint> Call<E> {
    /// Who asks.
    pub(super) fn caller(&self) -> Result<&Caller, Error> {
        self.caller.as_ref().ok_or_else(not_signed_in)
    }
}

/// What is answered.
pub(super) struct Answer<E> {
    response: Response,
    endpoint: PhantomData<E>,
}

impl<E: Endpoint> Answer<E> {
    /// `200` and the response.
    pub(super) fn ok(response: &E::Response) -> Self {
        Self::with_status(StatusCode::OK, response)
    }

    /// A status and the response.
    pub(super) fn with_status(status: StatusCode, response: &E::Response) -> Self {
        let (kind, body) = match E::CONTENT {
            Content::Text | Content::Lines | Content::Objects | Content::Bytes => {
                ("text/plain; charset=utf-8", plain(response))
            }
            Content::Html => ("text/html; charset=utf-8", plain(response)),
            Content::Json | Content::WebSocket => (
                "application/json",
                serde_json::to_vec(response).expect("responses are plain data and always serialize"),
            ),
        };
        let mut answer = Response::new(Body::from(body));
        *answer.status_mut() = status;
        answer.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
        Self { response: answer, endpoint: PhantomData }
    }

    /// `200` and the response under an entity tag, so that a caller who has it is told in a line that nothing changed.
    pub(super) fn tagged(response: &E::Response) -> Self {
        let body = serde_json::to_vec(response).expect("responses are plain data and always serialize");
        Self::fixed(&Fixed::new("application/json", body).private())
    }

    /// `200` and a body that is already written, of a media type that the caller asked for.
    pub(super) fn written(kind: &'static str, body: String) -> Self {
        let mut answer = Response::new(Body::from(body));
        answer.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
        Self { response: answer, endpoint: PhantomData }
    }

    /// A stream: no time-out of requests ends it, only its source, its reader, or the server's end.
    pub(super) fn streamed(kind: &'static str, body: Body) -> Self {
        let mut response = Response::new(body);
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
        // A proxy that gathers an answer before it passes it on would show nothing of a stream.
        response.headers_mut().insert("x-accel-buffering", HeaderValue::from_static("no"));
        Self { response, endpoint: PhantomData }
    }

    /// Adds a header.
    pub(super) fn header(mut self, name: &'static str, value: HeaderValue) -> Self {
        self.response.headers_mut().insert(name, value);
        self
    }

    /// What was made before.
    pub(super) fn fixed(fixed: &Fixed) -> Self {
        Self { response: fixed.response(), endpoint: PhantomData }
    }

    /// The connection becomes a WebSocket.
    pub(super) fn upgraded(response: Response) -> Self {
        Self { response, endpoint: PhantomData }
    }
}

/// A text response without its JSON quotes.
fn plain(response: &impl serde::Serialize) -> Vec<u8> {
    match serde_json::to_value(response) {
        Ok(Value::String(text)) => text.into_bytes(),
        _ => Vec::new(),
    }
}

/// A fresh request id.
pub(super) fn request_id() -> String {
    RequestId::generate().to_string()
}

fn not_signed_in() -> Error {
    Error::Unauthenticated("sign in first: send 'Authorization: Bearer TOKEN' (worpen login)".into())
}

/// What an endpoint declares, as plain values: so that what serves every request is compiled once, not per endpoint.
struct Declared {
    method: Method,
    path: &'static str,
    access: Access,
    content: Content,
    scoped: bool,
}

impl Declared {
    const fn of<E: Endpoint>() -> Self {
        Self { method: E::METHOD, path: E::PATH, access: E::ACCESS, content: E::CONTENT, scoped: E::SCOPED }
    }

    /// Where a caller whom nobody knows was turned away, when this status says so.
    fn door(&self, status: StatusCode) -> Option<Door> {
        match status.as_u16() {
            401 if self.path == Login::PATH => Some(Door::SignIn),
            401 | 403 | 404 | 409 if self.path == JoinFleet::PATH => Some(Door::Join),
            401 | 403 if self.is_for_nodes() => Some(Door::Agent),
            401 => Some(Door::Credentials),
            _ => None,
        }
    }

    /// Whether agents of ours join or link by it.
    fn is_own_agents(&self) -> bool {
        self.path == JoinFleet::PATH || self.path == AgentLink::PATH
    }

    /// Whether nodes call it, which have a limit of their own.
    fn is_for_nodes(&self) -> bool {
        self.access == Access::Agent || self.path == JoinFleet::PATH
    }
}

/// A request whose caller may ask, in the pieces that it came in.
struct Admitted {
    caller: Option<Caller>,
    origin: Origin,
    address: IpAddr,
    texts: Vec<(String, String)>,
    body: Map<String, Value>,
    key: Option<String>,
    parts: Parts,
}

/// Serves one request: recognizes the caller, judges it, reads the request, runs the handler, answers.
pub(super) async fn serve<E, H, F>(
    app: Arc<App>,
    shape: Arc<Shape>,
    handler: H,
    route: Arc<RouteMeter>,
    request: Request,
) -> Response
where
    E: Endpoint,
    H: Fn(Call<E>) -> F + Send + 'static,
    F: Future<Output = Result<Answer<E>, Error>> + Send,
{
    let begun = Instant::now();
    let id = request_id();
    let (request_id, declared, meters) = (id.clone(), Declared::of::<E>(), app.meters.clone());
    let patience = patience(&app, &shape, &declared);
    let (denying, stranger) = (app.clone(), client_of(&app, &request));
    let _in_flight = meters.in_flight.one_more();
    let answered = async move {
        let Admitted { caller, origin, address, texts, body, key, mut parts } =
            admit(&app, &declared, request, &request_id).await?;
        let request = shape.assemble::<E>(texts.into_iter(), body)?;
        let claimant = caller.as_ref().map_or_else(|| origin.actor.clone(), |who| who.claimant());
        let claim = key.map(|key| claim_of(&app, &declared, key, &request, claimant));
        let upgrade = match declared.content {
            Content::WebSocket => Some(upgrade_of(&mut parts, &app, &declared, address).await?),
            Content::Json
            | Content::Text
            | Content::Lines
            | Content::Objects
            | Content::Bytes
            | Content::Html => None,
        };
        let credentials = credentials_of(&parts.headers);
        let accept = parts.headers.get(header::ACCEPT).cloned();
        let slot = parts.extensions.get::<Arc<Slot>>().cloned();
        let known = caller.is_some().then(|| (app.clone(), origin.clone()));
        let peer = parts.extensions.get::<Arc<Peer>>().cloned();
        let sight = Sight::of(&app, caller.as_ref());
        let store = OnBehalf::new(&app.store, caller.as_ref());
        let call = Call {
            app,
            store,
            request,
            sight,
            caller,
            origin,
            claim,
            upgrade,
            slot,
            peer,
            credentials,
            address,
            accept,
        };
        let answered = handler(call).await;
        let denied = match &answered {
            Err(Error::Forbidden(why)) => known.map(|known| (why.clone(), known)),
            _ => None,
        };
        if let Some((why, (app, origin))) = denied {
            write_denial(&app, &declared, &origin, serde_json::json!({ "why": why })).await?;
        }
        Ok(unless_known(&parts.headers, answered?.response))
    };
    // A task of its own: a caller that goes away, or an answer that comes too late, must not end what was begun between
    // two steps.
    let answered = timeout(patience, tokio::spawn(answered)).await;
    let declared = Declared::of::<E>();
    let answered = match answered {
        Ok(Ok(answered)) => answered,
        Ok(Err(_)) => Err(panicked(&declared, &id)),
        Err(_) => Err(late(patience)),
    };
    if let Some(door) = answered.as_ref().err().and_then(|failure| declared.door(failure.status())) {
        denying.denials.note(stranger, door);
    }
    let response = finish(answered, &declared, &id, begun);
    meters.answered(&route, response.status().as_u16(), begun.elapsed());
    response
}

/// How long a request may take from its head to its answer: its body, its handler, and what its caller or a node may wait
/// or work.
fn patience(app: &App, shape: &Shape, declared: &Declared) -> Duration {
    let waits = if shape.has("wait") { Duration::from_secs(MAX_WAIT_S.into()) } else { Duration::ZERO };
    let asks = if is_asked_of_a_node(declared.path) { ANSWER_TIMEOUT } else { Duration::ZERO };
    app.settings.request_timeout * 2 + waits + asks
}

fn late(patience: Duration) -> Failure {
    let detail = format!("there was no answer within {} s; what was begun goes on", patience.as_secs());
    Failure::http(503, "timed_out", detail).after(1)
}

fn panicked(declared: &Declared, id: &str) -> Failure {
    Error::Internal(format!("the handler of {} {} panicked in request {id}", declared.method, declared.path))
        .into()
}

/// Logs the end of a request and gives the answer its id.
fn finish(answered: Result<Response, Failure>, declared: &Declared, id: &str, begun: Instant) -> Response {
    let status = answered.as_ref().map_or_else(Failure::status, Response::status);
    tracing::debug!(
        request_id = id,
        method = %declared.method,
        path = declared.path,
        status = status.as_u16(),
        micros = begun.elapsed().as_micros(),
        "answered"
    );
    match answered {
        Ok(mut response) => {
            let value = HeaderValue::from_str(id).expect("a UUID is a header value");
            response.headers_mut().insert(REQUEST_ID, value);
            // What a caller may see is for that caller: no cache on the way keeps it.
            response
                .headers_mut()
                .entry(header::CACHE_CONTROL)
                .or_insert(HeaderValue::from_static("no-store"));
            response
        }
        Err(failure) => failure.into_response_for(id),
    }
}

/// Recognizes the caller and judges it; only then reads the request.
async fn admit(app: &Arc<App>, declared: &Declared, request: Request, id: &str) -> Result<Admitted, Failure> {
    let peer = peer(&request);
    let (mut parts, body) = request.into_parts();
    certified(app, declared, &parts)?;
    let now = clock::now();
    let client = peer.map(|peer| address::client(peer, &parts.headers, &app.trusted_proxies));
    // Without a listener that tells, which no server has, all are counted as one.
    let address = client.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED));
    // What an agent shows is its own handler's to judge: it is nobody among the users.
    let recognized = match declared.access {
        Access::Agent => Ok(None),
        _ => caller::recognize_from(app, &parts.headers, address, now).await,
    };
    match &recognized {
        Ok(Some(caller)) => app.limits.caller(caller)?,
        // It is counted already, or nobody can tell just now whose credentials they are.
        Err(Error::TooMany { .. } | Error::Unavailable(_) | Error::Internal(_)) => {}
        _ if declared.is_for_nodes() => app.limits.link(address)?,
        _ => app.limits.stranger(address)?,
    }
    let caller = recognized?;
    let actor = caller.as_ref().map_or_else(|| "anonymous".to_owned(), Caller::actor);
    let correlation = id.to_owned();
    let origin = Origin { actor, address: client.map(|client| client.to_string()), correlation, now };
    admissible(app, declared, caller.as_ref(), &origin).await?;
    let texts = texts_of(&mut parts).await?;
    let slot = parts.extensions.get::<Arc<Slot>>().cloned();
    if slot.as_ref().is_some_and(|slot| !slot.serves(address)) {
        let detail = "your address holds as many connections as it may (half of max_connections)";
        return Err(Failure::http(503, "too_many_connections", detail).after(1));
    }
    let busy = parts.extensions.remove::<Arc<Busy>>();
    // Whoever is known may take the time that a body takes; a stranger's connection makes room until it has come.
    if let Some(busy) = busy.as_ref().filter(|_| caller.is_some()) {
        busy.works_for_known();
    }
    let most = if caller.is_some() { MAX_BODY_BYTES } else { MAX_STRANGERS_BODY_BYTES };
    let body = body_of(&parts.headers, body, most, app.settings.request_timeout).await?;
    if let Some(busy) = &busy {
        busy.works();
    }
    // Over a body that took its time the credentials may have been revoked.
    let caller = match caller {
        Some(_) => caller::recognize(app, &parts.headers, clock::now()).await?,
        None => None,
    };
    admissible(app, declared, caller.as_ref(), &origin).await?;
    let key = key_of(&parts.headers)?;
    Ok(Admitted { caller, origin, address, texts, body, key, parts })
}

/// Whether this caller may ask this.
async fn admissible(
    app: &App,
    declared: &Declared,
    caller: Option<&Caller>,
    origin: &Origin,
) -> Result<(), Failure> {
    match judge(declared.access, declared.scoped, caller) {
        Verdict::Allowed => Ok(()),
        Verdict::SignIn => Err(not_signed_in().into()),
        Verdict::Forbidden => {
            let needed = declared.access.as_str();
            let why = format!("this needs the role {needed}; ask an admin");
            Err(forbidden(app, declared, needed, why, origin).await.into())
        }
        Verdict::OutOfScope => {
            let why =
                "this is about more than the scope of a key can hold; it needs a key without one".into();
            Err(forbidden(app, declared, "a key without a scope", why, origin).await.into())
        }
    }
}

/// Whether nodes may call this where they do: where agents are managed they show a certificate, but for getting one; elsewhere
/// they may link and join only where that was allowed.
fn certified(app: &App, declared: &Declared, parts: &Parts) -> Result<(), Failure> {
    let gives_one = declared.path == JoinFleet::PATH || declared.path == CertifyAgent::PATH;
    match parts.extensions.get::<Arc<Peer>>() {
        Some(peer) if peer.certificate.is_some() || gives_one => Ok(()),
        Some(_) => {
            let detail = "show the agent's certificate in the TLS handshake; join first, or ask for another";
            Err(Failure::http(403, "certificate_required", detail))
        }
        None if declared.path == CertifyAgent::PATH => {
            let detail = "certificates are given where agents are managed (agent_management.port)";
            Err(Failure::http(403, "forbidden", detail))
        }
        None if app.settings.plain_agents || !declared.is_own_agents() => Ok(()),
        None => {
            let detail = "agents join and link where they are managed, with certificates: https://HOST:PORT of \
                          agent_management (9090); agent_management.allow_plain lets them link here";
            Err(Failure::http(403, "plain_agents_refused", detail))
        }
    }
}

/// Refuses a caller whose role or scope does not reach, and writes that down.
async fn forbidden(app: &App, declared: &Declared, needed: &str, why: String, origin: &Origin) -> Error {
    match write_denial(app, declared, origin, serde_json::json!({ "needs": needed })).await {
        Ok(()) => Error::Forbidden(why),
        Err(error) => error,
    }
}

/// Writes down that a caller who signed in was turned away.
async fn write_denial(app: &App, declared: &Declared, origin: &Origin, detail: Value) -> Result<(), Error> {
    let action = format!("{} {}", declared.method, declared.path);
    app.store.commit(Change::new().audit(origin.denied(&action, "api", detail))).await?;
    Ok(())
}

/// The WebSocket to be, unless a page of another website opens it; an agent's must find room to show who it is.
async fn upgrade_of(
    parts: &mut Parts,
    app: &Arc<App>,
    declared: &Declared,
    client: IpAddr,
) -> Result<WebSocketUpgrade, Failure> {
    let upgrade = WebSocketUpgrade::from_request_parts(parts, app)
        .await
        .map_err(|_| Failure::http(426, "websocket_expected", "open this path as a WebSocket (RFC 6455)"))?;
    browser::same_website(&parts.headers, &app.origins)?;
    let slot = parts.extensions.get::<Arc<Slot>>();
    if declared.access == Access::Agent && slot.is_some_and(|slot| !slot.knocks(client)) {
        let detail = "as many agents are linked, or come to link at this moment, as may \
                      (agent_management.max_agent_connections)";
        return Err(Failure::http(503, "too_many_links", detail).after(30));
    }
    Ok(upgrade)
}

/// The fields that came in the path and the query.
async fn texts_of(parts: &mut Parts) -> Result<Vec<(String, String)>, Failure> {
    let path = parts
        .extract::<RawPathParams>()
        .await
        .map_err(|_| Failure::http(400, "bad_path", "the path is not valid percent-encoded UTF-8"))?;
    let path = path.iter().map(|(name, value)| (name.to_owned(), value.to_owned()));
    let query = form_urlencoded::parse(parts.uri.query().unwrap_or_default().as_bytes()).into_owned();
    Ok(path.chain(query).collect())
}

/// The fields that came in the body.
async fn body_of(
    headers: &HeaderMap,
    body: Body,
    most: usize,
    patience: Duration,
) -> Result<Map<String, Value>, Failure> {
    let read = timeout(patience, to_bytes(body, most));
    let late = |_| Failure::http(408, "body_too_slow", "the body did not come in time");
    let body = read.await.map_err(late)?.map_err(|_| {
        Failure::http(413, "body_too_large", format!("the body may have at most {most} bytes here"))
    })?;
    if body.is_empty() { Ok(Map::new()) } else { object(headers, &body) }
}

fn object(headers: &HeaderMap, body: &[u8]) -> Result<Map<String, Value>, Failure> {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    if !kind.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case("application/json") {
        return Err(Failure::http(
            415,
            "json_expected",
            "send the body as JSON, with 'Content-Type: application/json'",
        ));
    }
    match serde_json::from_slice(body) {
        Ok(Value::Object(object)) => Ok(object),
        Ok(_) => Err(Failure::http(400, "object_expected", "the body must be a JSON object")),
        Err(error) => Err(Failure::http(400, "bad_json", format!("the body is not JSON: {error}"))),
    }
}

/// Whether the header `Accept` names a media type.
pub(super) fn accepts(accept: Option<&HeaderValue>, kind: &str) -> bool {
    let mut named = accept.and_then(|value| value.to_str().ok()).unwrap_or_default().split(',');
    named.any(|named| named.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case(kind))
}

/// The header that the caller is recognized by, alone.
fn credentials_of(headers: &HeaderMap) -> HeaderMap {
    let shown = headers.get(header::AUTHORIZATION).cloned();
    shown.into_iter().map(|value| (header::AUTHORIZATION, value)).collect()
}

/// The value of the header `Idempotency-Key`.
fn key_of(headers: &HeaderMap) -> Result<Option<String>, Failure> {
    let Some(key) = headers.get("idempotency-key") else { return Ok(None) };
    let is_visible = |key: &&str| key.bytes().all(|byte| byte.is_ascii_graphic());
    let key = key.to_str().ok().filter(|key| (1..=255).contains(&key.len())).filter(is_visible);
    let key = key.ok_or_else(|| {
        let detail = "Idempotency-Key must have 1 to 255 visible ASCII characters, without spaces";
        Failure::http(400, "bad_idempotency_key", detail)
    })?;
    Ok(Some(key.to_owned()))
}

/// The claim that an `Idempotency-Key` makes: per caller and endpoint, for this request alone.
///
/// The request may hold a password, and the store keeps the hash: it is taken of the request's signature, which nobody
/// can make who only reads the store, so that there is nothing to guess against.
fn claim_of(app: &App, declared: &Declared, key: String, request: &impl Serialize, caller: String) -> Claim {
    let body = serde_json::to_vec(request).expect("requests are plain data and always serialize");
    Claim {
        caller,
        endpoint: format!("{} {}", declared.method, declared.path),
        key,
        body_hash: sha256_hex(&app.token_key.sign(&body)),
    }
}

/// Whom a request came from, as far as the proxies that are trusted tell.
fn client_of(app: &App, request: &Request) -> Option<IpAddr> {
    peer(request).map(|peer| address::client(peer, request.headers(), &app.trusted_proxies))
}

/// The address of the connection that a request came on, when the listener told.
fn peer(request: &Request) -> Option<IpAddr> {
    request.extensions().get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip().to_canonical())
}
