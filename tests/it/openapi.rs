//! The API's description of itself: whole, true to what is served, and the same in every form.

mod coverage;
mod document;
mod served;

use serde_json::Value;

/// The document.
fn document() -> Value {
    worpen::api::api().openapi()
}

/// Every call of the document: method, path and the call itself.
fn calls(document: &Value) -> Vec<(String, &str, &Value)> {
    let paths = document["paths"].as_object().unwrap();
    paths
        .iter()
        .flat_map(|(path, item)| {
            item.as_object()
                .unwrap()
                .iter()
                .map(|(method, call)| (method.to_uppercase(), path.as_str(), call))
        })
        .collect()
}
