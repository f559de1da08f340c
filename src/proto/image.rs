//! Images, as the node's engine tells of them.

use std::sync::Arc;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{command::Command, endpoint::endpoints, example, output::Part, page::Page};
use crate::id::{AgentId, CommandId, ExecutionId};

endpoints! {
    /// Lists the images that the nodes hold.
    ListImages: GET "/api/v1/images", Viewer, ListImagesRequest => Page<Image> {
        SCOPED: bool = true;
        SUCCESS: &'static [u16] = &[200, 304];
        REFUSALS: &'static [u16] = &[404];
    };
    /// Pulls an image on nodes. Without `agents` or `node`: on every linked node that has a container engine.
    PullImage: POST "/api/v1/images/pull", Operator, PullImageRequest => Command {
        SCOPED: bool = true;
        QUERY: &'static [&'static str] = &["wait"];
        SUCCESS: &'static [u16] = &[200, 202];
        REFUSALS: &'static [u16] = &[404, 409];
        KEYED: bool = true;
    };
    /// Removes from nodes the images and networks that no container uses, and the build cache; never containers or volumes.
    PruneDocker: POST "/api/v1/docker/prune", Operator, PruneRequest => Command {
        SCOPED: bool = true;
        QUERY: &'static [&'static str] = &["wait"];
        SUCCESS: &'static [u16] = &[200, 202];
        REFUSALS: &'static [u16] = &[404, 409];
        KEYED: bool = true;
    };
}

/// Asks for an image to be pulled.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[schemars(example = example::pull_image())]
pub struct PullImageRequest {
    /// The image, `registry/repository:tag` or `repository@sha256:...`; the tag is `latest` unless told.
    pub image: String,
    /// The nodes, by name or id; every linked node with a container engine unless told.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub agents: Vec<String>,
    /// The node, where it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node: Option<String>,
    /// Seconds that the pull may take on a node, 1 to 86,400; 1,800 unless told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 86400))]
    pub timeout_s: Option<u32>,
    /// Seconds to wait for the end, 0 to 300; 30 unless told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(max = 300))]
    pub wait: Option<u32>,
}

/// Asks for a clean-up.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[schemars(example = example::prune())]
pub struct PruneRequest {
    /// Whether every image that no container uses goes, and all of the build cache; else only images without a name.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub all: bool,
    /// The nodes, by name or id; every linked node with a container engine unless told.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub agents: Vec<String>,
    /// The node, where it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node: Option<String>,
    /// Seconds to wait for the end, 0 to 300; 30 unless told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(max = 300))]
    pub wait: Option<u32>,
}

/// How far a pull is on one node; live, the latest counts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(example = example::pull_progress())]
pub struct PullProgress {
    /// The command.
    pub command: CommandId,
    /// The execution on this node.
    pub execution: ExecutionId,
    /// The node.
    pub node: String,
    /// The image.
    pub image: String,
    /// When, by the node's clock.
    pub time: Timestamp,
    /// Bytes that are done, over all layers whose size is known.
    pub done_bytes: u64,
    /// Bytes in all, over all layers whose size is known.
    pub total_bytes: u64,
    /// The layers, in the order in which the engine named them.
    pub layers: Vec<Part>,
}

/// What a pull gave, as the result of its execution.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Pulled {
    /// Whether anything came that was not there.
    pub changed: bool,
    /// The image's id, `sha256:...`.
    pub image_id: Option<String>,
    /// What the registry knows it by, `sha256:...`.
    pub digest: Option<String>,
}

/// What a clean-up removed, as the result of its execution.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Pruned {
    /// Whether anything went.
    pub changed: bool,
    /// The ids of images and layers that went.
    pub images_deleted: Vec<String>,
    /// The names that images lost.
    pub images_untagged: Vec<String>,
    /// The names of networks that went.
    pub networks_deleted: Vec<String>,
    /// Entries of the build cache that went; `null` where the engine has none to clean.
    pub build_cache_deleted: Option<u64>,
    /// Bytes that are free again.
    pub reclaimed_bytes: u64,
}

/// Asks for images.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[schemars(example = example::list_images())]
pub struct ListImagesRequest {
    /// Only those on this node.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node: Option<String>,
    /// Only images for which this expression holds: `size > 500000000 && len(tags) == 0`.
    #[serde(default, rename = "where", skip_serializing_if = "Option::is_none")]
    pub selector: Option<String>,
    /// The fields to sort by, separated by commas, a minus before those that go downwards: `-size`. By node and id
    /// unless told; what has no value comes last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sort: Option<String>,
    /// The most items to return, 1 to 1,000; 100 unless told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 1000))]
    pub limit: Option<u32>,
    /// `next_cursor` of the page before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
}

/// What the engine says of an image.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ImageFacts {
    /// The engine's id, `sha256:...`.
    pub id: Arc<str>,
    /// The names it goes by, `repository:tag`.
    #[serde(default)]
    pub tags: Vec<Arc<str>>,
    /// What a registry knows it by, `repository@sha256:...`.
    #[serde(default)]
    pub digests: Vec<Arc<str>>,
    /// Bytes on disk.
    pub size_bytes: u64,
    /// When it was made.
    #[serde(default)]
    pub created_at: Option<Timestamp>,
}

/// An image on a node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(example = example::image())]
pub struct Image {
    /// What the engine says.
    #[serde(flatten)]
    pub facts: ImageFacts,
    /// The name of the node it is on.
    pub node: Arc<str>,
    /// The id of that node's agent.
    pub agent: AgentId,
    /// Since when the node has not been heard of; `null` while it is.
    pub stale_since: Option<Timestamp>,
}
