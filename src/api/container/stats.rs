//! What a container uses.

use serde_json::json;

use crate::{
    api::{
        call::{Answer, Call},
        question::{ask, unreadable},
    },
    core::{command::DOCKER_STATS, error::Error},
    proto::container::GetContainerStats,
};

pub(in crate::api) async fn get(call: Call<GetContainerStats>) -> Result<Answer<GetContainerStats>, Error> {
    let mut begun = ask(&call, DOCKER_STATS, &call.request.id, json!({})).await?;
    let document = begun.document().await?;
    let stats = serde_json::from_slice(&document).map_err(|_| unreadable(&begun.container.node))?;
    Ok(Answer::ok(&stats))
}
