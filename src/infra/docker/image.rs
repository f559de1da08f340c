//! Images as they come and go: pulled with progress, and cleaned up.

use bollard::{
    models::{BuildPruneResponse, CreateImageInfo},
    query_parameters::{
        CreateImageOptionsBuilder, PruneBuildOptionsBuilder, PruneImagesOptionsBuilder, PruneNetworksOptions,
    },
};
use futures_util::StreamExt;
use std::collections::HashMap;

use super::{Engine, EngineError, known};
use crate::proto::{
    image::{Pruned, Pulled},
    output::Part,
};

impl Engine {
    /// Pulls an image, and shows how far each layer is whenever the engine says so.
    ///
    /// # Errors
    /// Says in the engine's words why it did not come.
    pub async fn pull(
        &self,
        image: &str,
        mut show: impl FnMut(&[Part]) + Send,
    ) -> Result<Pulled, EngineError> {
        // Without a tag the engine would pull every one.
        let tag = if is_bare(image) { "latest" } else { "" };
        let options = CreateImageOptionsBuilder::default().from_image(image).tag(tag).build();
        let mut messages = Box::pin(self.docker.create_image(Some(options), None, None));
        let (mut parts, mut pulled) = (Vec::new(), Pulled { changed: false, image_id: None, digest: None });
        while let Some(message) = messages.next().await {
            let message = message?;
            let status = message.status.clone().unwrap_or_default();
            if let Some(digest) = status.strip_prefix("Digest: ") {
                pulled.digest = Some(digest.to_owned());
            } else if status.starts_with("Status: Downloaded newer image") {
                pulled.changed = true;
            } else if note(&mut parts, message, status) {
                show(&parts);
            }
        }
        pulled.image_id = self.image(image).await?.map(|facts| facts.id.to_string());
        Ok(pulled)
    }

    /// Removes images and networks that no container uses, and the build cache: images without a name only, unless
    /// `all`. Never containers, never volumes.
    ///
    /// # Errors
    /// Says in the engine's words why it stopped; what went before is gone.
    pub async fn prune(&self, all: bool) -> Result<Pruned, EngineError> {
        let dangling = if all { "false" } else { "true" };
        let filters = HashMap::from([("dangling", vec![dangling])]);
        let options = PruneImagesOptionsBuilder::default().filters(&filters).build();
        let images = self.docker.prune_images(Some(options)).await?;
        let networks = self.docker.prune_networks(None::<PruneNetworksOptions>).await?;
        let options = PruneBuildOptionsBuilder::default().all(all).build();
        // An engine without a builder does not know the call.
        let cache: Option<BuildPruneResponse> =
            known(self.docker.prune_build(Some(options)).await.map_err(EngineError::from))?;
        let mut pruned = Pruned {
            networks_deleted: networks.networks_deleted.unwrap_or_default(),
            reclaimed_bytes: bytes(images.space_reclaimed)
                + cache.as_ref().map_or(0, |cache| bytes(cache.space_reclaimed)),
            build_cache_deleted: cache
                .map(|cache| cache.caches_deleted.map_or(0, |entries| entries.len() as u64)),
            ..Pruned::default()
        };
        for item in images.images_deleted.unwrap_or_default() {
            pruned.images_deleted.extend(item.deleted);
            pruned.images_untagged.extend(item.untagged);
        }
        pruned.changed = !pruned.images_deleted.is_empty()
            || !pruned.images_untagged.is_empty()
            || !pruned.networks_deleted.is_empty()
            || pruned.build_cache_deleted.is_some_and(|entries| entries > 0);
        Ok(pruned)
    }
}

/// Whether a reference names neither a tag nor a digest; a colon before the last slash is a registry's port.
fn is_bare(image: &str) -> bool {
    !image.contains('@') && !image.rsplit('/').next().unwrap_or_default().contains(':')
}

/// Notes what a message says of a layer; `false` when it is about none.
fn note(parts: &mut Vec<Part>, message: CreateImageInfo, status: String) -> bool {
    let Some(id) = message.id.filter(|_| !status.starts_with("Pulling from")) else { return false };
    let at = parts.iter().position(|part| part.id == id).unwrap_or_else(|| {
        parts.push(Part { id, status: String::new(), done_bytes: None, total_bytes: None });
        parts.len() - 1
    });
    let part = &mut parts[at];
    let count =
        |count: Option<i64>| count.and_then(|count| u64::try_from(count).ok()).filter(|count| *count > 0);
    let detail = message.progress_detail.unwrap_or_default();
    let (current, total) = (count(detail.current), count(detail.total));
    match status.as_str() {
        "Downloading" => {
            part.total_bytes = total.or(part.total_bytes);
            part.done_bytes = current;
        }
        // What is unpacked has come: counting it again would let the bar fall back.
        "Extracting" => {
            part.total_bytes = part.total_bytes.or(total);
            part.done_bytes = part.total_bytes;
        }
        "Verifying Checksum" | "Download complete" | "Pull complete" => part.done_bytes = part.total_bytes,
        _ => {}
    }
    part.status = status;
    true
}

fn bytes(count: Option<i64>) -> u64 {
    count.and_then(|count| u64::try_from(count).ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests;
