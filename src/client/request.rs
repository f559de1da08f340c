//! [`Wire`]: a request struct taken apart into path, query and body, as [`Endpoint`] says.

use std::time::Duration;

use http::Method;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::Url;
use serde_json::{Map, Value};

use super::{ANSWER_TIMEOUT, Cause, ClientError};
use crate::proto::endpoint::Endpoint;

/// Everything but the unreserved characters of RFC 3986, section 2.3; a slash inside a name must not part it.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A request, ready to be sent any number of times.
#[derive(Clone, Debug)]
pub(super) struct Wire {
    pub(super) method: Method,
    path: String,
    query: Vec<(String, String)>,
    pub(super) body: Option<Value>,
}

impl Wire {
    pub(super) fn new<E: Endpoint>(request: &E::Request) -> Result<Self, ClientError> {
        let mut fields = fields(request)?;
        let path = path(E::PATH, &mut fields)?;
        let has_body = E::METHOD == Method::POST || E::METHOD == Method::PUT;
        let (query, rest): (Map<String, Value>, Map<String, Value>) =
            fields.into_iter().partition(|(name, _)| !has_body || E::QUERY.contains(&name.as_str()));
        Ok(Self {
            method: E::METHOD,
            path,
            query: query.into_iter().map(|(name, value)| (name, text(&value))).collect(),
            body: has_body.then_some(Value::Object(rest)),
        })
    }

    /// Puts a field of the query in place of any other of its name.
    pub(super) fn set_query(&mut self, name: &str, value: impl Into<String>) {
        self.query.retain(|(other, _)| other != name);
        self.query.push((name.to_owned(), value.into()));
    }

    pub(super) fn asks_for(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str())
    }

    /// How long the answer may take: what the request asks the server to wait, and some more.
    pub(super) fn patience(&self) -> Duration {
        let asked = self.asks_for("wait").and_then(|seconds| seconds.parse().ok()).unwrap_or(0);
        ANSWER_TIMEOUT + Duration::from_secs(asked)
    }

    pub(super) fn url(&self, base: &Url) -> Url {
        let mut url = base.clone();
        url.set_path(&self.path);
        if !self.query.is_empty() {
            url.query_pairs_mut().extend_pairs(&self.query);
        }
        url
    }
}

/// The fields of a request that say something.
fn fields(request: &impl serde::Serialize) -> Result<Map<String, Value>, ClientError> {
    let defect = |cause: Cause| ClientError::Setup { cause };
    match serde_json::to_value(request).map_err(|error| defect(error.into()))? {
        Value::Object(fields) => Ok(fields.into_iter().filter(|(_, value)| !value.is_null()).collect()),
        other => Err(defect(format!("a request is an object, not {other}").into())),
    }
}

/// Fills `{field}` placeholders, taking the fields away.
fn path(template: &str, fields: &mut Map<String, Value>) -> Result<String, ClientError> {
    let mut filled = Vec::new();
    for segment in template.split('/') {
        let Some(name) = segment.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) else {
            filled.push(segment.to_owned());
            continue;
        };
        let value = fields.remove(name).map(|value| text(&value)).unwrap_or_default();
        // A URL swallows these two, in whatever spelling, and an empty one names the list.
        if matches!(value.as_str(), "" | "." | "..") {
            return Err(ClientError::Name { name: value });
        }
        filled.push(utf8_percent_encode(&value, RESERVED).to_string());
    }
    Ok(filled.join("/"))
}

fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(values) => values.iter().map(text).collect::<Vec<_>>().join(","),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests;
