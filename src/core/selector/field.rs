//! [`Field`]: a name that expressions and sorts may use, and how it is read from a record.

use std::fmt;

use super::{Fault, value::Value};

/// What a field holds, when it is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `true` or `false`; always there.
    Truth,
    /// A whole number.
    Integer,
    /// Any number.
    Number,
    /// Text.
    Text,
    /// A list of texts.
    List,
    /// Texts by name: `labels.tier`.
    Labels,
}

impl Kind {
    /// The kind in a word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Truth => "true or false",
            Self::Integer => "whole number",
            Self::Number => "number",
            Self::Text => "text",
            Self::List => "list of texts",
            Self::Labels => "texts by name",
        }
    }
}

/// What a field depends on besides the record itself, so that a list is known to change with it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Needs(u8);

impl Needs {
    /// Nothing.
    pub const NOTHING: Self = Self(0);
    /// The latest telemetry.
    pub const TELEMETRY: Self = Self(1);
    /// The containers of a node.
    pub const CONTAINERS: Self = Self(2);
    /// Whether a link is open.
    pub const LINK: Self = Self(4);
    /// The time of day.
    pub const CLOCK: Self = Self(8);
    /// The images of a node.
    pub const IMAGES: Self = Self(16);
    /// When agents were last heard of.
    pub const HEARD: Self = Self(32);

    /// Both.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether all of `other` is needed.
    #[must_use]
    pub const fn include(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

/// A name, what it holds and how it is read.
pub struct Field<R> {
    /// The name.
    pub name: &'static str,
    /// What it holds.
    pub kind: Kind,
    /// What it depends on besides the record.
    pub needs: Needs,
    /// One line for people, with the unit.
    pub about: &'static str,
    /// Reads it; [`Value::Missing`] when the record does not have it.
    pub read: for<'a> fn(&'a R) -> Value<'a>,
}

impl<R> fmt::Debug for Field<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.name, self.kind.as_str())
    }
}

/// A field, or one name of a field that holds texts by name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Operand {
    /// Its place in the table.
    pub(super) field: usize,
    /// The name within it.
    pub(super) label: Option<String>,
}

impl Operand {
    /// Reads it from a record.
    pub(super) fn read<'a, R>(&self, fields: &[Field<R>], row: &'a R) -> Value<'a> {
        match ((fields[self.field].read)(row), &self.label) {
            (Value::Labels(labels), Some(label)) => {
                labels.get(label).map_or(Value::Missing, |text| Value::Text(text.into()))
            }
            (value, _) => value,
        }
    }
}

/// The place of a field in its table, or the words about a name that is none.
pub(super) fn find<R>(fields: &[Field<R>], name: &str, at: &str) -> Result<usize, Fault> {
    let found = fields.iter().position(|field| field.name == name);
    found.ok_or_else(|| Fault(unknown("name", name, at, fields.iter().map(|field| field.name))))
}

/// What is said of a word that nobody knows.
pub(super) fn unknown(
    what: &str,
    word: &str,
    at: &str,
    known: impl Iterator<Item = &'static str> + Clone,
) -> String {
    let near = known
        .clone()
        .map(|name| (strsim::damerau_levenshtein(&word.to_lowercase(), name), name))
        .min()
        .filter(|(distance, name)| *distance <= 1 + name.len() / 4);
    let known: Vec<&str> = known.collect();
    let shown: String = word.chars().take(64).collect();
    let hint = near.map_or_else(String::new, |(_, name)| format!("; did you mean '{name}'?"));
    format!("unknown {what} '{shown}'{at}; known: {}{hint}", known.join(", "))
}
