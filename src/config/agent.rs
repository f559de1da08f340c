//! What an agent is told at its start.

use std::{collections::BTreeMap, path::PathBuf};

/// The most bytes that wait in the spool unless told: 64 MiB.
pub const SPOOL_BYTES: u64 = 64 * 1024 * 1024;

/// The most bytes of output that wait for the server unless told: 256 MiB.
pub const OUTPUT_BYTES: u64 = 256 * 1024 * 1024;

/// How many executions run at once unless told.
pub const MAX_RUNNING: usize = 64;

/// Where Docker listens unless told otherwise.
const DOCKER_SOCKET: &str = "/var/run/docker.sock";

/// What an agent needs to know; how often it speaks comes from the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AgentConfig {
    /// The server, `http://HOST:PORT` or `https://HOST:PORT`; empty for the one that the node joined.
    pub server: String,
    /// The folder of the agent's identity and state, made with mode 0700 when it is missing.
    pub data: PathBuf,
    /// Names and values that the operator gives this node.
    pub labels: BTreeMap<String, String>,
    /// The most bytes that wait in the spool while there is no link; the oldest telemetry goes first.
    pub spool_bytes: u64,
    /// The most bytes of output that wait for the server; of executions that ended, the oldest goes first.
    pub output_bytes: u64,
    /// How many executions run at once; further orders wait for their turn.
    pub max_running: usize,
    /// The container engine's socket, with or without `unix://`; there need not be one.
    pub docker: String,
    /// The folder of the verbs that this site defined; `verbs` in the data folder unless told.
    pub verbs: Option<PathBuf>,
    /// The file of this node's own policy, without which no order is obeyed; unless told, `policy.toml` in the data
    /// folder, if there is one.
    pub policy: Option<PathBuf>,
    /// Whether whoever shows a certificate of an authority that this system trusts may stand in for the server's own, as a TLS
    /// proxy does. Without it an invitation that names an authority is shown to nobody else.
    pub trust_system_roots: bool,
}

impl AgentConfig {
    /// The defaults for a server and a data folder; the engine's socket is `DOCKER_HOST`, else Docker's own place.
    #[must_use]
    pub fn new(server: impl Into<String>, data: impl Into<PathBuf>) -> Self {
        Self {
            server: server.into(),
            data: data.into(),
            labels: BTreeMap::new(),
            spool_bytes: SPOOL_BYTES,
            output_bytes: OUTPUT_BYTES,
            max_running: MAX_RUNNING,
            docker: std::env::var("DOCKER_HOST").unwrap_or_else(|_| DOCKER_SOCKET.to_owned()),
            verbs: None,
            policy: None,
            trust_system_roots: false,
        }
    }
}
