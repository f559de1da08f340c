//! `worpen verbs get`: shows a verb and its arguments.

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

use super::{
    super::{
        error::CliError,
        exit::ExitStatus,
        measure,
        session::Session,
        table::{Cell, Column, Row},
    },
    effect, origin,
};
use crate::proto::{
    endpoint::Empty,
    verb::{ListVerbs, Verb},
};

/// Arguments of `worpen verbs get`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Name of the verb.
    #[arg(value_name = "VERB")]
    verb: String,
}

pub(crate) async fn run(args: Args, session: &Session) -> Result<ExitStatus, CliError> {
    let verbs = session.client()?.call::<ListVerbs>(&Empty {}).await?.body.items;
    let verb = verbs.into_iter().find(|verb| verb.name == args.verb).ok_or_else(|| {
        CliError::new(ExitStatus::NotFound, format!("no node knows the verb '{}'", args.verb))
            .hint("see them with: worpen verbs ls")
    })?;
    show(session, &verb)?;
    Ok(ExitStatus::Done)
}

fn show(session: &Session, verb: &Verb) -> Result<(), CliError> {
    let nodes: Vec<&str> = verb.agents.iter().map(String::as_str).collect();
    session.one(
        verb,
        &verb.name,
        [
            ("Verb", verb.name.as_str().into()),
            ("About", verb.about.as_str().into()),
            ("Effect", effect(verb.effect)),
            ("From", origin(verb).into()),
            ("Timeout", Cell::of(verb.timeout_s.map(|seconds| format!("{seconds} s")))),
            ("Nodes", Cell::told(measure::shortened(&nodes), verb.agents.join(" "))),
        ],
    )?;
    let arguments = arguments(&verb.schema);
    if session.form.format.is_for_people() && !arguments.is_empty() {
        session.printer.data("\n")?;
        session.list(&arguments)?;
    }
    Ok(())
}

/// An argument of a verb, as its schema describes it.
#[derive(Debug, PartialEq, Eq, Serialize)]
struct Argument {
    name: String,
    kind: String,
    required: bool,
    secret: bool,
    about: String,
}

/// The arguments that a schema knows, those first that are needed.
fn arguments(schema: &Value) -> Vec<Argument> {
    let needed = |name: &str| {
        let required = schema.get("required").and_then(Value::as_array);
        required.is_some_and(|required| required.iter().any(|other| other == name))
    };
    let properties = schema.get("properties").and_then(Value::as_object);
    let mut arguments: Vec<Argument> = properties
        .into_iter()
        .flatten()
        .map(|(name, property)| Argument {
            name: name.clone(),
            kind: kind(property),
            required: needed(name),
            secret: property.get("writeOnly") == Some(&Value::Bool(true)),
            about: property.get("description").and_then(Value::as_str).unwrap_or_default().to_owned(),
        })
        .collect();
    arguments.sort_by_key(|argument| !argument.required);
    arguments
}

/// What kind of value a schema allows, in a word or two.
fn kind(property: &Value) -> String {
    if let Some(known) = property.get("enum").and_then(Value::as_array) {
        return known.iter().map(ToString::to_string).collect::<Vec<_>>().join(" or ");
    }
    let word = |kind: &Value| kind.as_str().filter(|kind| *kind != "null").map(str::to_owned);
    match property.get("type") {
        Some(Value::Array(kinds)) => kinds.iter().filter_map(word).collect::<Vec<_>>().join(" or "),
        Some(kind) if kind == "array" => property
            .get("items")
            .map_or_else(|| "array".into(), |items| format!("array of {}", self::kind(items))),
        Some(kind) => word(kind).unwrap_or_default(),
        None => "any".to_owned(),
    }
}

impl Row for Argument {
    const COLUMNS: &'static [Column] = &[
        Column::words("ARGUMENT"),
        Column::words("TYPE"),
        Column::words("NEEDED"),
        Column::words("SECRET"),
        Column::words("ABOUT"),
    ];

    fn name(&self) -> String {
        self.name.clone()
    }

    fn cells(&self, _now: Timestamp) -> Vec<Cell> {
        let mark = |is: bool, word: &str| if is { word.into() } else { Cell::nothing() };
        vec![
            self.name.as_str().into(),
            self.kind.as_str().into(),
            mark(self.required, "yes"),
            mark(self.secret, "secret"),
            self.about.as_str().into(),
        ]
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn arguments_are_told_as_their_schema_has_them() {
        let told = arguments(&json!({
            "required": ["name"],
            "properties": {
                "groups": { "type": "array", "items": { "type": "string" } },
                "name": { "type": "string", "description": "The user." },
                "password": { "type": ["string", "null"], "writeOnly": true },
                "shell": { "enum": ["sh", "bash"] },
            },
        }));
        let kinds: Vec<_> =
            told.iter().map(|one| (one.name.as_str(), one.kind.as_str(), one.required, one.secret)).collect();
        assert_eq!(
            kinds,
            [
                ("name", "string", true, false),
                ("groups", "array of string", false, false),
                ("password", "string", false, true),
                ("shell", "\"sh\" or \"bash\"", false, false),
            ]
        );
    }
}
