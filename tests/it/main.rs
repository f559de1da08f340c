//! Behaviour of the whole, in one binary.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod access;
mod agent;
mod api;
mod cli;
mod harness;
mod layering;
mod node;
mod store;
mod support;
