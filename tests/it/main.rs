//! Behaviour of the whole, in one binary.

#![cfg(test)]

mod access;
mod agent;
mod api;
mod audit;
mod cli;
mod config;
mod engine;
mod exact;
mod faults;
mod foreign;
mod halves;
mod harness;
mod layering;
mod node;
mod openapi;
mod sim;
mod store;
mod support;
mod tls;
mod tui;
