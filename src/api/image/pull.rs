//! Pulling images.

use serde_json::json;

use crate::{
    api::{
        call::{Answer, Call},
        command,
    },
    core::{
        command::DOCKER_PULL,
        error::Error,
        image::is_reference,
        port::links::Links,
        target::with_engine,
        usecase::dispatch::{How, Order},
    },
    proto::image::PullImage,
};

/// Seconds that a pull may take unless its caller says otherwise: images are large and registries far.
const DEFAULT_TIMEOUT_S: u32 = 1800;
/// The longest that a caller may give it.
const MAX_TIMEOUT_S: u32 = 86_400;

pub(in crate::api) async fn pull(call: Call<PullImage>) -> Result<Answer<PullImage>, Error> {
    let request = &call.request;
    if !is_reference(&request.image) {
        return Err(Error::field("image", "expected a reference such as registry.example.com/shop/web:1.4"));
    }
    let timeout_s = request.timeout_s.unwrap_or(DEFAULT_TIMEOUT_S);
    if !(1..=MAX_TIMEOUT_S).contains(&timeout_s) {
        return Err(Error::field("timeout_s", format!("expected 1 to {MAX_TIMEOUT_S} seconds")));
    }
    let targets =
        with_engine(&call.sight.fleet().read(), &request.agents, request.node.as_deref(), |agent| {
            call.app.hub.is_linked(agent)
        })?;
    let order = Order {
        verb: DOCKER_PULL.into(),
        args: json!({ "image": request.image }),
        targets,
        resource: format!("image/{}", request.image),
        timeout_s,
        how: How::of(DOCKER_PULL),
    };
    command::give(&call, order, request.wait).await
}
