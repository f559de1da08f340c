//! The words on the wire: serde and JSON schemas, no behaviour beyond reading and writing themselves.

pub mod agent;
pub mod auth;
pub mod command;
pub mod container;
pub mod dashboard;
pub mod docs;
pub mod endpoint;
pub mod envelope;
pub mod event;
mod example;
pub mod health;
pub mod heartbeat;
pub mod image;
pub mod invitation;
pub mod labels;
pub mod link;
pub mod metrics;
pub mod output;
pub mod page;
pub mod plain;
pub mod problem;
pub mod service;
pub mod statistics;
pub mod status;
pub mod telemetry;
pub mod user;
