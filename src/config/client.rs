//! [`ClientFile`]: what a person told the terminal, besides its servers: aliases, and the dashboard's table.
//!
//! `config.toml` lies beside the contexts, in the system's configuration directory or in `WORPEN_CONFIG_DIR`:
//!
//! ```toml
//! [alias]
//! down = "containers stop"
//! busy = ["agents", "ls", "--where", "cpu > 80"]
//!
//! [dashboard]                  # as the dashboard describes it
//! ```

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
};

use serde::Deserialize;
use thiserror::Error;

use super::context::{ContextError, Environment, directory};

/// The file's name.
const FILE: &str = "config.toml";

/// The client's own file, read when something of it is needed and never before.
#[derive(Clone, Debug, Default)]
pub struct ClientFile {
    path: PathBuf,
    exists: bool,
    aliases: BTreeMap<String, Vec<String>>,
    dashboard: toml::Table,
}

/// A client's file that cannot be read or understood.
#[derive(Debug, Error)]
pub enum ClientFileError {
    /// There is no place for it.
    #[error(transparent)]
    Directory(#[from] ContextError),
    /// It cannot be read.
    #[error("cannot read {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It says what it cannot say.
    #[error("{}:{line}: {key}: {expected}", path.display())]
    Invalid {
        /// The file.
        path: PathBuf,
        /// The line, counted from 1.
        line: usize,
        /// The key, `alias.down`.
        key: String,
        /// What was expected there.
        expected: String,
    },
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Told {
    #[serde(default)]
    alias: BTreeMap<String, toml::Spanned<Words>>,
    #[serde(default)]
    dashboard: toml::Table,
}

/// The words of an alias: a list, or a text that is split as a shell splits it.
#[derive(Debug, Deserialize)]
#[serde(untagged, expecting = "expected a text, or a list of texts")]
enum Words {
    Text(String),
    List(Vec<String>),
}

impl ClientFile {
    /// Reads the file; one that is not there says nothing.
    ///
    /// # Errors
    /// The user has no configuration directory, or the file cannot be read or understood.
    pub fn load(environment: &Environment) -> Result<Self, ClientFileError> {
        let path = directory(environment)?.join(FILE);
        match fs::read_to_string(&path) {
            Ok(text) => Self::parse(path, &text),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Self { path, ..Self::default() }),
            Err(source) => Err(ClientFileError::Read { path, source }),
        }
    }

    /// Where the file lies, or would lie.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether there is such a file.
    #[must_use]
    pub const fn exists(&self) -> bool {
        self.exists
    }

    /// What an alias stands for, as arguments.
    #[must_use]
    pub fn alias(&self, name: &str) -> Option<&[String]> {
        self.aliases.get(name).map(Vec::as_slice)
    }

    /// Every alias and what it stands for.
    pub fn aliases(&self) -> impl Iterator<Item = (&str, &[String])> {
        self.aliases.iter().map(|(name, words)| (name.as_str(), words.as_slice()))
    }

    /// The dashboard's table as it stands there; empty when there is none.
    #[must_use]
    pub const fn dashboard(&self) -> &toml::Table {
        &self.dashboard
    }

    fn parse(path: PathBuf, text: &str) -> Result<Self, ClientFileError> {
        let line = |offset: usize| 1 + text[..offset.min(text.len())].matches('\n').count();
        let invalid = |key: String, error: &toml::de::Error| ClientFileError::Invalid {
            path: path.clone(),
            line: error.span().map_or(1, |span| line(span.start)),
            // A value that keeps its place is an object of its own to whoever counts the way to it.
            key: match key.split(".$__").next().unwrap_or_default() {
                "." | "" => "syntax".to_owned(),
                key => key.to_owned(),
            },
            expected: error.message().to_owned(),
        };
        let document = toml::Deserializer::parse(text).map_err(|error| invalid(".".to_owned(), &error))?;
        let told: Told = serde_path_to_error::deserialize(document)
            .map_err(|error| invalid(error.path().to_string(), error.inner()))?;
        let mut aliases = BTreeMap::new();
        for (name, words) in told.alias {
            let at = words.span().start;
            let words = match words.into_inner() {
                Words::Text(text) => split(&text),
                Words::List(words) => Ok(words),
            };
            let words = words.and_then(|words| match words.first() {
                Some(first) if !first.is_empty() => Ok(words),
                _ => Err("an alias stands for at least one word"),
            });
            match words {
                Ok(words) => aliases.insert(name, words),
                Err(expected) => {
                    return Err(ClientFileError::Invalid {
                        line: line(at),
                        key: format!("alias.{name}"),
                        expected: expected.to_owned(),
                        path,
                    });
                }
            };
        }
        Ok(Self { path, exists: true, aliases, dashboard: told.dashboard })
    }
}

/// Splits a text into words as a shell does: quotes of both kinds, and a backslash before what is meant literally.
fn split(text: &str) -> Result<Vec<String>, &'static str> {
    let (mut words, mut word, mut begun) = (Vec::new(), String::new(), false);
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        match character {
            ' ' | '\t' | '\n' => {
                if begun {
                    words.push(std::mem::take(&mut word));
                }
                begun = false;
                continue;
            }
            '\'' => loop {
                match characters.next().ok_or("a quote ' is not closed")? {
                    '\'' => break,
                    inside => word.push(inside),
                }
            },
            '"' => loop {
                match characters.next().ok_or("a quote \" is not closed")? {
                    '"' => break,
                    '\\' => match characters.next().ok_or("a quote \" is not closed")? {
                        escaped @ ('"' | '\\') => word.push(escaped),
                        other => word.extend(['\\', other]),
                    },
                    inside => word.push(inside),
                }
            },
            '\\' => word.push(characters.next().ok_or("a backslash stands before nothing")?),
            other => word.push(other),
        }
        begun = true;
    }
    if begun {
        words.push(word);
    }
    Ok(words)
}

#[cfg(test)]
mod tests;
