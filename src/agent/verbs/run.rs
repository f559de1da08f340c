//! [`Task`]: one run of a site's verb, ready for whatever starts programs; [`LastLine`]: what it says of its result.

use std::{collections::BTreeMap, fs, path::Path};

use serde_json::{Map, Value};

use super::Defined;
use crate::{
    config::private,
    core::arguments::{REDACTED, check},
    proto::{envelope::CommandOrder, verb::Effect},
};

/// The most bytes of a line that can be a result.
const MAX_RESULT_BYTES: usize = 64 * 1024;
/// The shortest secret that is looked for within other text; a shorter one would be found everywhere.
const SHORTEST: usize = 4;

/// A program to run, and what it is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::agent) struct Task {
    /// The executable.
    pub(in crate::agent) program: String,
    /// The folder that it runs in.
    pub(in crate::agent) folder: String,
    /// The user that it runs as.
    pub(in crate::agent) user: Option<String>,
    /// What it finds in its environment.
    pub(in crate::agent) env: BTreeMap<String, String>,
    /// What it reads: its arguments as one line of JSON.
    pub(in crate::agent) stdin: String,
    /// What its output must not show.
    pub(in crate::agent) secrets: Vec<String>,
    /// What it does to the node.
    pub(in crate::agent) effect: Effect,
}

impl Defined {
    /// Makes a run of an order, whose arguments are checked once more: the server may know another manifest.
    ///
    /// # Errors
    /// Says which argument is wrong, or who could have changed the program since it was announced.
    pub(in crate::agent) fn task(&self, order: &CommandOrder) -> Result<Task, String> {
        let args = order.args.as_object().ok_or("they are not an object")?;
        let about = fs::metadata(&self.program).map_err(|error| format!("{}: {error}", self.program))?;
        private::guarded(Path::new(&self.program), &about)?;
        let checked = check(&order.verb, Some(&self.about), args).map_err(|error| error.to_string())?;
        let env = [
            ("WORPEN_EXECUTION", order.execution.to_string()),
            ("WORPEN_COMMAND", order.command.to_string()),
            ("WORPEN_ACTOR", order.actor.clone()),
        ];
        Ok(Task {
            program: self.program.clone(),
            folder: self.folder.clone(),
            user: self.user.clone(),
            env: env.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
            stdin: format!("{}\n", order.args),
            secrets: with_escaped(checked.secrets),
            effect: checked.effect,
        })
    }
}

/// The secrets, and what each looks like in JSON: a program may print it so.
fn with_escaped(mut secrets: Vec<String>) -> Vec<String> {
    let escaped = secrets.iter().map(|secret| {
        let text = Value::from(secret.as_str()).to_string();
        text[1..text.len() - 1].to_owned()
    });
    let escaped: Vec<String> = escaped.filter(|text| !secrets.contains(text)).collect();
    secrets.splice(0..0, escaped);
    secrets
}

/// Keeps the last line that was printed and is not empty, as long as it can be a result.
#[derive(Debug, Default)]
pub(in crate::agent) struct LastLine {
    line: Vec<u8>,
    /// Whether the line has ended: what comes next is another.
    has_ended: bool,
    is_too_long: bool,
}

impl LastLine {
    /// Takes what was printed next.
    pub(in crate::agent) fn push(&mut self, bytes: &[u8]) {
        let Some(last) = bytes.iter().rposition(|byte| *byte != b'\n') else {
            self.has_ended |= !bytes.is_empty();
            return;
        };
        let (said, end) = bytes.split_at(last + 1);
        let begin = said.iter().rposition(|byte| *byte == b'\n').map(|newline| newline + 1);
        if begin.is_some() || self.has_ended {
            self.line.clear();
            self.is_too_long = false;
        }
        let said = &said[begin.unwrap_or_default()..];
        self.has_ended = !end.is_empty();
        self.is_too_long |= self.line.len() + said.len() > MAX_RESULT_BYTES;
        if !self.is_too_long {
            self.line.extend_from_slice(said);
        }
    }

    /// The JSON object that the last line is, if it is one, without secrets.
    pub(in crate::agent) fn result(&self, secrets: &[String]) -> Option<Value> {
        if self.is_too_long {
            return None;
        }
        let mut object: Map<String, Value> = serde_json::from_slice(&self.line).ok()?;
        object.values_mut().for_each(|value| hide(value, secrets));
        let named = object.into_iter().map(|(name, value)| (without(&name, secrets), value));
        Some(Value::Object(named.collect()))
    }
}

fn hide(value: &mut Value, secrets: &[String]) {
    match value {
        Value::String(text) => *text = without(text, secrets),
        Value::Number(number) if secrets.contains(&number.to_string()) => *value = REDACTED.into(),
        Value::Array(items) => items.iter_mut().for_each(|item| hide(item, secrets)),
        Value::Object(object) => {
            object.values_mut().for_each(|value| hide(value, secrets));
            let named = std::mem::take(object).into_iter();
            *object = named.map(|(name, value)| (without(&name, secrets), value)).collect();
        }
        _ => {}
    }
}

fn without(text: &str, secrets: &[String]) -> String {
    if secrets.iter().any(|secret| secret == text) {
        return REDACTED.to_owned();
    }
    let long = secrets.iter().filter(|secret| secret.len() >= SHORTEST);
    long.fold(text.to_owned(), |text, secret| text.replace(secret.as_str(), REDACTED))
}
