//! [`Order`]: in which order a list comes, and the keys that a cursor holds of it.

use std::cmp::Ordering;

use serde::{Deserialize, Serialize};

use super::{
    Fault, Needs,
    field::{Field, Kind, Operand, find},
    value::Value,
};

/// The most fields that a sort may name.
const MAX_FIELDS: usize = 8;
/// As much of a text as counts for its place: a cursor must stay short.
const TEXT_CHARACTERS: usize = 256;

/// The fields that a list is sorted by; ties stand by id.
#[derive(Debug)]
pub struct Order<R: 'static> {
    fields: &'static [Field<R>],
    by: Vec<(Operand, bool)>,
}

/// What a record's place depends on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Key {
    /// It has none, and comes last whatever the direction.
    Missing,
    /// False before true.
    Truth(bool),
    /// A whole number.
    Integer(i64),
    /// Any number.
    Number(f64),
    /// Text, in which digits count as numbers: `node-2` before `node-10`.
    Text(String),
}

impl<R> Order<R> {
    /// The order of the ids alone.
    #[must_use]
    pub const fn by_id(fields: &'static [Field<R>]) -> Self {
        Self { fields, by: Vec::new() }
    }

    /// Reads `field,-other`: a minus sorts downwards.
    ///
    /// # Errors
    /// Names what is no field, or none to sort by.
    pub fn parse(text: &str, fields: &'static [Field<R>]) -> Result<Self, Fault> {
        let mut by = Vec::new();
        for word in text.split(',').map(str::trim) {
            let (name, down) = match word.strip_prefix('-') {
                Some(name) => (name, true),
                None => (word, false),
            };
            if name.is_empty() {
                return Err(Fault("expected fields separated by commas, like site,-cpu".into()));
            }
            let (name, label) = match name.split_once('.') {
                Some((name, label)) => (name, Some(label.to_owned())),
                None => (name, None),
            };
            let field = find(fields, name, "")?;
            match (fields[field].kind, &label) {
                (Kind::Labels, Some(_)) => {}
                (Kind::Labels, None) => return Err(Fault(format!("expected a name, like {name}.tier"))),
                (Kind::List, _) => return Err(Fault(format!("'{name}' is a list, which has no order"))),
                (_, Some(_)) => return Err(Fault(format!("'{name}' has no names within it"))),
                (_, None) => {}
            }
            by.push((Operand { field, label }, down));
        }
        if by.len() > MAX_FIELDS {
            return Err(Fault(format!("expected at most {MAX_FIELDS} fields")));
        }
        Ok(Self { fields, by })
    }

    /// Whether it is the order of the ids.
    #[must_use]
    pub fn is_by_id(&self) -> bool {
        self.by.is_empty()
    }

    /// What it reads besides the record itself.
    #[must_use]
    pub fn needs(&self) -> Needs {
        self.by.iter().fold(Needs::NOTHING, |needs, (operand, _)| needs.and(self.fields[operand.field].needs))
    }

    /// A record's keys.
    pub(super) fn keys(&self, row: &R) -> Vec<Key> {
        self.by.iter().map(|(operand, _)| key(&operand.read(self.fields, row))).collect()
    }

    /// How two records stand by their keys.
    pub(super) fn compare(&self, left: &[Key], right: &[Key]) -> Ordering {
        let pairs = left.iter().zip(right).zip(&self.by);
        pairs
            .map(|((left, right), (_, down))| compare(left.standing(), right.standing(), *down))
            .find(|by| by.is_ne())
            .unwrap_or(Ordering::Equal)
    }

