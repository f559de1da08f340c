//! The rules: pure, without tokio and I/O; time, randomness and the outside come in as arguments.

pub mod access;
pub mod agent;
pub mod audit;
pub mod change;
pub mod command;
pub mod container;
pub mod envelope;
pub mod error;
pub mod fleet;
pub mod invitation;
pub mod liveness;
pub mod node_time;
pub mod password;
pub mod port;
pub mod signing;
pub mod statement;
pub mod telemetry;
pub mod token;
pub mod usecase;
