//! [`Cursor`]: the last record of a page, so that the next page begins after it whatever changed meanwhile.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};

use super::order::Key;

/// The most bytes of a cursor from outside.
const MAX_BYTES: usize = 32 * 1024;

/// Where a page ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cursor {
    /// What asked for the page: filters, expression and sort, hashed. A cursor of another list means nothing here.
    #[serde(rename = "q")]
    pub query: String,
    /// The last record's keys of the sort.
    #[serde(rename = "k", default, skip_serializing_if = "Vec::is_empty")]
    pub keys: Vec<Key>,
    /// The last record's id.
    #[serde(rename = "i")]
    pub id: String,
}

impl Cursor {
    /// The cursor as text, base64url.
    #[must_use]
    pub fn encode(&self) -> String {
        let plain = serde_json::to_vec(self).expect("texts and numbers always serialize");
        URL_SAFE_NO_PAD.encode(plain)
    }

    /// Reads a cursor; `None` when it is none.
    #[must_use]
    pub fn decode(text: &str) -> Option<Self> {
        if text.len() > MAX_BYTES {
            return None;
        }
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(text).ok()?).ok()
    }
}
