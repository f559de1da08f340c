//! Behaviour of the whole, in one binary.

mod store;
