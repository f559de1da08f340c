//! Behaviour of the whole, in one binary.

#![cfg(test)]

mod store;
mod support;
