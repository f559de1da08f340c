//! Behaviour of the whole, in one binary.

mod cli;
mod store;
