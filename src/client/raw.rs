//! [`RawRequest`]: a call whose path and body somebody wrote by hand.

use std::time::Duration;

use http::{HeaderMap, Method, StatusCode, header};
use reqwest::Url;
use tokio::time::timeout;

use super::{ANSWER_TIMEOUT, Client, ClientError, error::Transport, problem};
use crate::proto::problem::Problem;

/// A call as it was written by hand.
#[derive(Clone, Debug)]
pub struct RawRequest {
    /// The method.
    pub method: Method,
    /// The path, from its first slash, with a query or without.
    pub path: String,
    /// Further fields of the query.
    pub query: Vec<(String, String)>,
    /// The body, JSON.
    pub body: Option<Vec<u8>>,
}

/// An answer whose body is still to come.
#[derive(Debug)]
pub struct RawReply {
    server: String,
    response: reqwest::Response,
}

impl Client {
    /// Makes a call once, and waits for the head of its answer.
    ///
    /// # Errors
    /// The path is none, or no answer came. An answer that says no is an answer.
    pub async fn raw(&self, request: &RawRequest) -> Result<RawReply, ClientError> {
        let url = self.raw_url(request)?;
        let waits = url.query_pairs().find(|(name, _)| name == "wait");
        let asked =
            waits.and_then(|(_, seconds)| seconds.parse().ok()).map_or(Duration::ZERO, Duration::from_secs);
        let patience = ANSWER_TIMEOUT.saturating_add(asked);
        let mut call = self.http.request(request.method.clone(), url).headers(self.headers());
        if let Some(body) = &request.body {
            call = call.header(header::CONTENT_TYPE, "application/json").body(body.clone());
        }
        let server = self.server().to_owned();
        match timeout(patience, call.send()).await {
            Ok(Ok(response)) => Ok(RawReply { server, response }),
            Ok(Err(error)) if error.is_connect() => {
                Err(ClientError::Unreachable { server, cause: Transport(error).into() })
            }
            Ok(Err(error)) => Err(ClientError::Broken { server, cause: Transport(error).into() }),
            Err(_) => Err(ClientError::TimedOut { server, seconds: patience.as_secs() }),
        }
    }

    fn raw_url(&self, request: &RawRequest) -> Result<Url, ClientError> {
        let name = || ClientError::Name { name: request.path.clone() };
        // Joined, a path of two slashes would name another server, which must not be shown the token.
        let rest = request.path.strip_prefix('/').filter(|rest| !rest.starts_with(['/', '\\']));
        let mut url = rest.and_then(|_| self.base.join(&request.path).ok()).ok_or_else(name)?;
        if url.origin() != self.base.origin() {
            return Err(name());
        }
        if !request.query.is_empty() {
            url.query_pairs_mut().extend_pairs(&request.query);
        }
        Ok(url)
    }
}

impl RawReply {
    /// The status.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.response.status()
    }

    /// The headers.
    #[must_use]
    pub fn headers(&self) -> &HeaderMap {
        self.response.headers()
    }

    /// The next part of the body; `None` at its end.
    ///
    /// # Errors
    /// The link broke.
    pub async fn chunk(&mut self) -> Result<Option<bytes::Bytes>, ClientError> {
        self.response.chunk().await.map_err(|error| ClientError::Broken {
            server: self.server.clone(),
            cause: Transport(error).into(),
        })
    }

    /// The whole body.
    ///
    /// # Errors
    /// The link broke.
    pub async fn bytes(mut self) -> Result<Vec<u8>, ClientError> {
        let mut body = Vec::new();
        while let Some(chunk) = self.chunk().await? {
            body.extend_from_slice(&chunk);
        }
        Ok(body)
    }

    /// What an answer that says no says, from its body.
    #[must_use]
    pub fn refusal(status: StatusCode, body: &[u8]) -> Problem {
        problem(status, body)
    }
}
