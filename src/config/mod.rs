//! Settings: defaults, then file, then environment, then flags. `settings` declares every key once.

pub mod agent;
pub mod client;
pub mod context;
pub mod folder;
pub mod key;
pub mod layer;
pub mod network;
pub mod private;
pub mod problem;
pub mod recipient;
pub mod sample;
pub mod secret;
pub mod server;
pub mod settings;
pub mod transport;
pub mod trust;
pub mod value;
