//! [`Interpreter`]: Rhai with nothing but expressions in it, and the functions that they may call.

use std::{fmt, sync::Arc};

use rhai::{
    AST, Array, Dynamic, Engine, EvalAltResult, ImmutableString, Map, OptimizationLevel, Position, Scope,
};

use super::{
    Fault,
    field::Field,
    glob,
    value::{Comparison, Value},
};

/// The functions that an expression may call, with what they do.
pub const FUNCTIONS: &[(&str, &str)] = &[
    ("contains", "whether a text holds another, a list an item, or `labels` a name; `x in y` is the same"),
    ("starts_with", "whether a text begins with another"),
    ("ends_with", "whether a text ends with another"),
    ("matches", "whether a text is as a pattern says: `*` is any characters, `?` one"),
    ("lower", "a text in lower case"),
    ("len", "the characters of a text, the items of a list"),
];

/// The most parts of an expression that may be evaluated for one record.
const MAX_OPERATIONS: u64 = 10_000;
/// How deep an expression may nest.
const MAX_DEPTH: usize = 64;
/// The most bytes of a text that an expression may make.
const MAX_TEXT: usize = 64 * 1024;
/// The most items of a list, and of a map, that an expression may make.
const MAX_ITEMS: usize = 256;

/// The engine.
pub struct Interpreter(pub(super) Engine);

impl Interpreter {
    /// An engine without packages: it knows operators, the listed functions, and nothing else.
    #[must_use]
    pub fn new() -> Self {
        let mut engine = Engine::new_raw();
        engine
            .set_max_operations(MAX_OPERATIONS)
            .set_max_expr_depths(MAX_DEPTH, 1)
            .set_max_call_levels(8)
            .set_max_string_size(MAX_TEXT)
            .set_max_array_size(MAX_ITEMS)
            .set_max_map_size(MAX_ITEMS)
            .set_max_variables(64)
            .set_max_functions(0)
            .set_allow_looping(false)
            .set_allow_anonymous_fn(false)
            .set_allow_statement_expression(false)
            .set_allow_if_expression(false)
            .set_allow_switch_expression(false)
            .set_allow_loop_expressions(false)
            .set_allow_shadowing(false)
            // Constants folded at the start would bypass the limits of an evaluation, and hide positions.
            .set_optimization_level(OptimizationLevel::None)
            .disable_symbol("eval");
        register(&mut engine);
        Self(engine)
    }
}

impl Default for Interpreter {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Interpreter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Interpreter")
    }
}

/// Adds the listed functions. Of what is missing, a question is false and anything else is missing too.
fn register(engine: &mut Engine) {
    type Text = ImmutableString;
    engine
        .register_fn("contains", |text: Text, part: Text| text.contains(part.as_str()))
        .register_fn("contains", |items: Array, wanted: Dynamic| {
            let wanted = seen(&wanted);
            items.iter().any(|item| Comparison::Equal.holds(&seen(item), &wanted))
        })
        .register_fn("contains", |labels: Map, name: Text| labels.contains_key(name.as_str()))
        .register_fn("contains", |(): (), _: Dynamic| false)
        .register_fn("contains", |_: Text, (): ()| false)
        .register_fn("contains", |_: Map, (): ()| false)
        .register_fn("starts_with", |text: Text, part: Text| text.starts_with(part.as_str()))
        .register_fn("starts_with", |(): (), _: Dynamic| false)
        .register_fn("ends_with", |text: Text, part: Text| text.ends_with(part.as_str()))
        .register_fn("ends_with", |(): (), _: Dynamic| false)
        .register_fn("matches", |text: Text, pattern: Text| {
            let too_long = || EvalAltResult::ErrorTooManyOperations(Position::NONE);
            glob::matches(&text, &pattern).ok_or_else(|| Box::new(too_long()))
        })
        .register_fn("matches", |(): (), _: Dynamic| false)
        .register_fn("lower", |text: Text| text.to_lowercase())
        .register_fn("lower", |(): ()| ())
        .register_fn("len", |text: Text| count(text.chars().count()))
        .register_fn("len", |items: Array| count(items.len()))
        .register_fn("len", |labels: Map| count(labels.len()))
        .register_fn("len", |(): ()| ())
        .register_fn("-", |(): ()| ());
    for operator in ["+", "-", "*", "/", "%"] {
        engine
            .register_fn(operator, |(): (), (): ()| ())
            .register_fn(operator, |(): (), _: i64| ())
            .register_fn(operator, |(): (), _: f64| ())
            .register_fn(operator, |_: i64, (): ()| ())
            .register_fn(operator, |_: f64, (): ()| ());
    }
}

