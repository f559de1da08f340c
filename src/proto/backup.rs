//! A copy of everything that a server keeps.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    endpoint::{Content, endpoints},
    example,
};

endpoints! {
    /// Takes a backup of the server, encrypted for the keys that its settings name.
    CreateBackup: POST "/api/v1/backups", Admin, BackupRequest => String {
        CONTENT: Content = Content::Bytes;
        REFUSALS: &'static [u16] = &[409, 507];
    };
}

/// Asks for a backup. It always holds the control data and the server's keys.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(example = example::backup_request())]
pub struct BackupRequest {
    /// Also what commands printed.
    #[serde(default)]
    pub output: bool,
    /// Also what the nodes measured.
    #[serde(default)]
    pub telemetry: bool,
}
