//! The description as an OpenAPI 3.1 document.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::{
    description::{Description, Field, Operation, Place},
    words,
};
use crate::{
    api::failure::REQUEST_ID,
    proto::{
        container::POSITION_HEADER,
        endpoint::{Access, Content, NDJSON, OCTETS},
        link::CHALLENGE_HEADER,
        problem::PROBLEM_JSON,
    },
};

/// The document.
pub(super) fn document(description: &Description) -> Value {
    let mut paths: Map<String, Value> = Map::new();
    for operation in description.operations() {
        for (n, path) in std::iter::once(&operation.path).chain(operation.aliases).enumerate() {
            let item = paths.entry(*path).or_insert_with(|| json!({}));
            item[operation.method.as_str().to_lowercase()] = call(description, operation, n);
        }
    }
    let refusals: BTreeSet<u16> =
        description.operations().iter().flat_map(|operation| operation.refusals.iter().copied()).collect();
    json!({
        "openapi": "3.1.1",
        "info": {
            "title": "Worpen",
            "summary": env!("CARGO_PKG_DESCRIPTION"),
            "description": words::ABOUT,
            "version": env!("CARGO_PKG_VERSION"),
            "license": { "name": "MIT", "identifier": "MIT" },
        },
        "servers": [{ "url": "/" }],
        "tags": description.nouns().into_iter().map(tag).collect::<Vec<_>>(),
        "paths": paths,
        "components": {
            "schemas": description.schemas(),
            "responses": refusals.into_iter().map(|status| (refusal_name(status), refusal(status)))
                .collect::<Map<_, _>>(),
            "parameters": { "IdempotencyKey": {
                "name": "Idempotency-Key",
                "in": "header",
                "description": words::IDEMPOTENCY_KEY,
                "schema": { "type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$" },
                "example": "stop-shop-1",
            } },
            "headers": { "RequestId": {
                "description": "The request's id; quote it when asking for help.",
                "required": true,
                "schema": { "type": "string", "format": "uuid" },
            } },
            "securitySchemes": { "bearer": {
                "type": "http",
                "scheme": "bearer",
                "description": words::BEARER,
            } },
        },
    })
}

fn tag(noun: &'static str) -> Value {
    json!({ "name": noun, "description": words::noun(noun).1 })
}

/// One call under its `n`th path; all but the first are aliases.
fn call(description: &Description, operation: &Operation, n: usize) -> Value {
    let (access, who) = words::access(operation.access);
    let who = format!("{who}{}", words::scope(operation.access, operation.scoped));
    let suffix = if n == 0 { String::new() } else { format!("Alias{n}") };
    let mut call = json!({
        "operationId": format!("{}{suffix}", lower_first(operation.name)),
        "tags": [operation.noun],
        "summary": operation.summary,
        "description": who,
        "security": if operation.access > Access::Agent { json!([{ "bearer": [access] }]) } else { json!([]) },
        "x-access": access,
        "x-scoped": operation.scoped,
        "responses": responses(description, operation),
    });
    if n > 0 {
        call["description"] = json!(format!("The same as `{}`. {who}", operation.path));
        call["x-alias-of"] = json!(operation.path);
    }
    let parameters = parameters(operation);
    if !parameters.is_empty() {
        call["parameters"] = Value::Array(parameters);
    }
    if let Some(body) = body(operation) {
        call["requestBody"] = body;
    }
    call
}

fn lower_first(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().map(|first| first.to_ascii_lowercase()).into_iter().chain(letters).collect()
}

fn parameters(operation: &Operation) -> Vec<Value> {
    let mut parameters: Vec<Value> = operation
        .fields
        .iter()
        .filter(|field| field.place != Place::Body)
        .map(|field| {
            let mut parameter = json!({
                "name": field.name,
                "in": field.place.word(),
                "required": field.required,
                "description": field.meaning,
                "schema": field.schema,
            });
            if let Some(example) = &field.example {
                parameter["example"] = example.clone();
            }
            parameter
        })
        .collect();
    if operation.keyed {
        parameters.push(json!({ "$ref": "#/components/parameters/IdempotencyKey" }));
    }
    parameters
}

