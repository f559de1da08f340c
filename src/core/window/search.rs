//! [`Search`]: words that a row's columns must hold, or must not, without regard to case.

use super::super::selector::{Column, Value};

/// The most characters of a search.
const MAX_CHARACTERS: usize = 256;

/// The words of a search. A word is sought in texts, lists and labels; numbers and ages are compared in expressions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Search {
    words: Vec<Word>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Word {
    /// In lower case.
    text: String,
    /// Whether it must be found; else it must not.
    wanted: bool,
}

impl Search {
    /// Reads words separated by blanks; one behind `!` must not be found.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        if text.chars().count() > MAX_CHARACTERS {
            return Err(format!("expected at most {MAX_CHARACTERS} characters"));
        }
        let words = text.split_whitespace().map(|word| match word.strip_prefix('!') {
            Some(text) => Word { text: text.to_lowercase(), wanted: false },
            None => Word { text: word.to_lowercase(), wanted: true },
        });
        // A `!` alone is one that is still being typed.
        Ok(Self { words: words.filter(|word| !word.text.is_empty()).collect() })
    }

    /// Whether it lets every row through.
    pub(super) fn is_empty(&self) -> bool {
        self.words.is_empty()
    }

    /// Whether a row holds what it must, and nothing that it must not. `buffer` serves for texts beyond ASCII.
    pub(super) fn finds<R>(&self, columns: &[Column<R>], row: &R, buffer: &mut String) -> bool {
        self.words.iter().all(|word| {
            columns.iter().any(|column| is_in(&column.read(row), &word.text, buffer)) == word.wanted
        })
    }
}

/// Whether a value holds a word, which is in lower case.
fn is_in(value: &Value<'_>, word: &str, buffer: &mut String) -> bool {
    match value {
        Value::Text(text) => holds(text, word, buffer),
        Value::List(items) => items.iter().any(|item| holds(item, word, buffer)),
        Value::Labels(labels) => {
            labels.iter().any(|(name, value)| holds(name, word, buffer) || holds(value, word, buffer))
        }
        Value::Missing | Value::Truth(_) | Value::Integer(_) | Value::Number(_) => false,
    }
}

fn holds(text: &str, word: &str, buffer: &mut String) -> bool {
    if word.is_ascii() {
        return holds_ascii(text.as_bytes(), word.as_bytes());
    }
    if text.is_ascii() {
        return false;
    }
    buffer.clear();
    buffer.extend(text.chars().flat_map(char::to_lowercase));
    buffer.contains(word)
}

/// Bytes beyond ASCII are part of no ASCII character, so texts in UTF-8 may be looked through byte by byte.
fn holds_ascii(text: &[u8], word: &[u8]) -> bool {
    let Some((first, rest)) = word.split_first() else { return true };
    let Some(last) = text.len().checked_sub(word.len()) else { return false };
    (0..=last).any(|at| {
        text[at].to_ascii_lowercase() == *first && text[at + 1..at + word.len()].eq_ignore_ascii_case(rest)
    })
}
