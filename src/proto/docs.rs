//! The API's description of itself.

use super::endpoint::{Content, Empty, endpoints};

endpoints! {
    /// Describes every call of the API in OpenAPI 3.1.
    GetOpenApi: GET "/api-docs/openapi.json", Anyone, Empty => serde_json::Value {
        SUCCESS: &'static [u16] = &[200, 304];
    };
    /// Shows the same description as a page.
    GetApiDocs: GET "/api-docs", Anyone, Empty => String {
        CONTENT: Content = Content::Html;
        SUCCESS: &'static [u16] = &[200, 304];
    };
}
