//! The agent, from the outside: a server that is played by hand, and a real container engine.

#![expect(clippy::unwrap_used, reason = "what the tests share is test code too")]

mod docker;
mod fleet;
mod link;
mod orders;
