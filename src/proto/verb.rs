//! Verbs: what a node can be told to do, and the arguments of those that every node of ours knows.

use std::collections::BTreeMap;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    endpoint::{Empty, endpoints},
    example,
    page::Page,
};

endpoints! {
    /// Lists the verbs that any agent announced, with the schema of their arguments and who knows them.
    ListVerbs: GET "/api/v1/verbs", Viewer, Empty => Page<Verb> { SCOPED: bool = true; };
}

/// What a verb does to its node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// It looks. It is not journalled, and done again where it broke off.
    Reads,
    /// To do it twice is the same as to do it once; it is done again where it broke off.
    Idempotent,
    /// To do it twice is not the same: where it broke off, its outcome is `unknown`.
    Acts,
}

/// A verb.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(example = example::verb())]
pub struct Verb {
    /// Its name.
    pub name: String,
    /// What it does, in a line.
    pub about: String,
    /// What it does to its node.
    pub effect: Effect,
    /// The JSON schema of its arguments; what is `writeOnly` in it is kept secret.
    pub schema: serde_json::Value,
    /// Seconds it may take unless the command says.
    pub timeout_s: Option<u32>,
    /// Whether it comes with Worpen; otherwise a site defined it.
    pub is_built_in: bool,
    /// The agents that announced it, by name; at most 1,000.
    pub agents: Vec<String>,
}

/// A verb that a site defined: an executable with a manifest in the agent's verbs folder.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SiteVerb {
    /// Its name.
    pub name: String,
    /// What it does, in a line.
    #[serde(default)]
    pub about: String,
    /// Whether to do it twice is the same as to do it once.
    #[serde(default)]
    pub idempotent: bool,
    /// Seconds it may take unless the command says.
    #[serde(default)]
    pub timeout_s: Option<u32>,
    /// The JSON schema of its arguments.
    pub schema: serde_json::Value,
}

/// The arguments of `exec`: runs a program on the node, without a shell.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("additionalProperties" = false))]
pub struct ExecArgs {
    /// The program and its arguments, as they are: no shell reads them.
    #[schemars(length(min = 1, max = 1024))]
    pub argv: Vec<String>,
    /// Variables beside those of the agent's own small environment.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub env: BTreeMap<String, String>,
    /// Variables whose values are kept secret.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(extend("writeOnly" = true))]
    pub secret_env: BTreeMap<String, String>,
    /// The folder that it runs in; `/` unless told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub folder: Option<String>,
    /// The user that it runs as, by name or number; the agent's own unless told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// What it reads from its standard input; nothing unless told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stdin: Option<String>,
    /// The same where it is no UTF-8, base64.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stdin_base64: Option<String>,
}

/// The arguments of `docker.exec`: runs a program in a container, without a shell.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("additionalProperties" = false))]
pub struct DockerExecArgs {
    /// The container: its id, a prefix of it, or its name.
    pub container: String,
    /// The program and its arguments, as they are.
    #[schemars(length(min = 1, max = 1024))]
    pub argv: Vec<String>,
    /// Variables beside the container's.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub env: BTreeMap<String, String>,
    /// Variables whose values are kept secret.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(extend("writeOnly" = true))]
    pub secret_env: BTreeMap<String, String>,
    /// The folder that it runs in; the container's unless told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub folder: Option<String>,
    /// The user that it runs as; the container's unless told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// What it reads from its standard input; nothing unless told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stdin: Option<String>,
    /// The same where it is no UTF-8, base64.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stdin_base64: Option<String>,
}

/// The arguments of `docker.run`: makes a container of an image and starts it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("additionalProperties" = false))]
pub struct DockerRunArgs {
    /// The image; it must be on the node (`docker.pull` brings it).
    pub image: String,
    /// The container's name; the engine makes one up unless told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The program and its arguments; the image's unless told.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 1024))]
    pub argv: Vec<String>,
    /// Variables beside the image's.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub env: BTreeMap<String, String>,
    /// Variables whose values are kept secret.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(extend("writeOnly" = true))]
    pub secret_env: BTreeMap<String, String>,
    /// Labels.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
    /// Ports to publish, each `[ADDRESS:]HOST_PORT:CONTAINER_PORT[/udp]`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ports: Vec<String>,
    /// Folders and volumes to mount, each `SOURCE:TARGET[:ro]`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub volumes: Vec<String>,
    /// The network; the engine's default unless told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub network: Option<String>,
    /// When the engine starts it again: `no`, `always`, `unless-stopped` or `on-failure`; `no` unless told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restart: Option<String>,
    /// The user that it runs as; the image's unless told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// Whether to wait for its end, with its output as this command's; otherwise it goes on by itself.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub attach: bool,
    /// Whether it is removed when it ends.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub remove: bool,
}

/// Names a container: the arguments of `docker.start`, `docker.inspect` and `docker.stats`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("additionalProperties" = false))]
pub struct ContainerArgs {
    /// The container: its id, a prefix of it, or its name.
    pub container: String,
}

/// The arguments of `docker.stop` and `docker.restart`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("additionalProperties" = false))]
pub struct DockerStopArgs {
    /// The container: its id, a prefix of it, or its name.
    pub container: String,
    /// Seconds between the stop signal and the kill; what the container says unless told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(max = 300))]
    pub timeout_s: Option<u32>,
}

/// The arguments of `docker.rm`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("additionalProperties" = false))]
pub struct DockerRemoveArgs {
    /// The container: its id, a prefix of it, or its name.
    pub container: String,
    /// Whether a running one may be killed first.
    #[serde(default)]
    pub force: bool,
}

/// The arguments of `docker.pull`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("additionalProperties" = false))]
pub struct DockerPullArgs {
    /// The image: `nginx:1.29`, `registry:5000/shop/api@sha256:...`.
    pub image: String,
}

/// The arguments of `docker.prune`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("additionalProperties" = false))]
pub struct DockerPruneArgs {
    /// Whether images with a name go too.
    #[serde(default)]
    pub all: bool,
}

/// The arguments of `docker.ps`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("additionalProperties" = false))]
pub struct DockerPsArgs {
    /// Whether those that do not run are told too.
    #[serde(default)]
    pub all: bool,
}

/// The arguments of `docker.logs`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("additionalProperties" = false))]
pub struct DockerLogsArgs {
    /// The container: its id, a prefix of it, or its name.
    pub container: String,
    /// The last so many lines; all unless told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tail: Option<u32>,
    /// From this moment on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
    /// Up to this moment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// Whether to go on with what comes, until the timeout.
    #[serde(default)]
    pub follow: bool,
}
