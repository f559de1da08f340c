//! [`Shape`]: how a request is put together from path, query and body, by the JSON schema of its type.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::{
    core::error::Error,
    proto::{endpoint::Endpoint, problem::FieldError},
};

/// The most unknown fields that are told of: an answer must not be larger than what asked for it.
const MAX_ERRORS: usize = 16;

/// The fields of a request.
pub(super) struct Shape {
    fields: BTreeMap<String, Kind>,
}

/// Below it, a double that is whole is exactly one integer.
const MAX_EXACT: f64 = 9_007_199_254_740_992.0;

/// What the text of a path or query becomes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Integer,
    Number,
    Boolean,
    Text,
}

impl Shape {
    /// The shape of an endpoint's request.
    pub(super) fn of<E: Endpoint>() -> Self {
        let schema = schemars::SchemaGenerator::default().into_root_schema_for::<E::Request>();
        let properties = schema.get("properties").and_then(Value::as_object).cloned().unwrap_or_default();
        let fields = properties.into_iter().map(|(name, schema)| (name, kind_of(&schema))).collect();
        Self { fields }
    }

    /// Whether a request has this field.
    pub(super) fn has(&self, name: &str) -> bool {
        self.fields.contains_key(name)
    }

    /// Puts a request together. Every field comes once, from one place, and is known.
    pub(super) fn assemble<E: Endpoint>(
        &self,
        texts: impl Iterator<Item = (String, String)>,
        body: Map<String, Value>,
    ) -> Result<E::Request, Error> {
        let mut whole = body;
        for (name, value) in &mut whole {
            if self.fields.get(name) == Some(&Kind::Integer) {
                *value = whole_number(value.take());
            }
        }
        let mut errors = Vec::new();
        for (name, text) in texts {
            let value = self.fields.get(&name).map_or(Ok(Value::Null), |kind| read(*kind, &text));
            match value {
                Ok(_) if whole.contains_key(&name) => errors.push(wrong(&name, "is given more than once")),
                Ok(value) => {
                    whole.insert(name, value);
                }
                Err(expected) => errors.push(wrong(&name, expected)),
            }
        }
        for name in whole.keys().filter(|name| !self.fields.contains_key(*name)).take(MAX_ERRORS) {
            let known: Vec<&str> = self.fields.keys().map(String::as_str).collect();
            let detail = match known.as_slice() {
                [] => "is not a field of this request, which has none".to_owned(),
                known => format!("is not a field of this request; it has {}", known.join(", ")),
            };
            errors.push(wrong(name, &detail));
        }
        if !errors.is_empty() {
            return Err(Error::Invalid(errors));
        }
        serde_path_to_error::deserialize(Value::Object(whole)).map_err(|error| {
            let pointer = pointer(error.path());
            Error::Invalid(vec![FieldError { pointer, detail: error.into_inner().to_string() }])
        })
    }
}

/// `5.0` is an integer to JSON Schema (2020-12, section 4.2.3), which knows one kind of number; serde knows two.
fn whole_number(value: Value) -> Value {
    match value.as_f64() {
        Some(number) if value.is_f64() && number.fract() == 0.0 && number.abs() < MAX_EXACT => {
            format!("{number:.0}").parse::<i64>().map_or(value, Value::from)
        }
        _ => value,
    }
}

fn wrong(name: &str, detail: &str) -> FieldError {
    FieldError { pointer: format!("/{}", escape(name)), detail: detail.to_owned() }
}

/// RFC 6901 escapes.
fn escape(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

fn pointer(path: &serde_path_to_error::Path) -> String {
    use serde_path_to_error::Segment;
    path.iter()
        .map(|segment| match segment {
            Segment::Seq { index } => format!("/{index}"),
            Segment::Map { key } => format!("/{}", escape(key)),
            Segment::Enum { variant } => format!("/{}", escape(variant)),
            Segment::Unknown => "/?".to_owned(),
        })
        .collect()
}

/// What a property's text is read as; an optional one has its type and `null`.
fn kind_of(schema: &Value) -> Kind {
    let word = match &schema["type"] {
        Value::String(word) => word.as_str(),
        Value::Array(words) => {
            words.iter().filter_map(Value::as_str).find(|word| *word != "null").unwrap_or("")
        }
        _ => "",
    };
    match word {
        "integer" => Kind::Integer,
        "number" => Kind::Number,
        "boolean" => Kind::Boolean,
        _ => Kind::Text,
    }
}

fn read(kind: Kind, text: &str) -> Result<Value, &'static str> {
    match kind {
        Kind::Text => Ok(Value::from(text)),
        Kind::Boolean => text.parse().map(Value::Bool).map_err(|_| "expected true or false"),
        Kind::Integer => text
            .parse::<i64>()
            .map(Value::from)
            .or_else(|_| text.parse::<u64>().map(Value::from))
            .map_err(|_| "expected a whole number"),
        Kind::Number => text
            .parse::<f64>()
            .ok()
            .and_then(serde_json::Number::from_f64)
            .map(Value::Number)
            .ok_or("expected a number"),
    }
}

#[cfg(test)]
mod tests;
