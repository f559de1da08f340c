//! What the rules need of the outside, as traits that `infra` and `api` implement.

pub mod backup;
pub mod keys;
pub mod links;
pub mod outputs;
pub mod records;
pub mod store;
pub mod telemetry;

use std::fmt;

/// Why the store did not answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StoreError {
    /// It cannot serve just now: what it said, for the log.
    Unavailable(String),
    /// What it holds cannot be read: where and why, for the log.
    Corrupt(String),
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unavailable(detail) => write!(f, "the store cannot serve: {detail}"),
            Self::Corrupt(detail) => write!(f, "the store holds what cannot be read: {detail}"),
        }
    }
}

impl std::error::Error for StoreError {}
