//! The document by itself.

use std::collections::BTreeSet;

use jsonschema::Validator;
use serde_json::{Value, json};

use super::{calls, document};

#[test]
fn every_route_of_the_router_is_described() {
    let document = document();
    let described: BTreeSet<(String, &str)> =
        calls(&document).into_iter().map(|(method, path, _)| (method, path)).collect();
    let api = worpen::api::api();
    let routed: BTreeSet<(String, &str)> =
        api.routes().iter().map(|route| (route.method.to_string(), route.path)).collect();
    assert_eq!(described, routed);
}

#[test]
fn every_call_says_who_may_what_for_and_what_comes() {
    let document = document();
    let mut names = BTreeSet::new();
    for (method, path, call) in calls(&document) {
        assert!(names.insert(call["operationId"].as_str().unwrap()), "{method} {path}: the name is taken");
        assert!(call["summary"].as_str().is_some_and(|summary| summary.ends_with('.')), "{method} {path}");
        assert!(call["security"].is_array(), "{method} {path}");
        let responses = call["responses"].as_object().unwrap();
        for (status, response) in responses {
            let description = resolve(&document, response)["description"].as_str();
            assert!(description.is_some_and(|text| !text.is_empty()), "{method} {path}: {status}");
        }
        let tag =
            document["tags"].as_array().unwrap().iter().find(|tag| tag["name"] == call["tags"][0]).unwrap();
        assert_ne!(tag["description"], "", "{method} {path}: api/docs/words.rs says nothing of its noun");
    }
}

#[test]
fn every_placeholder_is_a_parameter_and_every_parameter_has_a_meaning() {
    let document = document();
    for (method, path, call) in calls(&document) {
        let placeholders: BTreeSet<&str> =
            path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}')).collect();
        let parameters = call["parameters"].as_array().cloned().unwrap_or_default();
        let parameters: Vec<&Value> =
            parameters.iter().map(|one| resolve(&document, one)).collect::<Vec<_>>();
        let declared: BTreeSet<&str> = parameters
            .iter()
            .filter(|parameter| parameter["in"] == "path" && parameter["required"] == true)
            .map(|parameter| parameter["name"].as_str().unwrap())
            .collect();
        assert_eq!(declared, placeholders, "{method} {path}");
        for parameter in parameters {
            assert_ne!(parameter["description"], "", "{method} {path}: {parameter}");
        }
    }
}

#[test]
fn every_reference_leads_somewhere_and_every_type_is_referred_to() {
    let document = document();
    let mut references = BTreeSet::new();
    collect_references(&document, &mut references);
    for reference in &references {
        assert!(document.pointer(reference.trim_start_matches('#')).is_some(), "{reference}");
    }
    for name in document["components"]["schemas"].as_object().unwrap().keys() {
        assert!(references.contains(&format!("#/components/schemas/{name}")), "nothing refers to {name}");
    }
}

#[test]
fn every_example_is_valid_and_every_json_body_has_one() {
    let document = document();
    for (method, path, call) in calls(&document) {
        let responses = call["responses"].as_object().unwrap();
        for (status, response) in responses {
            let Some(media) = resolve(&document, response)["content"].get("application/json") else {
                continue;
            };
            assert!(
                media.get("example").is_some() || path.starts_with("/api-docs"),
                "{method} {path}: {status}"
            );
            check(&document, &media["schema"], media.get("example"), &format!("{method} {path}: {status}"));
        }
        if let Some(media) = call["requestBody"]["content"].get("application/json") {
            assert!(media.get("example").is_some(), "{method} {path}: the body");
            check(&document, &media["schema"], media.get("example"), &format!("{method} {path}: the body"));
        }
        for parameter in call["parameters"].as_array().into_iter().flatten() {
            let parameter = resolve(&document, parameter);
            let what = format!("{method} {path}: {}", parameter["name"]);
            check(&document, &parameter["schema"], parameter.get("example"), &what);
        }
    }
    for (name, schema) in document["components"]["schemas"].as_object().unwrap() {
        for example in schema["examples"].as_array().into_iter().flatten() {
            check(&document, schema, Some(example), name);
        }
    }
}

/// A validator of one schema of the document.
pub(super) fn validator(document: &Value, schema: &Value) -> Validator {
    let mut schema = schema.clone();
    if let Some(schema) = schema.as_object_mut() {
        schema.insert("components".into(), json!({ "schemas": document["components"]["schemas"] }));
    }
    jsonschema::draft202012::new(&schema).unwrap()
}

fn check(document: &Value, schema: &Value, example: Option<&Value>, what: &str) {
    let Some(example) = example else { return };
    if let Err(error) = validator(document, schema).validate(example) {
        panic!("{what}: {error} at {}", error.instance_path());
    }
}

/// What a reference stands for.
pub(super) fn resolve<'a>(document: &'a Value, value: &'a Value) -> &'a Value {
    match value["$ref"].as_str() {
        Some(reference) => document.pointer(reference.trim_start_matches('#')).unwrap(),
        None => value,
    }
}

fn collect_references(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(object) => {
            if let Some(reference) = object.get("$ref").and_then(Value::as_str) {
                found.insert(reference.to_owned());
            }
            object.values().for_each(|value| collect_references(value, found));
        }
        Value::Array(values) => values.iter().for_each(|value| collect_references(value, found)),
        _ => {}
    }
}
