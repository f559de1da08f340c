//! The store: SQLite files for control data, for telemetry, and for what executions print.
//!
//! A caller's [`Change`](crate::core::change::Change) waits in the queue of one writer thread (`writer`), which takes
//! all that wait and commits them together (`batch`), each as a whole or not at all, with their events and audit
//! entries appended last (`journal`). Reads run on threads of their own (`readers`); a file per noun reads it.
//! Telemetry has another file, another writer and other readers, so that neither can stall the other.

mod agent;
mod anchor;
mod audit;
mod batch;
mod command;
mod connection;
mod container;
mod copy;
mod count;
mod credential;
mod error;
mod event;
mod execution;
mod idempotency;
mod image;
mod invitation;
mod journal;
mod key;
mod migration;
mod output;
mod plan;
mod readers;
mod records;
mod row;
mod schedule;
mod session;
mod size;
mod sqlite;
mod statements;
mod statistics;
mod telemetry;
mod user;
mod worker;
mod writer;

pub use copy::{Holding, check, copy, holding};
pub use error::OpenError;
pub use output::SqliteOutputs;
pub use size::sizes;
pub use sqlite::SqliteStore;
pub use telemetry::SqliteTelemetry;
