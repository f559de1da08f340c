//! Contexts: the servers that a person works with, and the key for each.
//!
//! `contexts.toml` lies in the system's configuration directory, or in `WORPEN_CONFIG_DIR`:
//!
//! ```toml
//! current = "production"
//!
//! [contexts.production]
//! server = "https://worpen.example.com"
//! key = "wpk_..."              # or token_file = "/run/secrets/worpen"
//! ```

use std::{
    collections::BTreeMap,
    env, fmt, fs, io,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::{private, secret::Secret};

/// The file that holds the contexts.
const FILE: &str = "contexts.toml";

/// The variable that names a server.
pub const SERVER_VARIABLE: &str = "WORPEN_SERVER";

/// The variable that holds a token.
pub const TOKEN_VARIABLE: &str = "WORPEN_TOKEN";

/// The variable that names a context.
pub const CONTEXT_VARIABLE: &str = "WORPEN_CONTEXT";

/// The variable that names the directory of [`Contexts`].
pub const DIRECTORY_VARIABLE: &str = "WORPEN_CONFIG_DIR";

/// What the environment says about contexts, read once at the start; an empty variable says nothing.
#[derive(Clone, Debug, Default)]
pub struct Environment {
    /// `WORPEN_SERVER`.
    pub server: Option<String>,
    /// `WORPEN_TOKEN`.
    pub token: Option<Secret>,
    /// `WORPEN_CONTEXT`.
    pub context: Option<String>,
    /// `WORPEN_CONFIG_DIR`.
    pub directory: Option<PathBuf>,
}

impl Environment {
    /// Reads the process's environment.
    #[must_use]
    pub fn read() -> Self {
        let variable = |name| env::var(name).ok().filter(|value| !value.is_empty());
        Self {
            server: variable(SERVER_VARIABLE),
            token: variable(TOKEN_VARIABLE).map(Secret::new),
            context: variable(CONTEXT_VARIABLE),
            directory: variable(DIRECTORY_VARIABLE).map(PathBuf::from),
        }
    }
}

/// What the flags say about contexts. There is none for a token: every user of a machine sees flags.
#[derive(Clone, Debug, Default)]
pub struct Flags {
    /// `--server`.
    pub server: Option<String>,
    /// `--context`.
    pub context: Option<String>,
}

/// A server and how to sign in there.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Context {
    /// The server's address.
    pub server: String,
    /// The API key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<Secret>,
    /// A file that holds the token instead, as an orchestrator mounts it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_file: Option<PathBuf>,
    /// The certificate of the server's own authority (DER in base64), by which it is known instead of by those that the system
    /// trusts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authority: Option<String>,
}

/// Every context of a person, and where they are kept.
#[derive(Debug)]
pub struct Contexts {
    path: PathBuf,
    book: Book,
    warning: Option<String>,
}

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Book {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    current: Option<String>,
    #[serde(default)]
    contexts: BTreeMap<String, Context>,
}

/// Where a value came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// A flag, `--server`.
    Flag(&'static str),
    /// A variable of the environment.
    Variable(&'static str),
    /// A context of this name.
    Context(String),
    /// A file that a context names.
    File(PathBuf),
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag(name) | Self::Variable(name) => f.write_str(name),
            Self::Context(name) => write!(f, "context '{name}'"),
            Self::File(path) => write!(f, "{}", path.display()),
        }
    }
}

/// The server to call, and as whom.
#[derive(Clone, Debug)]
pub struct Target {
    /// The server's address.
    pub server: String,
    /// Where that came from.
    pub server_from: Source,
    /// The token; `None` when nobody is signed in there.
    pub token: Option<Secret>,
    /// Where that came from.
    pub token_from: Option<Source>,
    /// The context that was used, when one was.
    pub context: Option<String>,
    /// The certificate of the server's own authority, DER in base64, where the context has one.
    pub authority: Option<String>,
}

