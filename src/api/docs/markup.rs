//! Text and types as HTML.

use serde_json::Value;

use super::description::name_of;

/// Text with nothing in it that HTML would read.
pub(super) fn escape(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            letter => safe.push(letter),
        }
    }
    safe
}

/// Text in which backticks mark code.
pub(super) fn prose(text: &str) -> String {
    escape(text)
        .split('`')
        .enumerate()
        .map(|(n, part)| if n % 2 == 1 { format!("<code>{part}</code>") } else { part.to_owned() })
        .collect()
}

/// A schema in a few words, with links to the types that it refers to.
pub(super) fn type_of(schema: &Value) -> String {
    if let Some(name) = name_of(schema) {
        return format!("<a href=\"#type-{name}\">{name}</a>");
    }
    if let Some(choices) = ["anyOf", "oneOf"].iter().find_map(|word| schema[*word].as_array()) {
        return choices.iter().map(type_of).collect::<Vec<_>>().join(" or ");
    }
    if let Some(values) = schema["enum"].as_array() {
        let values: Vec<String> = values
            .iter()
            .map(|value| format!("<code>{}</code>", escape(value.as_str().unwrap_or("null"))))
            .collect();
        return values.join(", ");
    }
    match &schema["type"] {
        Value::String(kind) => plain(kind, schema),
        Value::Array(kinds) => kinds
            .iter()
            .filter_map(Value::as_str)
            .map(|kind| plain(kind, schema))
            .collect::<Vec<_>>()
            .join(" or "),
        _ => "any JSON".to_owned(),
    }
}

fn plain(kind: &str, schema: &Value) -> String {
    match (kind, schema["format"].as_str()) {
        ("null", _) => "<code>null</code>".to_owned(),
        ("string", Some("date-time")) => "time".to_owned(),
        ("string", Some("uuid")) => "UUID".to_owned(),
        ("string", _) => "text".to_owned(),
        ("boolean", _) => "true or false".to_owned(),
        ("integer", _) => format!("whole number{}", range(schema)),
        ("array", _) if schema["items"].is_object() => format!("list of {}", type_of(&schema["items"])),
        ("array", _) => "list".to_owned(),
        ("object", _) if schema["additionalProperties"].is_object() => {
            format!("object of {} by name", type_of(&schema["additionalProperties"]))
        }
        (kind, _) => kind.to_owned(),
    }
}

fn range(schema: &Value) -> String {
    match (&schema["minimum"], &schema["maximum"]) {
        (Value::Null, _) | (_, Value::Null) => String::new(),
        (least, most) => format!(", {least} to {most}"),
    }
}
