//! [`Fixed`]: an answer made once, under an entity tag (RFC 9110, section 8.8.3).

use axum::{
    body::{Body, Bytes},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::Response,
};

use crate::core::digest::sha256_hex;

/// An answer that never changes while the server runs.
pub(super) struct Fixed {
    body: Bytes,
    headers: HeaderMap,
}

impl Fixed {
    /// A body of this media type. A cache asks each time, and is told in a line that nothing changed.
    pub(super) fn new(kind: &'static str, body: Vec<u8>) -> Self {
        let tag = format!("\"{}\"", &sha256_hex(&body)[..32]);
        let tag = HeaderValue::try_from(tag).expect("hexadecimal digits are a header value");
        let headers = HeaderMap::from_iter([
            (header::CONTENT_TYPE, HeaderValue::from_static(kind)),
            (header::ETAG, tag),
            (header::CACHE_CONTROL, HeaderValue::from_static("no-cache")),
            (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
        ]);
        Self { body: body.into(), headers }
    }

    /// The same under a `Content-Security-Policy`.
    pub(super) fn under(mut self, policy: &str) -> Self {
        let policy = HeaderValue::from_str(policy).expect("a policy is plain text");
        self.headers.insert(header::CONTENT_SECURITY_POLICY, policy);
        self.headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
        self
    }

    /// The same for one caller alone: a cache on the way keeps nothing, the caller's own asks each time.
    pub(super) fn private(mut self) -> Self {
        self.headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
        self
    }

    /// The bytes that it holds.
    pub(super) fn weight(&self) -> usize {
        self.body.len() + size_of::<Self>()
    }

    /// The whole answer.
    pub(super) fn response(&self) -> Response {
        let mut response = Response::new(Body::from(self.body.clone()));
        *response.headers_mut() = self.headers.clone();
        response
    }
}

/// The answer, or `304` in its place for a caller whose `If-None-Match` shows that it has it already.
pub(super) fn unless_known(asked: &HeaderMap, mut response: Response) -> Response {
    let Some(tag) = response.headers().get(header::ETAG) else { return response };
    let known = asked
        .get_all(header::IF_NONE_MATCH)
        .iter()
        .filter_map(|tags| tags.to_str().ok())
        .flat_map(|tags| tags.split(','))
        .map(|known| known.trim().trim_start_matches("W/"))
        .any(|known| known == "*" || known.as_bytes() == tag.as_bytes());
    if known {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        *response.body_mut() = Body::empty();
        response.headers_mut().remove(header::CONTENT_TYPE);
    }
    response
}
