//! What touches the world: the store, the container engine, the node's own measurements.

pub mod docker;
pub mod log;
pub mod process;
pub mod seed;
pub mod store;
pub mod telemetry;
