//! What touches the world: the store, the container engine, the node's own measurements, files of the audit log.

pub mod age;
pub mod audit;
pub mod backup;
pub mod disk;
pub mod docker;
pub mod keys;
pub mod log;
pub mod process;
pub mod seed;
pub mod store;
pub mod telemetry;
