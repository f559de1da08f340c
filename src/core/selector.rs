//! Selectors: an expression says which records of a list are wanted (`site == "eu" && cpu > 80`), a sort says in which
//! order.
//!
//! The language is Rhai, parsed by its own parser and cut down to expressions: no statements, loops, closures, functions
//! of one's own, `eval`; every limit is set. What compares fields with literals is evaluated natively; anything else by
//! the interpreter, which sees the fields that the expression names and no others. Both give the same answer.
//!
//! What a record does not have is `()`: every ordering with it is false, `== ()` finds it, arithmetic with it gives it
//! again, and an expression that ends in it does not select.

pub mod agent;
mod column;
pub mod command;
pub mod container;
mod cursor;
mod field;
pub mod glob;
pub mod image;
mod interpreter;
mod native;
mod order;
mod parse;
mod select;
mod value;

pub use self::{
    column::Column,
    cursor::Cursor,
    field::{Field, Kind, Needs},
    interpreter::{FUNCTIONS, Interpreter},
    order::{Key, Order},
    select::{Row, Selected, select},
    value::Value,
};

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

pub(in crate::core) use self::order::natural;
use self::{interpreter::Evaluation, native::Predicate};

/// The most characters that an expression may have.
pub const MAX_CHARACTERS: usize = 2048;

/// The most parts of expressions that one request may evaluate over all its records; about a second of one core.
const MAX_WORK: usize = 20_000_000;

/// What is wrong with an expression or a sort, and the cure, in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault(pub String);

/// An expression that was understood, for records of one noun.
#[derive(Debug)]
pub struct Selector<R: 'static> {
    fields: &'static [Field<R>],
    compiled: Arc<Compiled>,
}

/// What a text means for one table of fields.
#[derive(Debug)]
struct Compiled {
    plan: Plan,
    needs: Needs,
    /// How many parts the expression has.
    parts: usize,
    /// The fields that it names, by their place in the table.
    named: Vec<usize>,
}

#[derive(Debug)]
enum Plan {
    Native(Predicate),
    Interpreted(Evaluation),
}

impl<R> Selector<R> {
    /// What it reads besides the record itself.
    #[must_use]
    pub fn needs(&self) -> Needs {
        self.compiled.needs
    }

    /// The fields that it names.
    pub fn named(&self) -> impl Iterator<Item = &'static Field<R>> {
        let fields = self.fields;
        self.compiled.named.iter().map(move |field| &fields[*field])
    }

    /// Whether it is evaluated without the interpreter.
    #[must_use]
    pub fn is_native(&self) -> bool {
        matches!(self.compiled.plan, Plan::Native(_))
    }

    /// Refuses to look through so many records that it would take long.
    ///
    /// # Errors
    /// The words name the cure.
    pub fn check_work(&self, records: usize) -> Result<(), Fault> {
        let work = self.compiled.parts.saturating_mul(records);
        if self.is_native() || work <= MAX_WORK {
            return Ok(());
        }
        Err(Fault(format!(
            "the expression has {} parts, too many for {records} records; use a shorter one, or narrow the list with \
             the other filters",
            self.compiled.parts
        )))
    }

    /// Whether a record is wanted.
    ///
    /// # Errors
    /// The expression cannot be evaluated for this record, or gives neither true nor false.
    pub fn matches(&self, row: &R) -> Result<bool, Fault> {
        match &self.compiled.plan {
            Plan::Native(predicate) => Ok(predicate.holds(self.fields, row)),
            Plan::Interpreted(evaluation) => evaluation.holds(self.fields, row),
        }
    }
}

/// Reads an expression over these fields. [`Selectors`] does the same and remembers.
///
/// # Errors
/// Says what is wrong, where, and what would be right.
pub fn compile<R>(text: &str, fields: &'static [Field<R>]) -> Result<Selector<R>, Fault> {
    compile_with(&Arc::new(Interpreter::new()), text, fields, true)
}

/// Reads an expression; without `natively` the interpreter evaluates it, whatever it is.
fn compile_with<R>(
    interpreter: &Arc<Interpreter>,
    text: &str,
    fields: &'static [Field<R>],
    natively: bool,
) -> Result<Selector<R>, Fault> {
    let compiled = Arc::new(parse::compile(interpreter, text, fields, natively)?);
    Ok(Selector { fields, compiled })
}

/// The expressions that were asked for lately.
#[derive(Debug)]
pub struct Selectors {
    interpreter: Arc<Interpreter>,
    known: Mutex<HashMap<(&'static str, String), Arc<Compiled>>>,
}

/// How many expressions are remembered.
const REMEMBERED: usize = 256;

impl Selectors {
    /// None yet.
    #[must_use]
    pub fn new() -> Self {
        Self { interpreter: Arc::new(Interpreter::new()), known: Mutex::default() }
    }

    /// Reads an expression over the fields of a noun.
    ///
    /// # Errors
    /// Says what is wrong, where, and what would be right.
    pub fn compile<R>(
        &self,
        noun: &'static str,
        text: &str,
        fields: &'static [Field<R>],
    ) -> Result<Selector<R>, Fault> {
        let key = (noun, text.to_owned());
        let known = || self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(compiled) = known().get(&key) {
            return Ok(Selector { fields, compiled: compiled.clone() });
        }
        let selector = compile_with(&self.interpreter, text, fields, true)?;
        let mut known = known();
        if known.len() >= REMEMBERED {
            known.clear();
        }
        known.insert(key, selector.compiled.clone());
        Ok(selector)
    }
}

impl Default for Selectors {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests;
