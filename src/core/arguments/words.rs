//! The words about arguments that a schema does not take: which one, what was expected, and never its value.

use jsonschema::{
    ValidationError,
    error::{TypeKind, ValidationErrorKind as Kind},
};
use serde_json::Value;

use super::{escaped, fault};
use crate::proto::problem::FieldError;

/// What a schema says against arguments, argument by argument.
pub(super) fn of(schema: &Value, error: &ValidationError<'_>) -> Vec<FieldError> {
    let place = error.instance_path().as_str();
    let part = || schema.pointer(error.schema_path().as_str().rsplit_once('/')?.0);
    let properties = || part()?.get("properties");
    match error.kind() {
        Kind::Required { property } => {
            let name = property.as_str().unwrap_or_default();
            let about = properties().and_then(|known| known.get(name)?.get("description")?.as_str());
            let about = about.map_or_else(String::new, |about| format!(": {}", about.trim()));
            vec![fault(&format!("{place}/{}", escaped(name)), format!("is required{about}"))]
        }
        Kind::AdditionalProperties { unexpected } | Kind::UnevaluatedProperties { unexpected } => {
            let known: Vec<&str> = properties()
                .and_then(Value::as_object)
                .map_or_else(Vec::new, |known| known.keys().map(String::as_str).collect());
            unexpected
                .iter()
                .map(|name| fault(&format!("{place}/{}", escaped(name)), unknown(name, &known)))
                .collect()
        }
        kind => {
            vec![fault(place, expected(kind).unwrap_or_else(|| error.masked_with("the value").to_string()))]
        }
    }
}

fn unknown(name: &str, known: &[&str]) -> String {
    if known.is_empty() {
        return "the verb takes no such argument; leave it out".into();
    }
    let near = known
        .iter()
        .map(|known| (strsim::damerau_levenshtein(&name.to_lowercase(), known), known))
        .min()
        .filter(|(distance, known)| *distance <= 1 + known.len() / 4);
    let hint = near.map_or_else(String::new, |(_, known)| format!("; did you mean '{known}'?"));
    format!("the verb takes no such argument; known: {}{hint}", known.join(", "))
}

/// What was expected, of the kinds that are common.
fn expected(kind: &Kind) -> Option<String> {
    Some(match kind {
        Kind::Type { kind: TypeKind::Single(wanted) } => {
            format!("expected {}", with_article(wanted.as_str()))
        }
        Kind::Type { kind: TypeKind::Multiple(wanted) } => {
            let wanted: Vec<&str> = wanted.iter().map(|wanted| with_article(wanted.as_str())).collect();
            format!("expected {}", wanted.join(" or "))
        }
        Kind::Enum { options } => {
            let options = options.as_array().map(Vec::as_slice).unwrap_or_default();
            let options: Vec<String> = options.iter().map(Value::to_string).collect();
            format!("expected one of {}", options.join(", "))
        }
        Kind::Constant { expected_value } => format!("expected {expected_value}"),
        Kind::MinLength { limit } => format!("expected at least {limit} characters"),
        Kind::MaxLength { limit } => format!("expected at most {limit} characters"),
        Kind::MinItems { limit } => format!("expected at least {limit} items"),
        Kind::MaxItems { limit } => format!("expected at most {limit} items"),
        Kind::MinProperties { limit } => format!("expected at least {limit} of its arguments"),
        Kind::MaxProperties { limit } => format!("expected at most {limit} of its arguments"),
        Kind::Minimum { limit } => format!("expected {limit} or more"),
        Kind::Maximum { limit } => format!("expected {limit} or less"),
        Kind::ExclusiveMinimum { limit } => format!("expected more than {limit}"),
        Kind::ExclusiveMaximum { limit } => format!("expected less than {limit}"),
        Kind::Pattern { pattern } => format!("expected a text that matches {pattern}"),
        Kind::Format { format } => format!("expected the format '{format}'"),
        Kind::UniqueItems => "expected each item only once".into(),
        Kind::FalseSchema => "the verb takes no such argument; leave it out".into(),
        Kind::PropertyNames { .. } => "one of its names is not allowed".into(),
        Kind::AnyOf { .. } | Kind::OneOfNotValid { .. } => {
            "it has none of the forms that the verb takes".into()
        }
        Kind::OneOfMultipleValid { .. } => "it has several of the forms that the verb takes; give one".into(),
        Kind::Not { .. } => "it has a form that the verb does not take".into(),
        _ => return None,
    })
}

fn with_article(kind: &str) -> &str {
    match kind {
        "array" => "a list",
        "boolean" => "true or false",
        "integer" => "a whole number",
        "number" => "a number",
        "object" => "an object",
        "string" => "a text",
        other => other,
    }
}
