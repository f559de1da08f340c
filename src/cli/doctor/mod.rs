//! `worpen doctor`: tests what lies between this terminal and the fleet, and prints each cure.

mod certificate;
mod local;
mod network;
mod server;
mod tls;

use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;
use tokio::time::timeout;

use super::{
    error::CliError,
    exit::ExitStatus,
    printer::{Canvas, Tone, calm},
    session::Session,
    table::{Cell, Column, Row},
};

/// How long one test may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// What is tested of a server, each on the ground of those before it.
const REMOTE: [&str; 8] = ["dns", "tcp", "tls", "server", "clock", "token", "version", "websocket"];

/// How a test came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Outcome {
    Ok,
    Warning,
    Failed,
    Skipped,
}

/// What one test found.
#[derive(Clone, Debug, Serialize)]
struct Finding {
    check: &'static str,
    outcome: Outcome,
    found: String,
    cure: Option<String>,
}

impl Outcome {
    /// The word, and what it means.
    const fn words(self) -> (&'static str, Tone) {
        match self {
            Self::Ok => ("ok", Tone::Good),
            Self::Warning => ("warn", Tone::Warning),
            Self::Failed => ("FAIL", Tone::Bad),
            Self::Skipped => ("-", Tone::Dim),
        }
    }
}

impl Finding {
    fn ok(check: &'static str, found: impl Into<String>) -> Self {
        Self { check, outcome: Outcome::Ok, found: found.into(), cure: None }
    }

    fn warning(check: &'static str, found: impl Into<String>, cure: impl Into<String>) -> Self {
        Self { check, outcome: Outcome::Warning, found: found.into(), cure: Some(cure.into()) }
    }

    fn failed(check: &'static str, found: impl Into<String>, cure: impl Into<String>) -> Self {
        Self { check, outcome: Outcome::Failed, found: found.into(), cure: Some(cure.into()) }
    }

    fn skipped(check: &'static str, found: impl Into<String>) -> Self {
        Self { check, outcome: Outcome::Skipped, found: found.into(), cure: None }
    }
}

/// What was found so far; each finding is printed as it comes.
struct Report<'a> {
    session: &'a Session,
    findings: Vec<Finding>,
}

impl Report<'_> {
    /// Takes a finding, and says whether what follows can be tested.
    fn take(&mut self, finding: Finding) -> Result<bool, CliError> {
        let goes_on = matches!(finding.outcome, Outcome::Ok | Outcome::Warning);
        if self.session.form.format.is_for_people() {
            self.session.printer.data(&line(&finding, self.session.printer.canvas()))?;
        }
        self.findings.push(finding);
        Ok(goes_on)
    }

    fn count(&self, outcome: Outcome) -> usize {
        self.findings.iter().filter(|finding| finding.outcome == outcome).count()
    }
}

pub(crate) async fn run(session: &Session) -> Result<ExitStatus, CliError> {
    let mut report = Report { session, findings: Vec::new() };
    if let Some(target) = local::settings(&mut report)?
        && let Some(client) = network::look(&mut report, &target).await?
    {
        server::look(&mut report, &client, &target).await?;
    }
    for check in REMOTE {
        if !report.findings.iter().any(|finding| finding.check == check) {
            report.take(Finding::skipped(check, "not tested, since a test before it failed"))?;
        }
    }
    let docker = local::docker().await;
    report.take(docker)?;
    report.take(local::disk(session))?;
    report.take(local::terminal(session))?;
    if !session.form.format.is_for_people() {
        session.list(&report.findings)?;
    }
    let (failed, warnings) = (report.count(Outcome::Failed), report.count(Outcome::Warning));
    session.printer.note(&match (failed, warnings) {
        (0, 0) => "all is well".to_owned(),
        (0, _) => format!("nothing failed; worth a look: {warnings}"),
        _ => format!("failed: {failed}; worth a look: {warnings}"),
    });
    Ok(if failed > 0 { ExitStatus::Failed } else { ExitStatus::Done })
}

/// Waits for a test, but no longer than any may take.
async fn bounded<T>(test: impl Future<Output = Result<T, String>>) -> Result<T, String> {
    timeout(PATIENCE, test)
        .await
        .unwrap_or_else(|_| Err(format!("there was no answer within {} s", PATIENCE.as_secs())))
}

/// An error and its reasons in one line.
fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let errors = std::iter::successors(Some(error), |error| error.source());
    let mut words: Vec<String> = errors.map(ToString::to_string).collect();
    words.dedup();
    words.join(": ")
}

/// A finding as a person reads it, its cure below.
fn line(finding: &Finding, canvas: Canvas) -> String {
    let (word, tone) = finding.outcome.words();
    let code = match tone {
        Tone::Good => "32",
        Tone::Warning => "33",
        Tone::Bad => "1;31",
        _ => "2",
    };
    let padded = format!("{word:<4}");
    let mark = if canvas.colour { format!("\u{1b}[{code}m{padded}\u{1b}[0m") } else { padded };
    let found = calm(&finding.found).replace('\n', " ");
    let line = format!("{mark}  {:<9}  {found}", finding.check);
    match &finding.cure {
        Some(cure) => format!("{line}\n{:17}cure: {}", "", calm(cure).replace('\n', " ")),
        None => line,
    }
}

impl Row for Finding {
    const COLUMNS: &'static [Column] =
        &[Column::words("CHECK"), Column::words("OUTCOME"), Column::words("FOUND"), Column::words("CURE")];

    fn name(&self) -> String {
        self.check.to_owned()
    }

    fn cells(&self, _: Timestamp) -> Vec<Cell> {
        let (word, tone) = self.outcome.words();
        vec![
            self.check.into(),
            Cell::toned(word, tone),
            self.found.as_str().into(),
            self.cure.as_deref().unwrap_or_default().into(),
        ]
    }
}

#[cfg(test)]
mod tests;
