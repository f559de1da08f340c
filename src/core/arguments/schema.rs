//! [`Schema`]: a JSON Schema (draft 2020-12) that was looked through before it is used, since it may come from a node.

use std::{
    collections::HashMap,
    sync::{Arc, LazyLock, Mutex, OnceLock, PoisonError},
};

use jsonschema::{Draft, PatternOptions, Validator};
use serde_json::{Map, Value};

use super::{secret, words};
use crate::{
    core::verb::{BUILT_IN, BuiltIn},
    proto::problem::FieldError,
};

/// The most bytes of a schema, as JSON.
pub const MAX_SCHEMA_BYTES: usize = 16 * 1024;
/// The most parts of a schema, where what is referred to counts each time.
const MAX_PARTS: usize = 1000;
/// The most patterns of a schema.
const MAX_PATTERNS: usize = 16;
/// The most bytes of a compiled pattern, and of what matching with it remembers.
const MAX_PATTERN_BYTES: usize = 256 * 1024;
/// How many schemas are remembered.
const REMEMBERED: usize = 32;
/// The most faults that are told at once.
const TOLD: usize = 16;
/// What `$schema` may say.
const DIALECT: &str = "https://json-schema.org/draft/2020-12/schema";

/// A schema that can be used.
#[derive(Debug)]
pub(super) struct Schema {
    source: Value,
    validator: Validator,
    has_secrets: bool,
}

impl Schema {
    /// Looks through a schema and compiles it.
    fn compile(source: &Value) -> Result<Self, String> {
        let text = source.to_string();
        if text.len() > MAX_SCHEMA_BYTES {
            return Err(format!(
                "it has {} bytes of JSON; at most {MAX_SCHEMA_BYTES} are taken, so shorten its descriptions",
                text.len()
            ));
        }
        look_through(source)?;
        let patterns =
            PatternOptions::regex().size_limit(MAX_PATTERN_BYTES).dfa_size_limit(MAX_PATTERN_BYTES);
        let options = jsonschema::options().with_draft(Draft::Draft202012).offline();
        let validator = options
            .with_pattern_options(patterns)
            .should_validate_formats(true)
            .build(source)
            .map_err(|error| format!("at '{}': {}", error.instance_path().as_str(), error.masked()))?;
        Ok(Self { source: source.clone(), validator, has_secrets: secret::are_in(source) })
    }

    /// What is wrong with arguments; nothing where they are as it says.
    pub(super) fn faults(&self, args: &Map<String, Value>) -> Vec<FieldError> {
        let args = Value::Object(args.clone());
        if self.validator.is_valid(&args) {
            return Vec::new();
        }
        let errors = self.validator.iter_errors(&args).take(TOLD);
        errors.flat_map(|error| words::of(&self.source, &error)).take(TOLD).collect()
    }

    /// The arguments without what is secret, and what is.
    pub(super) fn redact(&self, args: &Map<String, Value>) -> (Map<String, Value>, Vec<String>) {
        if self.has_secrets { secret::redact(args, &self.source) } else { (args.clone(), Vec::new()) }
    }
}

/// Whether a schema can be used for the arguments of a verb.
///
/// # Errors
/// Says what is wrong with it, and the cure.
pub fn check_schema(schema: &Value) -> Result<(), String> {
    compiled(schema).map(drop)
}

/// A schema, compiled now or lately. What is remembered is bounded, and the same text always means the same.
pub(super) fn compiled(source: &Value) -> Result<Arc<Schema>, String> {
    static KNOWN: LazyLock<Mutex<HashMap<String, Arc<Schema>>>> = LazyLock::new(Mutex::default);
    let known = || KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    let text = source.to_string();
    if let Some(schema) = known().get(&text) {
        return Ok(Arc::clone(schema));
    }
    let schema = Arc::new(Schema::compile(source)?);
    let mut known = known();
    if known.len() >= REMEMBERED {
        known.clear();
    }
    known.insert(text, Arc::clone(&schema));
    Ok(schema)
}

/// The schema of a verb of ours.
pub(super) fn of_built_in(verb: &BuiltIn) -> Result<&'static Schema, String> {
    static KNOWN: [OnceLock<Result<Schema, String>>; BUILT_IN.len()] =
        [const { OnceLock::new() }; BUILT_IN.len()];
    let place = BUILT_IN.iter().position(|known| known.name == verb.name);
    let known = place.and_then(|place| KNOWN.get(place)).ok_or_else(|| format!("no verb {}", verb.name))?;
    known.get_or_init(|| Schema::compile(&verb.schema())).as_ref().map_err(Clone::clone)
}

/// Refuses what would be fetched, what never ends, and what would cost much to check.
fn look_through(source: &Value) -> Result<(), String> {
    match source {
        Value::Bool(_) => return Ok(()),
        Value::Object(root) => match root.get("$schema") {
            None => {}
            Some(Value::String(dialect)) if dialect.trim_end_matches('#') == DIALECT => {}
            Some(_) => return Err(format!("'$schema' must be {DIALECT}, or left out")),
        },
        _ => return Err("it is not an object".into()),
    }
    let mut look = Look { root: source, within: Vec::new(), parts: 0, patterns: 0 };
    look.part(source)
}

/// A look through a schema that follows its references.
struct Look<'a> {
    root: &'a Value,
    /// The references that are being followed.
    within: Vec<&'a str>,
    parts: usize,
    patterns: usize,
}

impl<'a> Look<'a> {
    fn part(&mut self, part: &'a Value) -> Result<(), String> {
        match part {
            Value::Array(items) => items.iter().try_for_each(|item| self.part(item)),
            Value::Object(words) => {
                self.parts += 1;
                if self.parts > MAX_PARTS {
                    return Err(format!(
                        "it has more than {MAX_PARTS} parts, where what is referred to counts each time; make it simpler"
                    ));
                }
                words.iter().try_for_each(|(word, part)| self.word(word, part))
            }
            _ => Ok(()),
        }
    }

    fn word(&mut self, word: &str, value: &'a Value) -> Result<(), String> {
        match (word, value) {
            ("$ref", Value::String(place)) => return self.follow(place),
            ("$dynamicRef" | "$recursiveRef", Value::String(_)) => {
                return Err(format!("'{word}' is not taken; use '$ref': \"#/$defs/NAME\""));
            }
            ("$id" | "$schema", Value::String(_)) if self.parts > 1 => {
                return Err(format!("'{word}' may only stand at its beginning"));
            }
            ("pattern", Value::String(_)) => self.patterns += 1,
            ("patternProperties", Value::Object(patterns)) => self.patterns += patterns.len(),
            _ => {}
        }
        if self.patterns > MAX_PATTERNS {
            return Err(format!("it has more than {MAX_PATTERNS} patterns; leave some out"));
        }
        self.part(value)
    }

    fn follow(&mut self, place: &'a str) -> Result<(), String> {
        let root = self.root;
        let target = place.strip_prefix('#').filter(|pointer| pointer.starts_with('/'));
        let target = target.and_then(|pointer| root.pointer(pointer)).ok_or_else(|| {
            format!("'$ref': \"{place}\" is not in it; only \"#/...\" to a part of the same schema is taken")
        })?;
        if self.within.contains(&place) {
            return Err(format!("'$ref': \"{place}\" leads back to itself"));
        }
        self.within.push(place);
        self.part(target)?;
        self.within.pop();
        Ok(())
    }
}
