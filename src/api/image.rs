//! Images.

pub(super) mod prune;
pub(super) mod pull;

use super::{
    call::{Answer, Call},
    page::{limit_of, not_a_cursor, page},
};
use crate::{
    core::error::Error,
    proto::image::{Image, ListImages},
};

pub(super) async fn list(call: Call<ListImages>) -> Result<Answer<ListImages>, Error> {
    let request = &call.request;
    let limit = limit_of(request.limit)?;
    let fleet = call.app.fleet.read();
    let node = match &request.node {
        Some(node) => Some(fleet.agent(node)?.id),
        None => None,
    };
    let wanted = fleet
        .images_after(request.cursor.as_deref().unwrap_or_default())
        .ok_or_else(not_a_cursor)?
        .filter(|item| node.is_none_or(|node| item.agent == node))
        .map(|item| Image { stale_since: fleet.stale_since(item.agent), ..item.clone() });
    Ok(Answer::ok(&page(wanted, limit, |item| format!("{}/{}", item.agent, item.facts.id))))
}
