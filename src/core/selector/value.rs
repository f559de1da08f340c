//! [`Value`]: what a field of a record holds, and how two values compare, exactly as Rhai compares them.

use std::{borrow::Cow, sync::Arc};

use crate::proto::labels::Labels;

/// What a field holds.
#[derive(Clone, Debug, PartialEq)]
pub enum Value<'a> {
    /// The record does not have it: `()`.
    Missing,
    /// True or false.
    Truth(bool),
    /// A whole number.
    Integer(i64),
    /// Any number.
    Number(f64),
    /// Text.
    Text(Cow<'a, str>),
    /// A list of texts.
    List(&'a [Arc<str>]),
    /// Texts by name.
    Labels(&'a Labels),
}

impl From<bool> for Value<'_> {
    fn from(value: bool) -> Self {
        Self::Truth(value)
    }
}

impl From<i64> for Value<'_> {
    fn from(value: i64) -> Self {
        Self::Integer(value)
    }
}

impl From<u32> for Value<'_> {
    fn from(value: u32) -> Self {
        Self::Integer(value.into())
    }
}

impl From<u64> for Value<'_> {
    /// Nothing that is counted here comes near 2⁶³; what does is the largest there is.
    fn from(value: u64) -> Self {
        Self::Integer(i64::try_from(value).unwrap_or(i64::MAX))
    }
}

impl From<f64> for Value<'_> {
    fn from(value: f64) -> Self {
        Self::Number(value)
    }
}

impl From<f32> for Value<'_> {
    fn from(value: f32) -> Self {
        Self::Number(value.into())
    }
}

impl From<&'static str> for Value<'_> {
    fn from(value: &'static str) -> Self {
        Self::Text(value.into())
    }
}

impl<'a> From<&'a String> for Value<'a> {
    fn from(value: &'a String) -> Self {
        Self::Text(value.as_str().into())
    }
}

impl<'a> From<&'a Arc<str>> for Value<'a> {
    fn from(value: &'a Arc<str>) -> Self {
        Self::Text((&**value).into())
    }
}

impl<'a, T: Into<Self>> From<Option<T>> for Value<'a> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Missing, Into::into)
    }
}

/// A comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Comparison {
    /// The comparison that an operator stands for.
    pub(super) fn of(operator: &str) -> Option<Self> {
        Some(match operator {
            "==" => Self::Equal,
            "!=" => Self::NotEqual,
            "<" => Self::Less,
            "<=" => Self::LessOrEqual,
            ">" => Self::Greater,
            ">=" => Self::GreaterOrEqual,
            _ => return None,
        })
    }

    /// The comparison that says the same with its sides swapped.
    pub(super) const fn swapped(self) -> Self {
        match self {
            Self::Equal | Self::NotEqual => self,
            Self::Less => Self::Greater,
            Self::LessOrEqual => Self::GreaterOrEqual,
            Self::Greater => Self::Less,
            Self::GreaterOrEqual => Self::LessOrEqual,
        }
    }

    /// Whether it holds between two values. Those of different kinds are unequal and in no order.
    pub(super) fn holds(self, left: &Value<'_>, right: &Value<'_>) -> bool {
        use Value::{Integer, Missing, Number, Text, Truth};
        #[expect(clippy::cast_precision_loss, reason = "Rhai compares a whole number with another so")]
        match (left, right) {
            (Integer(left), Integer(right)) => self.of_ordered(left, right),
            (Integer(left), Number(right)) => self.of_numbers(*left as f64, *right),
            (Number(left), Integer(right)) => self.of_numbers(*left, *right as f64),
            (Number(left), Number(right)) => self.of_numbers(*left, *right),
            (Text(left), Text(right)) => self.of_ordered(left, right),
            (Truth(left), Truth(right)) => self.of_ordered(left, right),
            (Missing, Missing) => self == Self::Equal,
            _ => self == Self::NotEqual,
        }
    }

    fn of_ordered<T: Ord + ?Sized>(self, left: &T, right: &T) -> bool {
        match self {
            Self::Equal => left == right,
            Self::NotEqual => left != right,
            Self::Less => left < right,
            Self::LessOrEqual => left <= right,
            Self::Greater => left > right,
            Self::GreaterOrEqual => left >= right,
        }
    }

    /// Rhai takes numbers for equal that differ by less than the precision of the larger.
    fn of_numbers(self, left: f64, right: f64) -> bool {
        let scale = if left * right == 0.0 { 1.0 } else { left.abs().max(right.abs()) };
        let apart = (left - right) / scale;
        match self {
            Self::Equal => apart.abs() <= f64::EPSILON,
            Self::NotEqual => apart.abs() > f64::EPSILON,
            Self::Less => -apart > f64::EPSILON,
            Self::LessOrEqual => -apart > -f64::EPSILON,
            Self::Greater => apart > f64::EPSILON,
            Self::GreaterOrEqual => apart > -f64::EPSILON,
        }
    }
}
