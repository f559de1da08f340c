//! Images, as the node's engine tells of them.

use std::sync::Arc;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{endpoint::endpoints, example, page::Page};
use crate::id::AgentId;

endpoints! {
    /// Lists the images that the nodes hold.
    ListImages: GET "/api/v1/images", Viewer, ListImagesRequest => Page<Image> {
        SUCCESS: &'static [u16] = &[200, 304];
        REFUSALS: &'static [u16] = &[404];
    };
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
