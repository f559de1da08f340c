//! The agent, from the outside: a server that is played by hand, and a real container engine.

mod crash;
pub(crate) mod docker;
mod exec;
pub(crate) mod fleet;
mod gate;
mod hostile;
mod inside;
mod link;
mod orders;
mod output;
mod plain;
