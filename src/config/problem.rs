//! [`Problem`]: what is wrong with a setting, where it stands, and what would be right.

use std::{
    fmt, io,
    path::{Path, PathBuf},
};

/// Where a value came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The program.
    Default,
    /// A line of a file, counted from 1.
    File {
        /// The file.
        path: PathBuf,
        /// The line.
        line: usize,
    },
    /// The environment as a whole.
    Environment,
    /// A variable of the environment.
    Variable(String),
    /// A flag, `--listen`.
    Flag(&'static str),
}

impl Origin {
    /// Whether it is a line of this file.
    pub(super) fn is_in(&self, file: &Path) -> bool {
        matches!(self, Self::File { path, .. } if path == file)
    }

    /// Orders origins as a person looks through them: the layers from below, a file's lines downwards.
    pub(super) const fn place(&self) -> (u8, usize) {
        match self {
            Self::Default => (0, 0),
            Self::File { line, .. } => (1, *line),
            Self::Environment | Self::Variable(_) => (2, 0),
            Self::Flag(_) => (3, 0),
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File { path, line } => write!(f, "{}:{line}", path.display()),
            Self::Environment => f.write_str("environment"),
            Self::Variable(name) => f.write_str(name),
            Self::Flag(name) => f.write_str(name),
        }
    }
}

/// What is wrong with one setting.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{origin}: {key}: {fault}")]
pub struct Problem {
    /// Where it stands.
    pub origin: Origin,
    /// The key, `command.command_timeout`.
    pub key: String,
    /// What is wrong.
    pub fault: Fault,
}

/// What may be wrong with a setting.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The file is not TOML there.
    #[error("{0}")]
    Syntax(String),
    /// There is no such key or section.
    #[error("is not known; {}", nearest.as_ref().map_or_else(
        || format!("known here: {}", known.join(", ")),
        |name| format!("did you mean '{name}'?"),
    ))]
    Unknown {
        /// The known name that is nearly the same.
        nearest: Option<String>,
        /// All known names.
        known: Vec<String>,
    },
    /// The value cannot be used.
    #[error("found {found}, expected {expected}")]
    Value {
        /// What stands there; `***` for a secret.
        found: String,
        /// What was expected.
        expected: String,
    },
    /// The documents name it, and setting it would be relied on in vain.
    #[error("cannot be set: {0}")]
    Refused(&'static str),
    /// It is secret, and others can read it there.
    #[error("{0}")]
    Readable(String),
    /// The documents name it, and it has no effect yet.
    #[error("accepted, not used yet: {0}")]
    Unused(&'static str),
}

/// Why there are no settings.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// The file cannot be read.
    #[error("cannot read {}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Settings are wrong: all of them, in the order of the layers.
    #[error("{}", list(.0))]
    Wrong(Vec<Problem>),
}

fn list(problems: &[Problem]) -> String {
    match problems {
        [problem] => problem.to_string(),
        _ => {
            let lines = problems.iter().map(|problem| format!("\n  {problem}")).collect::<String>();
            format!("{} settings cannot be used:{lines}", problems.len())
        }
    }
}
