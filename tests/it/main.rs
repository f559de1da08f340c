//! Behaviour of the whole, in one binary.

#![cfg(test)]

mod access;
mod agent;
mod api;
mod cli;
mod halves;
mod harness;
mod layering;
mod node;
mod openapi;
mod store;
mod support;
