//! Behaviour of the whole, in one binary.

mod agent;
mod store;
mod support;
