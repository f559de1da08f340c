//! The API described by itself: OpenAPI 3.1 and a page, both made at start from the route table.

mod description;
mod markup;
mod openapi;
mod page;
mod words;

use super::{
    call::{Answer, Call},
    fixed::Fixed,
};
use crate::{
    core::error::Error,
    proto::docs::{GetApiDocs, GetOpenApi},
};

pub(super) use description::Description;

/// What is served of the description; it never changes while the server runs.
pub struct Docs {
    openapi: Fixed,
    page: Fixed,
}

impl Docs {
    pub(super) fn of(description: &Description) -> Self {
        let document = openapi::document(description);
        let text = serde_json::to_vec(&document).expect("a JSON value always serializes");
        let (page, policy) = page::render(description);
        Self {
            openapi: Fixed::new("application/json", text),
            page: Fixed::new("text/html; charset=utf-8", page.into_bytes()).under(&policy),
        }
    }
}

/// The document, for whoever has no server.
pub(super) fn document(description: &Description) -> serde_json::Value {
    openapi::document(description)
}

pub(super) async fn openapi(call: Call<GetOpenApi>) -> Result<Answer<GetOpenApi>, Error> {
    Ok(Answer::fixed(&call.app.docs.openapi))
}

pub(super) async fn page(call: Call<GetApiDocs>) -> Result<Answer<GetApiDocs>, Error> {
    Ok(Answer::fixed(&call.app.docs.page))
}
