//! [`Fields`]: an object of a frame, field by field; each error names its place.

use serde_json::{Map, Value};

use crate::core::error::Error;

/// The most characters of a peer's own names that are told back.
const MAX_NAME: usize = 64;

/// An object and where it stands in its frame.
pub(super) struct Fields<'a> {
    object: &'a Map<String, Value>,
    place: String,
}

impl<'a> Fields<'a> {
    /// The fields of an object that stands at `place` (`payload/memory_usage`).
    pub(super) fn of(value: &'a Value, place: impl Into<String>) -> Result<Self, Error> {
        let place = place.into();
        match value.as_object() {
            Some(object) => Ok(Self { object, place }),
            None => Err(Error::field(&place, "expected an object")),
        }
    }

    /// The fields of the object in a field; `None` when it is absent.
    pub(super) fn inside(&self, name: &str) -> Result<Option<Fields<'a>>, Error> {
        self.find(&[name]).map(|(_, value)| Fields::of(value, self.place_of(name))).transpose()
    }

    /// The objects in this object, by their names.
    pub(super) fn each(&self) -> impl Iterator<Item = (&'a String, Result<Fields<'a>, Error>)> {
        self.object.iter().map(|(name, value)| (name, Fields::of(value, self.place_of(name))))
    }

    /// Every field.
    pub(super) fn all(&self) -> impl Iterator<Item = (&'a String, &'a Value)> {
        self.object.iter()
    }

    /// The first of these fields that is there and not `null`.
    pub(super) fn find<'n>(&self, names: &[&'n str]) -> Option<(&'n str, &'a Value)> {
        let present = |name: &&'n str| self.object.get(*name).map(|value| (*name, value));
        names.iter().filter_map(present).find(|(_, value)| !value.is_null())
    }

    /// What is said of a field that is wrong.
    pub(super) fn wrong(&self, name: &str, expected: impl Into<String>) -> Error {
        Error::field(&self.place_of(name), expected)
    }

    pub(super) fn text(&self, names: &[&str]) -> Result<Option<&'a str>, Error> {
        let Some((name, value)) = self.find(names) else { return Ok(None) };
        value.as_str().map(Some).ok_or_else(|| self.wrong(name, "expected a text"))
    }

    /// A share of a whole, 0 to 100.
    pub(super) fn percent(&self, names: &[&str]) -> Result<Option<f32>, Error> {
        let Some((name, value)) = self.find(names) else { return Ok(None) };
        let number = value.as_f64().filter(|number| (0.0..=100.0).contains(number));
        #[expect(clippy::cast_possible_truncation, reason = "a percentage keeps enough of its digits")]
        number
            .map(|number| Some(number as f32))
            .ok_or_else(|| self.wrong(name, "expected a percentage, 0 to 100"))
    }

    /// A whole number below 2⁵³, which is as far as every JSON library keeps them.
    pub(super) fn whole(&self, names: &[&str]) -> Result<Option<u64>, Error> {
        const LIMIT: u64 = 1 << 53;
        let Some((name, value)) = self.find(names) else { return Ok(None) };
        let number = value.as_u64().or_else(|| {
            let float = value.as_f64().filter(|float| float.fract() == 0.0 && (0.0..1e15).contains(float))?;
            format!("{float:.0}").parse().ok()
        });
        let number = number.filter(|number| *number < LIMIT);
        number.map(Some).ok_or_else(|| self.wrong(name, "expected a whole number from 0 to 2^53"))
    }

    /// A whole number that has to be there.
    pub(super) fn needed(&self, names: &[&str]) -> Result<u64, Error> {
        self.whole(names)?.ok_or_else(|| {
            self.wrong(names[0], "expected a whole number; leave the object out where it is not known")
        })
    }

    fn place_of(&self, name: &str) -> String {
        let name: String = name.chars().take(MAX_NAME).collect();
        if self.place.is_empty() { name } else { format!("{}/{name}", self.place) }
    }
}
