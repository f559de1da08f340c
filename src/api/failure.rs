//! [`Failure`]: every error as `application/problem+json` (RFC 9457). What is internal goes to the log, once, under
//! the request's id, and not to the caller.

use axum::{
    body::Body,
    http::{HeaderValue, StatusCode, header},
    response::Response,
};

use crate::{
    core::error::Error,
    proto::problem::{FieldError, PROBLEM_JSON, Problem},
};

/// The header that carries the request's id.
pub(super) const REQUEST_ID: &str = "x-request-id";

/// After so many seconds it is worth asking a node again that could not be asked: links are mended within seconds.
const NODE_RETRY_S: u64 = 5;

/// After so many seconds it is worth asking again what a full disk refused: somebody has to make room first.
const FULL_RETRY_S: u64 = 30;

/// An error on its way to a caller.
#[derive(Debug)]
pub(super) struct Failure {
    status: StatusCode,
    code: String,
    detail: String,
    errors: Vec<FieldError>,
    internal: Option<String>,
    retry_after_s: Option<u64>,
}

impl Failure {
    /// An error of the protocol itself.
    pub(super) fn http(status: u16, code: &str, detail: impl Into<String>) -> Self {
        Self {
            status: StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
            code: code.to_owned(),
            detail: detail.into(),
            errors: vec![],
            internal: None,
            retry_after_s: None,
        }
    }

    /// Says after how many seconds the same request may be made again.
    pub(super) const fn after(mut self, seconds: u64) -> Self {
        self.retry_after_s = Some(seconds);
        self
    }

    /// The status that the caller will see.
    pub(super) const fn status(&self) -> StatusCode {
        self.status
    }

    /// The answer to the request with this id.
    pub(super) fn into_response_for(self, request_id: &str) -> Response {
        if let Some(internal) = &self.internal {
            tracing::error!(
                request_id,
                status = self.status.as_u16(),
                "request {request_id} failed: {internal}"
            );
        }
        let problem = Problem {
            kind: "about:blank".into(),
            title: self.status.canonical_reason().unwrap_or("Error").into(),
            status: self.status.as_u16(),
            detail: self.detail,
            code: self.code,
            request_id: request_id.to_owned(),
            errors: self.errors,
        };
        let body = serde_json::to_vec(&problem).unwrap_or_default();
        let mut response = Response::new(Body::from(body));
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(PROBLEM_JSON));
        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"worpen\""));
        }
        if let Some(seconds) = self.retry_after_s {
            headers.insert(header::RETRY_AFTER, seconds.into());
        }
        if let Ok(id) = HeaderValue::from_str(request_id) {
            headers.insert(REQUEST_ID, id);
        }
        response
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let detail = error.to_string();
        match error {
            Error::Invalid(errors) => Self { errors, ..Self::http(400, "invalid_request", detail) },
            Error::Unauthenticated(_) => Self::http(401, "unauthenticated", detail),
            Error::Forbidden(_) => Self::http(403, "forbidden", detail),
            Error::NotFound { noun, .. } => {
                Self::http(404, &format!("{}_not_found", noun.to_lowercase().replace(' ', "_")), detail)
            }
            Error::Conflict { code, .. } => Self::http(409, code, detail),
            Error::Unprocessable { code, .. } => Self::http(422, code, detail),
            Error::Absent { code, detail } => Self::http(503, code, detail).after(NODE_RETRY_S),
            Error::Late { code, detail } => Self::http(504, code, detail).after(NODE_RETRY_S),
            Error::Garbled { code, detail } => Self::http(502, code, detail),
            Error::TooMany { retry_after_s, .. } => {
                Self::http(429, "too_many_requests", detail).after(retry_after_s)
            }
            Error::Full { .. } => Self::http(507, "disk_full", detail).after(FULL_RETRY_S),
            Error::Unavailable(internal) => Self {
                internal: Some(internal),
                ..Self::http(503, "unavailable", "the server cannot do this just now; try again shortly")
            },
            Error::Internal(internal) => Self {
                internal: Some(internal),
                ..Self::http(500, "internal", "a defect of the server; quote the request id to its operator")
            },
        }
    }
}
