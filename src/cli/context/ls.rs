//! `worpen context ls`: lists the contexts.

use jiff::Timestamp;

use super::{
    super::{
        error::CliError,
        exit::ExitStatus,
        printer::Tone,
        session::Session,
        table::{Cell, Column, Row},
    },
    Credentials, Shown,
};

pub(crate) fn run(session: &Session) -> Result<ExitStatus, CliError> {
    let contexts = session.contexts()?;
    let shown: Vec<Shown> =
        contexts.iter().map(|(name, context)| Shown::new(name, context, contexts.current())).collect();
    session.list(&shown)?;
    if shown.is_empty() {
        session.printer.note("a context is made by: worpen login https://SERVER");
    }
    Ok(ExitStatus::Done)
}

impl Row for Shown {
    const COLUMNS: &'static [Column] = &[
        Column::words("NAME"),
        Column::words("CURRENT"),
        Column::words("SERVER"),
        Column::words("SIGNED IN WITH"),
    ];

    fn name(&self) -> String {
        self.name.clone()
    }

    fn cells(&self, _: Timestamp) -> Vec<Cell> {
        let tone = if self.credentials == Credentials::None { Tone::Dim } else { Tone::Plain };
        vec![
            self.name.as_str().into(),
            if self.current { Cell::toned("current", Tone::Good) } else { "".into() },
            self.server.as_str().into(),
            Cell::toned(self.credentials.words(), tone),
        ]
    }
}
