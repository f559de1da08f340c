//! Secrets among arguments: what the schema marks `writeOnly`. Where it cannot be told which part of a schema applies, each
//! that may is asked, so that a secret is rather hidden needlessly than shown.

use serde_json::{Map, Value};

/// What stands for a secret.
pub const REDACTED: &str = "[redacted]";

/// The most schemas that may apply to one value; with more, it is taken for a secret.
const MAX_APPLYING: usize = 4096;

/// Words of a schema whose schemas apply to the same value.
const ALIKE: [&str; 3] = ["allOf", "anyOf", "oneOf"];
/// The same, of one schema each.
const CASES: [&str; 4] = ["if", "then", "else", "not"];

/// Hides the arguments that a schema marks `writeOnly`, a whole object or list too. Returns them with [`REDACTED`] in its
/// place, and the texts that were hidden, each once and the longest first.
#[must_use]
pub fn redact(args: &Map<String, Value>, schema: &Value) -> (Map<String, Value>, Vec<String>) {
    let mut search = Search { root: schema, secrets: Vec::new() };
    let mut redacted = args.clone();
    search.object(&search.applying(vec![schema]), &mut redacted);
    let mut secrets = search.secrets;
    secrets.sort_unstable_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
    secrets.dedup();
    (redacted, secrets)
}

/// Whether a schema marks anything.
pub(super) fn are_in(schema: &Value) -> bool {
    match schema {
        Value::Object(words) => is_marked(schema) || words.values().any(are_in),
        Value::Array(items) => items.iter().any(are_in),
        _ => false,
    }
}

/// Whether what these schemas apply to is a secret; one that leads back to itself hides all.
fn are_secret(schemas: &[&Value]) -> bool {
    schemas.len() > MAX_APPLYING || schemas.iter().any(|schema| is_marked(schema))
}

fn is_marked(schema: &Value) -> bool {
    schema.get("writeOnly") == Some(&Value::Bool(true))
}

struct Search<'a> {
    root: &'a Value,
    secrets: Vec<String>,
}

impl<'a> Search<'a> {
    /// The schemas that may apply to a value: these, and those that they refer to or are made of. References do not lead
    /// back to themselves in a schema that was checked.
    fn applying(&self, mut schemas: Vec<&'a Value>) -> Vec<&'a Value> {
        let mut next = 0;
        while let Some(schema) = schemas.get(next).copied()
            && schemas.len() <= MAX_APPLYING
        {
            next += 1;
            let reference = schema.get("$ref").and_then(Value::as_str);
            let pointer = reference.and_then(|reference| reference.strip_prefix('#'));
            schemas.extend(pointer.and_then(|pointer| self.root.pointer(pointer)));
            for word in ALIKE {
                schemas.extend(schema.get(word).and_then(Value::as_array).into_iter().flatten());
            }
            schemas.extend(CASES.iter().filter_map(|word| schema.get(word)));
            let dependent = schema.get("dependentSchemas").and_then(Value::as_object);
            schemas.extend(dependent.into_iter().flat_map(Map::values));
        }
        schemas
    }

    fn value(&mut self, schemas: Vec<&'a Value>, value: &mut Value, is_secret: bool) {
        let schemas = self.applying(schemas);
        if is_secret || are_secret(&schemas) {
            self.hide(value);
            *value = REDACTED.into();
            return;
        }
        match value {
            Value::Object(object) => self.object(&schemas, object),
            Value::Array(items) => {
                for (place, item) in items.iter_mut().enumerate() {
                    self.value(
                        schemas.iter().flat_map(|schema| of_item(schema, place)).collect(),
                        item,
                        false,
                    );
                }
            }
            _ => {}
        }
    }

    fn object(&mut self, schemas: &[&'a Value], object: &mut Map<String, Value>) {
        let is_secret = are_secret(schemas);
        for (name, value) in object {
            self.value(
                schemas.iter().flat_map(|schema| of_property(schema, name)).collect(),
                value,
                is_secret,
            );
        }
    }

    /// Notes every text of a secret, and every number as it is written.
    fn hide(&mut self, value: &Value) {
        match value {
            Value::String(text) if !text.is_empty() => self.secrets.push(text.clone()),
            Value::Number(number) => self.secrets.push(number.to_string()),
            Value::Array(items) => items.iter().for_each(|item| self.hide(item)),
            Value::Object(object) => object.values().for_each(|value| self.hide(value)),
            _ => {}
        }
    }
}

/// The schemas of one property. Patterns are not matched: each may apply.
fn of_property<'a>(schema: &'a Value, name: &str) -> Vec<&'a Value> {
    let mut found: Vec<&Value> = Vec::new();
    let named = schema.get("properties").and_then(|properties| properties.get(name));
    found.extend(named);
    let patterns = schema.get("patternProperties").and_then(Value::as_object);
    found.extend(patterns.into_iter().flat_map(Map::values));
    if named.is_none() {
        found.extend(schema.get("additionalProperties"));
        found.extend(schema.get("unevaluatedProperties"));
    }
    found
}

/// The schemas of one item.
fn of_item(schema: &Value, place: usize) -> Vec<&Value> {
    let mut found: Vec<&Value> = Vec::new();
    found.extend(schema.get("prefixItems").and_then(|items| items.get(place)));
    found.extend(["items", "contains", "unevaluatedItems"].iter().filter_map(|word| schema.get(word)));
    found
}
