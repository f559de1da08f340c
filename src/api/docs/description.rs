//! [`Description`]: the endpoints without their types, which is what every form of the documentation is made of.

use std::collections::{BTreeMap, BTreeSet};

use axum::http::Method;
use schemars::{SchemaGenerator, generate::SchemaSettings};
use serde_json::{Value, json};

use crate::proto::{
    endpoint::{Access, Content, Endpoint},
    problem::Problem,
};

/// Where OpenAPI keeps the schemas that others refer to.
const SCHEMAS: &str = "#/components/schemas/";

/// Every call, and every type that travels.
pub(in crate::api) struct Description {
    operations: Vec<Operation>,
    /// What callers send: a field with a default may be missing.
    requests: SchemaGenerator,
    /// What they get: a field with a default is there.
    answers: SchemaGenerator,
    /// Requests that do not travel as one body.
    in_parts: BTreeSet<String>,
}

/// One call.
pub(super) struct Operation {
    pub(super) name: &'static str,
    pub(super) noun: &'static str,
    pub(super) method: Method,
    pub(super) path: &'static str,
    pub(super) aliases: &'static [&'static str],
    pub(super) access: Access,
    /// Whether a key with a scope may call it.
    pub(super) scoped: bool,
    pub(super) content: Content,
    pub(super) summary: &'static str,
    pub(super) success: &'static [u16],
    /// The statuses of refusals, rising.
    pub(super) refusals: BTreeSet<u16>,
    pub(super) keyed: bool,
    pub(super) fields: Vec<Field>,
    /// The type of the whole body, when all fields travel in it.
    pub(super) body: Option<String>,
    pub(super) response: Value,
}

/// One field of a request.
pub(super) struct Field {
    pub(super) name: String,
    pub(super) place: Place,
    pub(super) required: bool,
    pub(super) meaning: String,
    /// Its schema, without `null`: what is not said is left out.
    pub(super) schema: Value,
    pub(super) example: Option<Value>,
}

/// Where a field travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Path,
    Query,
    Body,
}

impl Place {
    /// Where, in a word.
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Path => "path",
            Self::Query => "query",
            Self::Body => "body",
        }
    }
}

impl Description {
    pub(in crate::api) fn new() -> Self {
        let settings = SchemaSettings::draft2020_12().with(|settings| {
            settings.definitions_path = "/components/schemas".into();
            settings.meta_schema = None;
        });
        let mut answers = settings.clone().for_serialize().into_generator();
        answers.subschema_for::<Problem>();
        Self {
            operations: Vec::new(),
            requests: settings.for_deserialize().into_generator(),
            answers,
            in_parts: BTreeSet::new(),
        }
    }

    /// Adds a call.
    pub(in crate::api) fn add<E: Endpoint>(&mut self) {
        let request = self.requests.subschema_for::<E::Request>().to_value();
        let request_name = name_of(&request).unwrap_or_default().to_owned();
        let schema = self.requests.definitions().get(&request_name).unwrap_or(&Value::Null);
        let fields = fields::<E>(schema);
        let has_body = fields.iter().any(|field| field.place == Place::Body);
        let whole = has_body && fields.iter().all(|field| field.place == Place::Body);
        if !whole {
            self.in_parts.insert(request_name.clone());
        }
        let response = self.answers.subschema_for::<E::Response>().to_value();
        self.operations.push(Operation {
            name: E::NAME,
            noun: E::MODULE.rsplit("::").next().unwrap_or(E::MODULE),
            method: E::METHOD,
            path: E::PATH,
            aliases: E::ALIASES,
            access: E::ACCESS,
            scoped: E::SCOPED,
            content: E::CONTENT,
            summary: E::SUMMARY,
            success: if E::CONTENT == Content::WebSocket { &[101] } else { E::SUCCESS },
            refusals: refusals::<E>(&fields),
            keyed: E::KEYED,
            body: whole.then_some(request_name),
            fields,
            response,
        });
    }

    /// The calls, in the table's order.
    pub(super) fn operations(&self) -> &[Operation] {
        &self.operations
    }

