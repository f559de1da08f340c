//! An event in a few words, the same ones wherever a person reads it.

use serde_json::Value;

use crate::proto::event::Event;

/// What a person looks for first: in the record that the event is about, or beside it.
#[must_use]
pub fn summary(event: &Event) -> String {
    let noun = event.kind.as_str().split('.').next().unwrap_or_default();
    let fields: &[&str] = match noun {
        "container" => &["name", "state", "exit_code", "health"],
        "command" => &["verb", "status", "error_message"],
        "agent" => &["site", "version", "reason"],
        "image" => &["tags"],
        "user" => &["username", "role"],
        "key" => &["name", "role"],
        _ => &[],
    };
    let find =
        |field: &str| event.data.get(noun).and_then(|record| record.get(field)).or(event.data.get(field));
    fields.iter().filter_map(|field| word(find(field)?)).collect::<Vec<_>>().join(" ")
}

/// A fact as one word or a few; a number as Docker writes an exit code, `exited (137)`.
fn word(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(format!("({number})")),
        Value::Array(values) => values.first().and_then(word),
        _ => None,
    }
}
