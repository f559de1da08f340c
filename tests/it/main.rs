//! Behaviour of the whole, in one binary.

mod access;
mod harness;
mod layering;
mod store;
mod support;