    /// What a record's place depends on first; the rest counts among equals only, and is read then.
    pub(in crate::core) fn first<'a>(&self, row: &'a R) -> Value<'a> {
        self.by.first().map_or(Value::Missing, |(operand, _)| operand.read(self.fields, row))
    }

    /// How two records stand of which the first values were read, without a text of its own for each.
    pub(in crate::core) fn compare_rows(
        &self,
        (left, left_first): (&R, &Value<'_>),
        (right, right_first): (&R, &Value<'_>),
    ) -> Ordering {
        let Some(((_, down), rest)) = self.by.split_first() else { return Ordering::Equal };
        compare(standing(left_first), standing(right_first), *down).then_with(|| {
            let others = rest.iter().map(|(operand, down)| {
                let (left, right) = (operand.read(self.fields, left), operand.read(self.fields, right));
                compare(standing(&left), standing(&right), *down)
            });
            others.into_iter().find(|by| by.is_ne()).unwrap_or(Ordering::Equal)
        })
    }

    /// Whether keys from outside could be those of a record.
    pub(super) fn fits(&self, keys: &[Key]) -> bool {
        keys.len() == self.by.len()
    }
}

fn key(value: &Value<'_>) -> Key {
    match value {
        Value::Truth(truth) => Key::Truth(*truth),
        Value::Integer(number) => Key::Integer(*number),
        Value::Number(number) if number.is_finite() => Key::Number(*number),
        Value::Text(text) => Key::Text(text.chars().take(TEXT_CHARACTERS).collect()),
        Value::Missing | Value::Number(_) | Value::List(_) | Value::Labels(_) => Key::Missing,
    }
}

/// A key, or what would become one, as it is compared.
#[derive(Clone, Copy)]
enum Standing<'a> {
    Missing,
    Truth(bool),
    Integer(i64),
    Number(f64),
    Text(&'a str),
}

impl Key {
    fn standing(&self) -> Standing<'_> {
        match self {
            Self::Missing => Standing::Missing,
            Self::Truth(truth) => Standing::Truth(*truth),
            Self::Integer(number) => Standing::Integer(*number),
            Self::Number(number) => Standing::Number(*number),
            Self::Text(text) => Standing::Text(text),
        }
    }
}

fn standing<'a>(value: &'a Value<'_>) -> Standing<'a> {
    match value {
        Value::Truth(truth) => Standing::Truth(*truth),
        Value::Integer(number) => Standing::Integer(*number),
        Value::Number(number) if number.is_finite() => Standing::Number(*number),
        Value::Text(text) => Standing::Text(text),
        Value::Missing | Value::Number(_) | Value::List(_) | Value::Labels(_) => Standing::Missing,
    }
}

fn compare(left: Standing<'_>, right: Standing<'_>, down: bool) -> Ordering {
    let up = match (left, right) {
        (Standing::Missing, Standing::Missing) => Ordering::Equal,
        (Standing::Missing, _) => return Ordering::Greater,
        (_, Standing::Missing) => return Ordering::Less,
        (Standing::Text(left), Standing::Text(right)) => natural(left, right),
        (Standing::Truth(left), Standing::Truth(right)) => left.cmp(&right),
        (Standing::Integer(left), Standing::Integer(right)) => left.cmp(&right),
        _ => match (number(left), number(right)) {
            (Some(left), Some(right)) => left.total_cmp(&right),
            // One field gives one kind; a cursor from outside may say otherwise, and then any fixed order will do.
            _ => rank(left).cmp(&rank(right)),
        },
    };
    if down { up.reverse() } else { up }
}

#[expect(clippy::cast_precision_loss, reason = "keys of one field are all whole numbers or none is")]
const fn number(key: Standing<'_>) -> Option<f64> {
    match key {
        Standing::Integer(number) => Some(number as f64),
        // -0 stands with 0, where JSON may put it.
        Standing::Number(number) => Some(number + 0.0),
        _ => None,
    }
}

const fn rank(key: Standing<'_>) -> u8 {
    match key {
        Standing::Truth(_) => 0,
        Standing::Integer(_) | Standing::Number(_) => 1,
        Standing::Text(_) => 2,
        Standing::Missing => 3,
    }
}

/// Texts with runs of digits as numbers; those that differ in leading zeros alone stand as plain texts do.
pub(in crate::core) fn natural(left: &str, right: &str) -> Ordering {
    let (mut a, mut b) = (left.as_bytes(), right.as_bytes());
    loop {
        let by = match (a.first(), b.first()) {
            (None, None) => return left.cmp(right),
            (None, Some(_)) => return Ordering::Less,
            (Some(_), None) => return Ordering::Greater,
            (Some(x), Some(y)) if x.is_ascii_digit() && y.is_ascii_digit() => {
                let (x, y) = (digits(&mut a), digits(&mut b));
                x.len().cmp(&y.len()).then_with(|| x.cmp(y))
            }
            (Some(x), Some(y)) => {
                let by = x.cmp(y);
                (a, b) = (&a[1..], &b[1..]);
                by
            }
        };
        if by.is_ne() {
            return by;
        }
    }
}

/// Takes a run of digits off the front, without its leading zeros.
fn digits<'a>(text: &mut &'a [u8]) -> &'a [u8] {
    let end = text.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(text.len());
    let (run, rest) = text.split_at(end);
    *text = rest;
    let start = run.iter().position(|byte| *byte != b'0').unwrap_or(run.len());
    &run[start..]
}
