//! [`Call`]: one request on its way through: who calls, what is asked, what is answered.

use std::{
    future::Future, marker::PhantomData, net::SocketAddr, panic::AssertUnwindSafe, sync::Arc, time::Instant,
};

use axum::{
    RequestPartsExt,
    body::{Body, to_bytes},
    extract::{ConnectInfo, FromRequestParts, RawPathParams, Request, WebSocketUpgrade},
    http::{HeaderMap, HeaderValue, StatusCode, header, request::Parts},
    response::Response,
};
use futures_util::FutureExt;
use jiff::Timestamp;
use serde_json::{Map, Value};

use super::{
    app::App,
    caller,
    failure::{Failure, REQUEST_ID},
    fixed::{Fixed, unless_known},
    shape::Shape,
};
use crate::{
    core::{
        access::{Caller, Verdict, judge},
        change::Change,
        error::Error,
        invitation::secret_hash,
        statement::idempotency::Claim,
        usecase::Origin,
    },
    id::RequestId,
    proto::endpoint::{Content, Endpoint},
};

/// The most bytes a request's body may have.
const MAX_BODY_BYTES: usize = 1024 * 1024;

/// One request.
pub(super) struct Call<E: Endpoint> {
    /// What the handler may reach.
    pub(super) app: Arc<App>,
    /// What is asked.
    pub(super) request: E::Request,
    /// Who asks; always there where the endpoint asks for a role.
    pub(super) caller: Option<Caller>,
    /// Who asks, as events and the audit log name it.
    pub(super) origin: Origin,
    /// The claim that the header `Idempotency-Key` makes.
    pub(super) claim: Option<Claim>,
    /// The WebSocket to be, where the endpoint is one.
    pub(super) upgrade: Option<WebSocketUpgrade>,
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
            Content::Text => ("text/plain; charset=utf-8", plain(response)),
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

    /// What was made at start.
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

/// Serves one request: recognizes the caller, judges it, reads the request, runs the handler, answers.
pub(super) async fn serve<E, H, F>(app: Arc<App>, shape: &Shape, handler: H, request: Request) -> Response
where
    E: Endpoint,
    H: Fn(Call<E>) -> F,
    F: Future<Output = Result<Answer<E>, Error>> + Send,
{
    let begun = Instant::now();
    let id = request_id();
    let answered = AssertUnwindSafe(answer(app, shape, handler, request, &id)).catch_unwind().await;
    let result = answered.unwrap_or_else(|_| {
        tracing::error!(request_id = id, "request {id}: the handler of {} {} panicked", E::METHOD, E::PATH);
        Err(Error::Internal("a handler panicked".into()).into())
    });
    let status = result.as_ref().map_or_else(Failure::status, Response::status);
    tracing::debug!(
        request_id = id,
        method = %E::METHOD,
        path = E::PATH,
        status = status.as_u16(),
        micros = begun.elapsed().as_micros(),
        "answered"
    );
    match result {
        Ok(mut response) => {
            let value = HeaderValue::from_str(&id).expect("a UUID is a header value");
            response.headers_mut().insert(REQUEST_ID, value);
            response
        }
        Err(failure) => failure.into_response_for(&id),
    }
}

async fn answer<E, H, F>(
    app: Arc<App>,
    shape: &Shape,
    handler: H,
    request: Request,
    id: &str,
) -> Result<Response, Failure>
where
    E: Endpoint,
    H: Fn(Call<E>) -> F,
    F: Future<Output = Result<Answer<E>, Error>> + Send,
{
    let address = peer(&request);
    let (mut parts, body) = request.into_parts();
    let now = Timestamp::now();
    let caller = caller::recognize(&app, &parts.headers, now).await?;
    let actor = caller.as_ref().map_or_else(|| "anonymous".to_owned(), Caller::actor);
    let origin = Origin { actor, address, correlation: id.to_owned(), now };
    match judge(E::ACCESS, caller.as_ref().map(|caller| caller.role)) {
        Verdict::Allowed => {}
        Verdict::SignIn => return Err(not_signed_in().into()),
        Verdict::Forbidden => return Err(forbidden::<E>(&app, &origin).await.into()),
    }
    let request = read::<E>(&mut parts, body, shape).await?;
    let upgrade = match E::CONTENT {
        Content::WebSocket => Some(upgrade_of(&mut parts, &app).await?),
        Content::Json | Content::Text | Content::Html => None,
    };
    let claim = claim_of::<E>(&parts.headers, &request, &origin)?;
    let call = Call { app, request, caller, origin, claim, upgrade };
    Ok(unless_known(&parts.headers, handler(call).await?.response))
}

/// Refuses a caller whose role does not reach, and writes that down.
async fn forbidden<E: Endpoint>(app: &App, origin: &Origin) -> Error {
    let action = format!("{} {}", E::METHOD, E::PATH);
    let detail = serde_json::json!({ "needs": format!("{:?}", E::ACCESS).to_lowercase() });
    let entry = origin.denied(&action, "api", detail);
    if let Err(error) = app.store.commit(Change::new().audit(entry)).await {
        return error.into();
    }
    Error::Forbidden(format!(
        "this needs the role {}; ask an admin",
        format!("{:?}", E::ACCESS).to_lowercase()
    ))
}

async fn upgrade_of(parts: &mut Parts, app: &Arc<App>) -> Result<WebSocketUpgrade, Failure> {
    WebSocketUpgrade::from_request_parts(parts, app)
        .await
        .map_err(|_| Failure::http(426, "websocket_expected", "open this path as a WebSocket (RFC 6455)"))
}

/// Puts the request together from path, query and body.
async fn read<E: Endpoint>(parts: &mut Parts, body: Body, shape: &Shape) -> Result<E::Request, Failure> {
    let path = parts
        .extract::<RawPathParams>()
        .await
        .map_err(|_| Failure::http(400, "bad_path", "the path is not valid percent-encoded UTF-8"))?;
    let path: Vec<(String, String)> =
        path.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    let query = form_urlencoded::parse(parts.uri.query().unwrap_or_default().as_bytes()).into_owned();
    let body = to_bytes(body, MAX_BODY_BYTES).await.map_err(|_| {
        Failure::http(413, "body_too_large", format!("the body may have at most {MAX_BODY_BYTES} bytes"))
    })?;
    let body = if body.is_empty() { Map::new() } else { object(&parts.headers, &body)? };
    Ok(shape.assemble::<E>(path.into_iter().chain(query), body)?)
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

/// The claim of an `Idempotency-Key`: per caller and endpoint.
fn claim_of<E: Endpoint>(
    headers: &HeaderMap,
    request: &E::Request,
    origin: &Origin,
) -> Result<Option<Claim>, Failure> {
    let Some(key) = headers.get("idempotency-key") else { return Ok(None) };
    let key = key.to_str().ok().filter(|key| (1..=255).contains(&key.len())).ok_or_else(|| {
        Failure::http(400, "bad_idempotency_key", "Idempotency-Key must have 1 to 255 visible characters")
    })?;
    let body = serde_json::to_vec(request).unwrap_or_default();
    Ok(Some(Claim {
        caller: origin.actor.clone(),
        endpoint: format!("{} {}", E::METHOD, E::PATH),
        key: key.to_owned(),
        body_hash: secret_hash(&body),
    }))
}

/// The address a request came from, when the listener told.
fn peer(request: &Request) -> Option<String> {
    request.extensions().get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip().to_string())
}
