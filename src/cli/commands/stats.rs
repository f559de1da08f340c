//! `worpen commands stats`: how commands went lately.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::super::{
    error::CliError,
    exit::ExitStatus,
    form::Format,
    session::Session,
    table::{Cell, Column, Row},
};
use crate::proto::statistics::{
    CommandStatistics, CommandStatisticsRequest, FailingNode, GetCommandStatistics, Spread, VerbStatistics,
};

const EXAMPLES: &str = "\
Examples:
  worpen commands stats
  worpen commands stats --since 1h
  worpen commands stats -o json --jq '.verbs[] | select(.executions.failed > 0).verb'";

/// Arguments of `worpen commands stats`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// How far back: 15m, 6h, 7d; 24h unless told.
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
}

pub(crate) async fn run(args: Args, session: &Session) -> Result<ExitStatus, CliError> {
    let request = CommandStatisticsRequest { since: args.since };
    let told = session.client()?.call::<GetCommandStatistics>(&request).await?.body;
    show(session, &told)?;
    Ok(ExitStatus::Done)
}

/// For people counts, then verbs, then the nodes where most failed; a list of the verbs as CSV; else the whole record.
fn show(session: &Session, told: &CommandStatistics) -> Result<(), CliError> {
    let format = session.form.format;
    if !format.is_for_people() {
        return match format {
            Format::Csv => session.list(&told.verbs),
            _ => session.record(told, "", String::new),
        };
    }
    session.one(
        told,
        "",
        [
            ("Since", Cell::moment(told.since)),
            ("Commands", counts(&told.commands).into()),
            ("Executions", counts(&told.executions).into()),
            ("Waiting", spread(&told.waiting).into()),
            ("Running", spread(&told.running).into()),
        ],
    )?;
    if told.is_partial {
        session.printer.note("there was more than is looked at; these are the latest");
    }
    if !told.verbs.is_empty() {
        session.printer.data("\n")?;
        session.list(&told.verbs)?;
    }
    if !told.failing_nodes.is_empty() {
        session.printer.data("\n")?;
        session.list(&told.failing_nodes)?;
    }
    Ok(())
}

/// `48 succeeded, 2 failed`, the most frequent first.
fn counts(counts: &BTreeMap<String, u64>) -> String {
    let mut counts: Vec<(&str, u64)> = counts.iter().map(|(word, count)| (word.as_str(), *count)).collect();
    counts.retain(|(_, count)| *count > 0);
    counts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    let words: Vec<String> =
        counts.iter().map(|(word, count)| format!("{count} {}", word.replace('_', " "))).collect();
    if words.is_empty() { "none".to_owned() } else { words.join(", ") }
}

fn spread(spread: &Spread) -> String {
    let [p50, p90, p99] = [spread.p50_s, spread.p90_s, spread.p99_s].map(seconds);
    format!("p50 {p50}, p90 {p90}, p99 {p99}")
}

/// A time as a person reads it: `3.2 ms`, `1.25 s`.
fn seconds(time: Option<f64>) -> String {
    match time {
        None => "-".to_owned(),
        Some(time) if time < 1.0 => format!("{:.1} ms", time * 1000.0),
        Some(time) => format!("{time:.2} s"),
    }
}

fn time(time: Option<f64>) -> Cell {
    time.map_or_else(Cell::nothing, |known| Cell::told(seconds(time), known))
}

impl Row for VerbStatistics {
    const COLUMNS: &'static [Column] = &[
        Column::words("VERB"),
        Column::number("COUNT"),
        Column::number("SUCCEEDED"),
        Column::number("FAILED"),
        Column::number("WAITING P50"),
        Column::number("WAITING P99"),
        Column::number("RUNNING P50"),
        Column::number("RUNNING P99"),
    ];

    fn name(&self) -> String {
        self.verb.clone()
    }

    fn cells(&self, _now: Timestamp) -> Vec<Cell> {
        let of = |word: &str| self.executions.get(word).copied().unwrap_or(0);
        let all: u64 = self.executions.values().sum();
        let failed = all - of("succeeded") - of("queued") - of("started");
        vec![
            self.verb.as_str().into(),
            all.to_string().into(),
            of("succeeded").to_string().into(),
            failed.to_string().into(),
            time(self.waiting.p50_s),
            time(self.waiting.p99_s),
            time(self.running.p50_s),
            time(self.running.p99_s),
        ]
    }
}

impl Row for FailingNode {
    const COLUMNS: &'static [Column] = &[
        Column::words("NODE"),
        Column::number("FAILED"),
        Column::number("ENDED"),
        Column::words("LAST ERROR"),
    ];

    fn name(&self) -> String {
        self.node.clone()
    }

    fn cells(&self, _now: Timestamp) -> Vec<Cell> {
        vec![
            self.node.as_str().into(),
            self.failed.to_string().into(),
            self.ended.to_string().into(),
            Cell::of(self.last_error.as_ref()),
        ]
    }
}
