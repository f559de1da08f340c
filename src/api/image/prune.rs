//! Removing what nothing uses.

use serde_json::json;

use crate::{
    api::{
        call::{Answer, Call},
        command,
    },
    core::{
        command::DOCKER_PRUNE,
        error::Error,
        port::links::Links,
        target::with_engine,
        usecase::dispatch::{How, Order},
    },
    proto::image::PruneDocker,
};

/// Seconds that a clean-up may take: an engine deletes many gigabytes slowly.
const TIMEOUT_S: u32 = 600;

pub(in crate::api) async fn prune(call: Call<PruneDocker>) -> Result<Answer<PruneDocker>, Error> {
    let request = &call.request;
    let targets =
        with_engine(&call.sight.fleet().read(), &request.agents, request.node.as_deref(), |agent| {
            call.app.hub.is_linked(agent)
        })?;
    let order = Order {
        verb: DOCKER_PRUNE.into(),
        args: json!({ "all": request.all }),
        targets,
        resource: "docker".to_owned(),
        timeout_s: TIMEOUT_S.max(call.app.settings.command_timeout_s),
        how: How::of(DOCKER_PRUNE),
    };
    command::give(&call, order, request.wait).await
}
