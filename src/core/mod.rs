//! The rules: pure, without tokio and I/O; time, randomness and the outside come in as arguments.

pub mod access;
pub mod audit;
pub mod change;
pub mod envelope;
pub mod error;
pub mod invitation;
pub mod port;
pub mod signing;
