//! The agent, from the outside: a server that is played by hand, and a real container engine.

pub(crate) mod docker;
mod fleet;
mod hostile;
mod link;
mod orders;
mod plain;