/// A context that cannot be read, found or kept.
#[derive(Debug, Error)]
pub enum ContextError {
    /// The system has no place for settings.
    #[error("this user has no configuration directory; set {DIRECTORY_VARIABLE}")]
    NoDirectory,
    /// A file cannot be read.
    #[error("cannot read {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file cannot be written.
    #[error("cannot write {}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file does not say what contexts are.
    #[error("{}:{line}: {key}: {expected}", path.display())]
    Invalid {
        /// The file.
        path: PathBuf,
        /// The line, counted from 1.
        line: usize,
        /// The key, `contexts.production.server`.
        key: String,
        /// What was expected there.
        expected: String,
    },
    /// There is no context of that name.
    #[error("there is no context '{name}'; {}", if known.is_empty() { "there are none yet".to_owned() } else {
        format!("known are {}", known.join(", "))
    })]
    Unknown {
        /// What was asked for.
        name: String,
        /// The names that there are.
        known: Vec<String>,
    },
    /// A context of that name is there already.
    #[error("there is a context '{name}' already")]
    Taken {
        /// The name.
        name: String,
    },
    /// Nothing names a server.
    #[error("no server is named: no context is current, and neither --server nor {SERVER_VARIABLE} is set")]
    NoServer,
}

impl Contexts {
    /// Reads the contexts; none when there is no file yet.
    pub fn load(environment: &Environment) -> Result<Self, ContextError> {
        let path = directory(environment)?.join(FILE);
        match fs::read_to_string(&path) {
            Ok(text) => Ok(Self {
                book: parse(&path, &text)?,
                warning: private::readable_by_others(&path, "a key"),
                path,
            }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                Ok(Self { path, book: Book::default(), warning: None })
            }
            Err(source) => Err(ContextError::Read { path, source }),
        }
    }

    /// What a person should know about the file, such as that others can read it.
    #[must_use]
    pub fn warning(&self) -> Option<&str> {
        self.warning.as_deref()
    }

    /// The file that holds the contexts.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The context that is used when nothing else is said.
    #[must_use]
    pub fn current(&self) -> Option<&str> {
        self.book.current.as_deref()
    }

