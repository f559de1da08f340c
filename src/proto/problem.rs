//! The body of every error: `application/problem+json` (RFC 9457).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::example;

/// The media type of [`Problem`].
pub const PROBLEM_JSON: &str = "application/problem+json";

/// What went wrong, for a person and for a program.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(example = example::problem())]
pub struct Problem {
    /// A URI reference that names the kind of problem; `about:blank` when `status` says it all.
    #[serde(rename = "type")]
    pub kind: String,
    /// The kind of problem in a few words.
    pub title: String,
    /// The HTTP status code.
    pub status: u16,
    /// What happened this time, and the cure where there is one.
    pub detail: String,
    /// A stable, machine-readable name (`agent_not_found`).
    pub code: String,
    /// The request this answers; quote it when asking for help.
    pub request_id: String,
    /// The fields that are wrong, when fields are wrong.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldError>,
}

/// One wrong field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FieldError {
    /// A JSON pointer (RFC 6901) into the request, `/wait`.
    pub pointer: String,
    /// What is wrong with it and what was expected.
    pub detail: String,
}
