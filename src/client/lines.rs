//! [`Lines`]: an answer of one JSON object a line that comes as long as it comes.

use std::{marker::PhantomData, time::Duration};

use http::{StatusCode, header};
use serde::de::DeserializeOwned;
use tokio::time::timeout;

use super::{ANSWER_TIMEOUT, Client, ClientError, problem, request::Wire};
use crate::proto::endpoint::{Endpoint, NDJSON};

/// A server says every 15 s that an idle stream stands; one that says nothing for so long is gone.
const SILENCE: Duration = Duration::from_secs(60);
/// No object is longer: a line of 128 KiB in which every byte is escaped.
const LONGEST_BYTES: usize = 1024 * 1024;

/// The objects of a stream.
#[derive(Debug)]
pub(super) struct Lines<T> {
    client: Client,
    answer: reqwest::Response,
    buffer: Vec<u8>,
    /// Where the next line begins.
    at: usize,
    item: PhantomData<fn() -> T>,
}

impl Client {
    /// Opens a stream of objects.
    pub(super) async fn lines<E: Endpoint>(
        &self,
        request: &E::Request,
    ) -> Result<Lines<E::Response>, ClientError> {
        let wire = Wire::new::<E>(request)?;
        let request = self
            .http
            .request(wire.method.clone(), wire.url(&self.base))
            .headers(self.headers())
            .header(header::ACCEPT, NDJSON);
        let patience = ANSWER_TIMEOUT * 2;
        let answer = timeout(patience, request.send())
            .await
            .map_err(|_| ClientError::TimedOut {
                server: self.server().to_owned(),
                seconds: patience.as_secs(),
            })?
            .map_err(|error| self.transport(&wire, error))?;
        if answer.status() != StatusCode::OK {
            let status = answer.status();
            let body = answer.bytes().await.map_err(|error| self.transport(&wire, error))?;
            return Err(ClientError::Problem(Box::new(problem(status, &body))));
        }
        Ok(Lines { client: self.clone(), answer, buffer: Vec::new(), at: 0, item: PhantomData })
    }
}

impl<T: DeserializeOwned> Lines<T> {
    /// A header of the answer.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.answer.headers().get(name).and_then(|value| value.to_str().ok())
    }

    /// The next object; `None` at the end. May be dropped at any point without a loss.
    pub(super) async fn next(&mut self) -> Result<Option<T>, ClientError> {
        loop {
            if let Some(length) = self.buffer[self.at..].iter().position(|byte| *byte == b'\n') {
                let line = &self.buffer[self.at..self.at + length];
                self.at += length + 1;
                if line.trim_ascii().is_empty() {
                    continue;
                }
                let read = serde_json::from_slice(line);
                return read
                    .map(Some)
                    .map_err(|error| self.client.protocol("a stream has an object a line", error));
            }
            self.buffer.drain(..self.at);
            self.at = 0;
            if self.buffer.len() > LONGEST_BYTES {
                return Err(self.client.protocol("a stream has an object a line", "a line has no end"));
            }
            let broken = |cause| ClientError::Broken { server: self.client.server().to_owned(), cause };
            match timeout(SILENCE, self.answer.chunk()).await {
                Ok(Ok(Some(chunk))) => self.buffer.extend_from_slice(&chunk),
                Ok(Ok(None)) if self.buffer.is_empty() => return Ok(None),
                Ok(Ok(None)) => return Err(broken("it ended within a line".into())),
                Ok(Err(error)) => return Err(broken(error.into())),
                Err(_) => return Err(broken(format!("not a word for {} s", SILENCE.as_secs()).into())),
            }
        }
    }
}
