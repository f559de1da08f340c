//! `worpen config show`: shows every setting, its value, and where that came from.

use std::path::PathBuf;

use jiff::Timestamp;
use serde::Serialize;

use super::{
    super::{
        error::CliError,
        exit::ExitStatus,
        measure,
        printer::Tone,
        session::Session,
        table::{Cell, Column, Row},
    },
    resolve,
};
use crate::config::{
    key::Standing,
    layer::{Entry, Flags},
    problem::Origin,
};

/// Arguments of `worpen config show`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// File of settings [env: WORPEN_CONFIG].
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

pub(crate) fn run(args: Args, session: &Session) -> Result<ExitStatus, CliError> {
    let resolved = resolve("server", args.config, Flags::default(), &session.printer)?;
    let shown: Vec<Shown> = resolved.entries.into_iter().map(Shown::from).collect();
    session.list(&shown)?;
    Ok(ExitStatus::Done)
}

/// A setting as it is shown.
#[derive(Debug, Serialize)]
struct Shown {
    key: String,
    value: Option<toml::Value>,
    from: String,
    used: bool,
    #[serde(skip)]
    set: bool,
}

impl From<Entry> for Shown {
    fn from(entry: Entry) -> Self {
        Self {
            key: entry.key.path(),
            value: entry.value,
            from: entry.origin.to_string(),
            used: entry.key.standing == Standing::Used,
            set: entry.origin != Origin::Default,
        }
    }
}

impl Row for Shown {
    const COLUMNS: &'static [Column] = &[Column::words("KEY"), Column::words("VALUE"), Column::words("FROM")];

    fn name(&self) -> String {
        self.key.clone()
    }

    fn cells(&self, _: Timestamp) -> Vec<Cell> {
        let value = self.value.as_ref().map_or_else(measure::dash, ToString::to_string);
        let from = if self.used { self.from.clone() } else { format!("{}, not used yet", self.from) };
        let tone = match (self.set, self.used) {
            (_, false) => Tone::Warning,
            (true, true) => Tone::Plain,
            (false, true) => Tone::Dim,
        };
        vec![self.key.as_str().into(), value.into(), Cell::toned(from, tone)]
    }
}
