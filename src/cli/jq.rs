//! [`Jq`]: the expression of `--jq`, checked before anything is asked of a server.

use std::fmt;

use jaq_core::{
    Ctx, Vars,
    compile::{self, Undefined},
    data::JustLut,
    load::{self, Arena, File, Loader, span},
};
use jaq_json::{Val, read};

/// A filter over JSON, in the language of jq.
pub(crate) struct Jq(jaq_core::Filter<JustLut<Val>>);

/// A document that a filter reads.
pub(crate) type Document = Val;

impl Jq {
    /// Reads an expression.
    ///
    /// # Errors
    /// Says where it is wrong and why.
    pub(crate) fn new(text: &str) -> Result<Self, String> {
        let definitions = jaq_core::defs().chain(jaq_std::defs()).chain(jaq_json::defs());
        let functions = jaq_core::funs().chain(jaq_std::funs()).chain(jaq_json::funs());
        let arena = Arena::default();
        let modules = Loader::new(definitions)
            .load(&arena, File { code: text, path: () })
            .map_err(|errors| unreadable(text, errors))?;
        let compiled = jaq_core::Compiler::default().with_funs(functions).compile(modules);
        compiled.map(Self).map_err(|errors| undefined(text, errors))
    }

    /// What the filter gives for a document, a line each: a text as it is, anything else as JSON.
    ///
    /// # Errors
    /// Says what the document does not have.
    pub(crate) fn lines(&self, document: Document) -> Result<String, String> {
        let context = Ctx::<JustLut<Val>>::new(&self.0.lut, Vars::new([]));
        let mut lines = String::new();
        for given in self.0.id.run((context, document)) {
            match given {
                Ok(Val::TStr(text)) => lines.push_str(&String::from_utf8_lossy(&text)),
                Ok(value) => lines.push_str(&value.to_string()),
                Err(exception) => match exception.get_err() {
                    Ok(error) => return Err(error.to_string()),
                    // `halt` ends the filter; the program ends as its command does.
                    Err(_) => break,
                },
            }
            lines.push('\n');
        }
        Ok(lines)
    }
}

impl fmt::Debug for Jq {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Jq")
    }
}

/// Reads a document.
pub(crate) fn document(json: &[u8]) -> Result<Document, String> {
    read::parse_single(json).map_err(|error| error.to_string())
}

/// Several documents as one.
pub(crate) fn array(documents: Vec<Document>) -> Document {
    Val::Arr(documents.into())
}

fn unreadable(text: &str, errors: load::Errors<&str, ()>) -> String {
    let first = errors.into_iter().flat_map(|(_, error)| match error {
        load::Error::Io(errors) => errors,
        load::Error::Lex(errors) => {
            errors.into_iter().map(|(expect, part)| (part, expected(expect.as_str(), part))).collect()
        }
        load::Error::Parse(errors) => errors
            .into_iter()
            .map(|(expect, part)| (part, expected(expect.as_str(), part)))
            .collect::<Vec<_>>(),
    });
    told(text, first)
}

fn undefined(text: &str, errors: compile::Errors<&str, ()>) -> String {
    let first = errors.into_iter().flat_map(|(_, errors)| errors).map(|(part, kind)| {
        let words = match kind {
            Undefined::Filter(0) => format!("there is no filter '{part}'"),
            Undefined::Filter(count) => format!("there is no filter '{part}' that takes {count}"),
            other => format!("there is no {} '{part}'", other.as_str()),
        };
        (part, words)
    });
    told(text, first)
}

fn expected(what: &str, found: &str) -> String {
    match found.split_whitespace().next() {
        Some(found) => format!("expected {what}, found '{found}'"),
        None => format!("expected {what}, found its end"),
    }
}

/// The first error, with its place.
fn told<'a>(text: &str, mut errors: impl Iterator<Item = (&'a str, String)>) -> String {
    let Some((part, words)) = errors.next() else { return "it cannot be read".to_owned() };
    let at = span(text, part).start;
    let column = text.get(..at).map_or(1, |before| before.chars().count() + 1);
    format!("{words} at character {column} of '{text}'")
}

#[cfg(test)]
mod tests;