fn count(items: usize) -> i64 {
    i64::try_from(items).unwrap_or(i64::MAX)
}

/// A value of the interpreter as one of ours, as far as lists compare their items.
fn seen(value: &Dynamic) -> Value<'static> {
    if let Ok(truth) = value.as_bool() {
        Value::Truth(truth)
    } else if let Ok(number) = value.as_int() {
        Value::Integer(number)
    } else if let Ok(number) = value.as_float() {
        Value::Number(number)
    } else if let Ok(text) = value.as_immutable_string_ref() {
        Value::Text(text.to_string().into())
    } else {
        Value::Missing
    }
}

impl From<Value<'_>> for Dynamic {
    fn from(value: Value<'_>) -> Self {
        match value {
            Value::Missing => Self::UNIT,
            Value::Truth(truth) => truth.into(),
            Value::Integer(number) => number.into(),
            Value::Number(number) => number.into(),
            Value::Text(text) => ImmutableString::from(text.as_ref()).into(),
            Value::List(items) => {
                items.iter().map(|item| Self::from(ImmutableString::from(&**item))).collect::<Array>().into()
            }
            Value::Labels(labels) => labels
                .iter()
                .map(|(name, text)| (name.into(), ImmutableString::from(text).into()))
                .collect::<Map>()
                .into(),
        }
    }
}

/// An expression for the interpreter.
#[derive(Debug)]
pub(super) struct Evaluation {
    pub(super) interpreter: Arc<Interpreter>,
    pub(super) expression: AST,
    /// The fields that it names.
    pub(super) fields: Vec<usize>,
}

impl Evaluation {
    /// Whether it holds for a record.
    pub(super) fn holds<R>(&self, fields: &'static [Field<R>], row: &R) -> Result<bool, Fault> {
        let mut scope = Scope::new();
        for field in self.fields.iter().map(|field| &fields[*field]) {
            scope.push_constant_dynamic(field.name, (field.read)(row).into());
        }
        let given = self.interpreter.0.eval_ast_with_scope::<Dynamic>(&mut scope, &self.expression);
        let given = given.map_err(|error| Fault(words(&error)))?;
        if given.is_unit() {
            return Ok(false);
        }
        given.as_bool().map_err(|kind| {
            Fault(format!(
                "the expression gives {}, not true or false; compare it, as in len(name) > 8",
                plain(kind)
            ))
        })
    }
}

/// What the interpreter says of an error, without its way of giving positions.
fn words(error: &EvalAltResult) -> String {
    let at = super::parse::at(error.position());
    match error {
        EvalAltResult::ErrorFunctionNotFound(signature, _) => {
            format!("{} does not take these kinds of values{at}", plain(signature))
        }
        EvalAltResult::ErrorTooManyOperations(_) | EvalAltResult::ErrorStackOverflow(_) => {
            format!("the expression takes too long{at}; use a shorter one")
        }
        EvalAltResult::ErrorMismatchDataType(wanted, given, _) if !wanted.is_empty() => {
            format!("expected {}, not {}{at}", plain(wanted), plain(given))
        }
        EvalAltResult::ErrorArithmetic(what, _) => format!("{what}{at}"),
        EvalAltResult::ErrorDataTooLarge(what, _) => format!("{what} is too large{at}"),
        _ => {
            let text = error.to_string();
            let text = text.split(" (line ").next().unwrap_or_default();
            format!("{text}{at}")
        }
    }
}

/// The interpreter's names of kinds, as the documents have them.
fn plain(words: &str) -> String {
    [
        ("&str | ImmutableString | String", "text"),
        ("ImmutableString", "text"),
        ("string", "text"),
        ("i64", "a whole number"),
        ("f64", "a number"),
        ("bool", "true or false"),
        ("array", "a list"),
        ("map", "labels"),
    ]
    .iter()
    .fold(words.to_owned(), |text, (theirs, ours)| text.replace(theirs, ours))
}
