//! What is said to browsers: which websites may call (CORS), and what no answer of this server is to be used for.

use std::time::Duration;

use axum::{
    http::{HeaderMap, HeaderName, HeaderValue, Method, header},
    response::Response,
};
use tower_http::cors::{AllowOrigin, CorsLayer};

use super::failure::{Failure, REQUEST_ID};

/// How long a browser need not ask again whether a website may call.
const PREFLIGHT_LIFE: Duration = Duration::from_secs(600);

/// The headers that every answer has unless it says otherwise: it is data, no page, and nobody's frame, script or image.
const HEADERS: [(HeaderName, HeaderValue); 5] = [
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'")),
    (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    (header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
    (HeaderName::from_static("cross-origin-resource-policy"), HeaderValue::from_static("same-origin")),
];

/// What browsers are to remember for so many seconds: that this host name speaks TLS alone (RFC 6797).
pub(super) fn tls_alone(seconds: u32) -> HeaderValue {
    HeaderValue::try_from(format!("max-age={seconds}")).expect("digits are a header value")
}

/// Adds the headers that an answer does not have yet; over TLS also what is to be remembered of that.
pub(super) fn harden(mut response: Response, tls_alone: Option<HeaderValue>) -> Response {
    for (name, value) in &HEADERS {
        response.headers_mut().entry(name).or_insert_with(|| value.clone());
    }
    if let Some(tls_alone) = tls_alone {
        response.headers_mut().insert(header::STRICT_TRANSPORT_SECURITY, tls_alone);
    }
    response
}

/// Lets these websites call, with bearer credentials and no cookies; `None` when there are none to let.
pub(super) fn cors(origins: &[String]) -> Option<CorsLayer> {
    if origins.is_empty() {
        return None;
    }
    let origins = origins.iter().filter_map(|origin| HeaderValue::from_str(origin).ok());
    let layer = CorsLayer::new()
        .allow_origin(AllowOrigin::list(origins))
        .allow_methods([Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE])
        .allow_headers([
            header::AUTHORIZATION,
            header::CONTENT_TYPE,
            header::IF_NONE_MATCH,
            HeaderName::from_static("idempotency-key"),
        ])
        .expose_headers([HeaderName::from_static(REQUEST_ID), header::ETAG, header::RETRY_AFTER])
        .max_age(PREFLIGHT_LIFE);
    Some(layer)
}

/// Refuses a WebSocket that a page of another website opens: browsers send `Origin`, programs do not.
pub(super) fn same_website(headers: &HeaderMap, origins: &[String]) -> Result<(), Failure> {
    let Some(origin) = headers.get(header::ORIGIN) else { return Ok(()) };
    let origin = origin.to_str().unwrap_or_default();
    let own = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let host = origin.split_once("://").map(|(_, host)| host);
    if host.is_some() && host == own || origins.iter().any(|known| known == origin) {
        return Ok(());
    }
    let detail =
        "pages of this website may not open a WebSocket here; its origin belongs in server.cors_origins";
    Err(Failure::http(403, "origin_refused", detail))
}
