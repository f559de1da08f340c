//! Worpen: see, command, heal and ship to every machine of a fleet, from a terminal.

pub mod agent;
pub mod api;
pub mod cli;
pub mod client;
pub mod config;
pub mod core;
pub mod id;
pub mod infra;
pub mod proto;
pub mod server;