    /// Every context by its name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Context)> {
        self.book.contexts.iter().map(|(name, context)| (name.as_str(), context))
    }

    /// Keeps a context under a name, in place of any other of that name. The file appears whole or not at all,
    /// and only its owner can read it.
    pub fn save_context(
        &mut self,
        name: &str,
        context: Context,
        make_current: bool,
    ) -> Result<(), ContextError> {
        self.book.contexts.insert(name.to_owned(), context);
        if make_current {
            self.book.current = Some(name.to_owned());
        }
        self.keep()
    }

    /// Makes another context the current one.
    pub fn make_current(&mut self, name: &str) -> Result<(), ContextError> {
        self.book.current = Some(self.find(name)?.0.to_owned());
        self.keep()
    }

    /// Removes a context; none is current when it was.
    pub fn remove(&mut self, name: &str) -> Result<Context, ContextError> {
        let Some(context) = self.book.contexts.remove(name) else { return Err(self.unknown(name)) };
        if self.book.current.as_deref() == Some(name) {
            self.book.current = None;
        }
        self.keep().map(|()| context)
    }

    /// Gives a context another name, which must be free; the current one stays current.
    pub fn rename(&mut self, name: &str, new: &str) -> Result<(), ContextError> {
        self.find(name)?;
        if name != new && self.book.contexts.contains_key(new) {
            return Err(ContextError::Taken { name: new.to_owned() });
        }
        if let Some(context) = self.book.contexts.remove(name) {
            self.book.contexts.insert(new.to_owned(), context);
        }
        if self.book.current.as_deref() == Some(name) {
            self.book.current = Some(new.to_owned());
        }
        self.keep()
    }

    /// Forgets the key of a context; the server stays known, so that one can sign in there again.
    pub fn forget_key(&mut self, name: &str) -> Result<(), ContextError> {
        match self.book.contexts.get_mut(name) {
            Some(context) => context.key = None,
            None => return Err(self.unknown(name)),
        }
        self.keep()
    }

    /// Finds the server to call, flags over environment over the current context.
    ///
    /// A context's key goes to that context's server and no other, unless `--context` and `--server` are named
    /// together, as for a tunnel.
    pub fn resolve(&self, flags: &Flags, environment: &Environment) -> Result<Target, ContextError> {
        let named = flags.context.as_ref().or(environment.context.as_ref()).or(self.book.current.as_ref());
        let chosen = named.map(|name| self.find(name)).transpose()?;
        let of_context = chosen.map(|(name, context)| (context.server.clone(), Source::Context(name.into())));
        let of_flag = flags.server.clone().map(|server| (server, Source::Flag("--server")));
        let of_variable = environment
            .server
            .clone()
            .filter(|_| flags.context.is_none())
            .map(|server| (server, Source::Variable(SERVER_VARIABLE)));
        let (server, server_from) = of_flag.or(of_variable).or(of_context).ok_or(ContextError::NoServer)?;

        let tunnelled = flags.server.is_some() && flags.context.is_some();
        let holder = chosen
            .filter(|(_, context)| tunnelled || same_server(&context.server, &server))
            .or_else(|| self.iter().find(|(_, context)| same_server(&context.server, &server)));
        let kept = holder.map(|(name, context)| token_of(name, context)).transpose()?.flatten();
        let given = environment.token.clone().map(|token| (token, Source::Variable(TOKEN_VARIABLE)));
        let token = if flags.context.is_some() { kept.or(given) } else { given.or(kept) };
        let (token, token_from) = token.unzip();
        let authority = holder.and_then(|(_, context)| context.authority.clone());
        let context = holder.map(|(name, _)| name.into());
        Ok(Target { server, server_from, token, token_from, context, authority })
    }

    /// The certificate of the authority by which a server is known, where a context has one.
    #[must_use]
    pub fn authority_of(&self, server: &str) -> Option<&str> {
        let mut known = self.iter().filter(|(_, context)| same_server(&context.server, server));
        known.find_map(|(_, context)| context.authority.as_deref())
    }

    /// Finds a context by its name.
    pub fn find(&self, name: &str) -> Result<(&str, &Context), ContextError> {
        self.iter().find(|(known, _)| *known == name).ok_or_else(|| self.unknown(name))
    }

    fn unknown(&self, name: &str) -> ContextError {
        ContextError::Unknown { name: name.to_owned(), known: self.book.contexts.keys().cloned().collect() }
    }

    fn keep(&self) -> Result<(), ContextError> {
        self.write().map_err(|source| ContextError::Write { path: self.path.clone(), source })
    }

    fn write(&self) -> io::Result<()> {
        let text = toml::to_string_pretty(&self.book).map_err(io::Error::other)?;
        private::folder(self.path.parent().unwrap_or(Path::new(".")))?;
        private::replace(&self.path, text.as_bytes())
    }
}

/// The directory of what a person's terminal keeps: `WORPEN_CONFIG_DIR`, or the system's place for it.
pub fn directory(environment: &Environment) -> Result<PathBuf, ContextError> {
    match &environment.directory {
        Some(directory) => Ok(directory.clone()),
        None => directories::ProjectDirs::from("", "", "worpen")
            .map(|project| project.config_dir().to_owned())
            .ok_or(ContextError::NoDirectory),
    }
}

fn same_server(one: &str, other: &str) -> bool {
    one.trim_end_matches('/').eq_ignore_ascii_case(other.trim_end_matches('/'))
}

fn token_of(name: &str, context: &Context) -> Result<Option<(Secret, Source)>, ContextError> {
    if let Some(path) = &context.token_file {
        let text =
            fs::read_to_string(path).map_err(|source| ContextError::Read { path: path.clone(), source })?;
        return Ok(Some((Secret::new(text.trim()), Source::File(path.clone()))));
    }
    Ok(context.key.clone().map(|key| (key, Source::Context(name.to_owned()))))
}

/// Reads the file; an error names the line and the key, and never the value, which may be a key.
fn parse(path: &Path, text: &str) -> Result<Book, ContextError> {
    let invalid = |key: String, error: &toml::de::Error| ContextError::Invalid {
        path: path.to_owned(),
        line: error.span().map_or(1, |span| 1 + text[..span.start].matches('\n').count()),
        key: if key == "." { "syntax".to_owned() } else { key },
        expected: error.message().to_owned(),
    };
    let document = toml::Deserializer::parse(text).map_err(|error| invalid(".".to_owned(), &error))?;
    serde_path_to_error::deserialize(document)
        .map_err(|error| invalid(error.path().to_string(), error.inner()))
}

#[cfg(test)]
mod tests;