    /// The nouns, in the table's order.
    pub(super) fn nouns(&self) -> Vec<&'static str> {
        let mut nouns: Vec<&'static str> = Vec::new();
        for operation in &self.operations {
            if !nouns.contains(&operation.noun) {
                nouns.push(operation.noun);
            }
        }
        nouns
    }

    /// Every type that travels as itself, by name.
    ///
    /// # Panics
    /// When two types have one name: at start, so in every test.
    pub(super) fn schemas(&self) -> BTreeMap<String, Value> {
        let mut schemas: BTreeMap<String, Value> = self.answers.definitions().clone().into_iter().collect();
        for (name, schema) in self.requests.definitions() {
            if self.in_parts.contains(name) {
                continue;
            }
            let mut schema = schema.clone();
            if self.operations.iter().any(|operation| operation.body.as_ref() == Some(name)) {
                schema["additionalProperties"] = Value::Bool(false);
            }
            if let Some(other) = schemas.insert(name.clone(), schema.clone()) {
                assert_eq!(other, schema, "two types that travel have the name {name}");
            }
        }
        schemas
    }

    /// A real value of a schema: its own example, or a list or a union of examples.
    pub(super) fn example(&self, schema: &Value) -> Option<Value> {
        if let Some(example) = schema["examples"].get(0) {
            return Some(example.clone());
        }
        if let Some(name) = name_of(schema) {
            let schema = self.answers.definitions().get(name).or(self.requests.definitions().get(name))?;
            return self.example(schema);
        }
        if let Some(value) = schema.get("const") {
            return Some(value.clone());
        }
        if let Some(choice) = ["oneOf", "anyOf"].iter().find_map(|word| schema[*word].get(0)) {
            return self.example(choice);
        }
        let kind = schema["type"].as_array().map_or(&schema["type"], |kinds| &kinds[0]);
        match kind.as_str()? {
            "array" => Some(json!([self.example(&schema["items"])?])),
            "object" => {
                let properties = schema["properties"].as_object().cloned().unwrap_or_default();
                let value = |schema: &Value| self.example(schema).unwrap_or_default();
                Some(properties.iter().map(|(name, schema)| (name.clone(), value(schema))).collect())
            }
            _ => None,
        }
    }
}

/// The name of the type that a reference refers to.
pub(super) fn name_of(schema: &Value) -> Option<&str> {
    schema["$ref"].as_str()?.strip_prefix(SCHEMAS)
}

/// What is refused for the sake of a call's form and access, besides what it declares: an unknown field, bad
/// credentials, a role that does not reach, a name of nothing, a body that is too long or not JSON.
fn refusals<E: Endpoint>(fields: &[Field]) -> BTreeSet<u16> {
    let mut refusals: BTreeSet<u16> = E::REFUSALS.iter().copied().collect();
    refusals.extend([400, 401, 429, 500, 503]);
    // A key with a scope is refused what is about more than its scope can hold.
    if E::ACCESS > Access::Viewer || (E::ACCESS == Access::Viewer && !E::SCOPED) {
        refusals.insert(403);
    }
    if fields.iter().any(|field| field.place == Place::Path) {
        refusals.insert(404);
    }
    if sends_a_body(&E::METHOD) {
        refusals.extend([408, 413, 415]);
    }
    if E::KEYED {
        refusals.insert(422);
    }
    if E::CONTENT == Content::WebSocket {
        // A page of another website may not open it.
        refusals.extend([403, 426]);
    }
    refusals
}

fn sends_a_body(method: &Method) -> bool {
    *method == Method::POST || *method == Method::PUT
}

/// The fields of a request: those of the path first, those of the body last, what is required before the rest.
fn fields<E: Endpoint>(schema: &Value) -> Vec<Field> {
    let properties = schema["properties"].as_object().cloned().unwrap_or_default();
    let is_required = |name: &str| {
        schema["required"].as_array().is_some_and(|required| required.iter().any(|field| field == name))
    };
    let mut fields: Vec<Field> = properties
        .into_iter()
        .map(|(name, mut property)| {
            let place = place::<E>(&name);
            let meaning = property.as_object_mut().and_then(|property| property.remove("description"));
            Field {
                place,
                required: place == Place::Path || is_required(&name),
                meaning: meaning.as_ref().and_then(Value::as_str).unwrap_or_default().replace('\n', " "),
                schema: without_null(property),
                example: schema["examples"][0].get(&name).cloned(),
                name,
            }
        })
        .collect();
    fields.sort_by_key(|field| (field.place as u8, !field.required));
    fields
}

fn place<E: Endpoint>(name: &str) -> Place {
    if E::PATH.contains(&format!("{{{name}}}")) {
        Place::Path
    } else if sends_a_body(&E::METHOD) && !E::QUERY.contains(&name) {
        Place::Body
    } else {
        Place::Query
    }
}

/// A schema for one who leaves out what is not there.
fn without_null(mut schema: Value) -> Value {
    if let Some(choices) = schema["anyOf"].as_array()
        && let [one, null] = choices.as_slice()
        && null["type"] == "null"
    {
        return one.clone();
    }
    if let Some(kinds) = schema["type"].as_array()
        && let [one, null] = kinds.as_slice()
        && null == "null"
    {
        schema["type"] = one.clone();
    }
    schema
}