fn body(operation: &Operation) -> Option<Value> {
    let fields: Vec<&Field> = operation.fields.iter().filter(|field| field.place == Place::Body).collect();
    if fields.is_empty() {
        return None;
    }
    let schema = match &operation.body {
        Some(name) => json!({ "$ref": format!("#/components/schemas/{name}") }),
        None => object(&fields),
    };
    let example: Map<String, Value> =
        fields.iter().filter_map(|field| Some((field.name.clone(), field.example.clone()?))).collect();
    Some(json!({
        "required": fields.iter().any(|field| field.required),
        "content": { "application/json": { "schema": schema, "example": example } },
    }))
}

/// The schema of a body that is a part of its request.
fn object(fields: &[&Field]) -> Value {
    let property = |field: &&Field| {
        let mut schema = field.schema.clone();
        schema["description"] = json!(field.meaning);
        (field.name.clone(), schema)
    };
    let required: Vec<&str> =
        fields.iter().filter(|field| field.required).map(|field| field.name.as_str()).collect();
    json!({
        "type": "object",
        "properties": fields.iter().map(property).collect::<Map<_, _>>(),
        "required": required,
        "additionalProperties": false,
    })
}

fn responses(description: &Description, operation: &Operation) -> Value {
    let success =
        operation.success.iter().map(|status| (status.to_string(), success(description, operation, *status)));
    let refusals = operation.refusals.iter().map(|status| {
        (status.to_string(), json!({ "$ref": format!("#/components/responses/{}", refusal_name(*status)) }))
    });
    success.chain(refusals).collect::<Map<_, _>>().into()
}

fn success(description: &Description, operation: &Operation, status: u16) -> Value {
    let mut response = json!({ "description": words::status(status), "headers": headers() });
    if operation.success.contains(&304) {
        response["headers"]["ETag"] =
            json!({ "description": "The tag to send as `If-None-Match`.", "schema": { "type": "string" } });
    }
    let schema = &operation.response;
    match operation.content {
        _ if status == 304 => {}
        Content::Json => {
            let mut media = json!({ "schema": schema });
            if let Some(example) = description.example(schema) {
                media["example"] = example;
            }
            response["content"] = json!({ "application/json": media });
        }
        Content::Text => response["content"] = json!({ "text/plain": { "schema": schema } }),
        Content::Lines => {
            response["headers"][POSITION_HEADER] = json!({
                "description": "The node's time when the stream began: a `since` to begin there again.",
                "required": true,
                "schema": { "type": "string", "format": "date-time" },
            });
            response["content"] = json!({
                "text/plain": { "schema": { "type": "string" } },
                (NDJSON): { "schema": schema, "x-stream": "one of these a line, until the end" },
            });
        }
        Content::Objects => {
            let stream = json!({ "schema": schema, "x-stream": "one of these a line, until the end" });
            response["content"] = json!({ (NDJSON): stream });
        }
        Content::Bytes => {
            let bytes = json!({ "type": "string", "contentMediaType": OCTETS });
            response["content"] = json!({ (OCTETS): { "schema": bytes } });
        }
        Content::Html => response["content"] = json!({ "text/html": { "schema": schema } }),
        Content::WebSocket if operation.access == Access::Agent => {
            response["headers"][CHALLENGE_HEADER] = json!({
                "description": "The challenge that the first frame answers, base64url.",
                "required": true,
                "schema": { "type": "string" },
            });
        }
        // OpenAPI has no word for what follows an upgrade.
        Content::WebSocket => response["x-frame"] = schema.clone(),
    }
    response
}

fn headers() -> Value {
    json!({ REQUEST_ID: { "$ref": "#/components/headers/RequestId" } })
}

/// The name of a refusal among the components, `NotFound`.
fn refusal_name(status: u16) -> String {
    words::reason(status).split_whitespace().collect()
}

fn refusal(status: u16) -> Value {
    let mut headers = headers();
    if status == 401 {
        headers["WWW-Authenticate"] =
            json!({ "description": "`Bearer`.", "required": true, "schema": { "type": "string" } });
    }
    if status == 429 {
        headers["Retry-After"] =
            json!({ "description": "Whole seconds.", "required": true, "schema": { "type": "integer" } });
    }
    json!({
        "description": words::status(status),
        "headers": headers,
        "content": { PROBLEM_JSON: { "schema": { "$ref": "#/components/schemas/Problem" } } },
    })
}
