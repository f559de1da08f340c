//! Worpen: see, command, heal and ship to every machine of a fleet, from a terminal.
//!
//! One binary is the server, the agent on each node, and the terminal. The modules, in reading order:
//!
//! - [`proto`]: the words on the wire, and each call of the API declared once ([`proto::endpoint::Endpoint`]).
//! - [`core`]: the rules, pure; [`core::usecase`] builds a [`core::change::Change`] for everything that happens.
//! - [`config`]: what the parts are told at their start.
//! - [`infra`]: what touches the world: the store, the container engine, the node's measurements.
//! - [`api`]: the HTTP and WebSocket face of the server; [`api::api`] is the whole route table.
//! - [`server`] and [`agent`]: the two long-running halves.
//! - [`client`] and [`cli`]: typed calls, and the command line over them.
//! - [`sim`]: simulated agents, to size a server.
//!
//! What holds everywhere:
//!
//! - A node is only ever touched by a command: signed by the server, verified by the agent before it is read.
//! - Whatever happens is an event, appended in the transaction that changed the state.
//! - Nothing writes control data but [`core::port::store::Store::commit`].
//! - `core` knows neither tokio nor I/O; time and randomness are arguments.
//! - Only `cli::printer` writes to the terminal; no other module may print or exit.
//! - There is no global state.

/// Ends the process where a test said so (`FAILPOINTS="agent.began=return"`); nothing in a build without the feature
/// `failpoints` of the crate `fail`, which only tests turn on.
macro_rules! crash_point {
    ($name:literal) => {
        fail::fail_point!($name, |_| std::process::abort());
    };
}

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
pub mod sim;
pub mod tui;
