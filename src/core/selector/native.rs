//! [`Predicate`]: comparisons of fields with literals, joined by `&&`, `||` and `!`, evaluated without the interpreter.

use super::{
    field::{Field, Operand},
    value::{Comparison, Value},
};

/// What needs no interpreter.
#[derive(Clone, Debug)]
pub(super) enum Predicate {
    /// A field that is true or false.
    Truth(Operand),
    /// `field op literal`.
    Compare(Operand, Comparison, Value<'static>),
    /// `field in [literal, ...]`.
    OneOf(Operand, Vec<Value<'static>>),
    /// `"text" in field`, of a list or a field's names.
    Has(Operand, String),
    Not(Box<Self>),
    All(Vec<Self>),
    Any(Vec<Self>),
}

impl Predicate {
    /// Whether it holds for a record.
    pub(super) fn holds<R>(&self, fields: &[Field<R>], row: &R) -> bool {
        match self {
            Self::Truth(operand) => operand.read(fields, row) == Value::Truth(true),
            Self::Compare(operand, comparison, literal) => {
                comparison.holds(&operand.read(fields, row), literal)
            }
            Self::OneOf(operand, literals) => {
                let value = operand.read(fields, row);
                literals.iter().any(|literal| Comparison::Equal.holds(&value, literal))
            }
            Self::Has(operand, text) => match operand.read(fields, row) {
                Value::List(items) => items.iter().any(|item| **item == **text),
                Value::Labels(labels) => labels.get(text).is_some(),
                _ => false,
            },
            Self::Not(inner) => !inner.holds(fields, row),
            Self::All(parts) => parts.iter().all(|part| part.holds(fields, row)),
            Self::Any(parts) => parts.iter().any(|part| part.holds(fields, row)),
        }
    }
}
