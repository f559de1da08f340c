//! Settings: defaults, then file, then environment, then flags.

pub mod agent;
pub mod context;
pub mod folder;
pub mod private;
pub mod secret;
pub mod server;
