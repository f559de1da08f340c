//! `worpen containers logs`: logs of containers, across restarts of the server and broken links.

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use tokio::sync::mpsc;

use super::{
    super::{
        error::CliError,
        exit::ExitStatus,
        form::Format,
        listing::Listing,
        measure,
        printer::{Side, calm},
        session::Session,
        table::{Cell, Column, Row},
    },
    deed::Targets,
};
use crate::{
    client::{ClientError, LogNews, LogReader},
    core::output::Screen,
    proto::{
        container::{ContainerLogsRequest, LogLine},
        output::LogStream,
    },
};

const EXAMPLES: &str = "\
Examples:
  worpen containers logs web-1/nginx --tail 100
  worpen containers logs nginx -f --since 10m
  worpen containers logs -f --where 'image.contains(\"shop\")' --tail 10 --grep error
  worpen containers logs nginx -o ndjson --jq 'select(.stream == \"stderr\").line'";

/// The most logs that are read together.
const MOST: usize = 100;
/// A name before a line takes no more room than this.
const WIDEST_NAME: usize = 32;
/// Lines that wait to be shown, of each log.
const WAITING: usize = 64;

/// Arguments of `worpen containers logs`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    #[command(flatten)]
    targets: Targets,
    /// Go on with new lines until the containers end.
    #[arg(long, short)]
    follow: bool,
    /// Begin so many lines before the end.
    #[arg(long, value_name = "LINES")]
    tail: Option<u32>,
    /// Only lines since then: a length of time such as 10m, or an RFC 3339 moment.
    #[arg(long, value_name = "TIME", value_parser = moment)]
    since: Option<Timestamp>,
    /// Only lines until then: a length of time such as 10m, or an RFC 3339 moment.
    #[arg(long, value_name = "TIME", value_parser = moment)]
    until: Option<Timestamp>,
    /// Begin each line with its time.
    #[arg(long, short)]
    timestamps: bool,
    /// Only lines that hold this text.
    #[arg(long, value_name = "TEXT")]
    grep: Option<String>,
}

/// Reads until the end. A link that breaks at the start is an error; later it is mended.
pub(crate) async fn run(args: Args, session: &Session) -> Result<ExitStatus, CliError> {
    let Args { targets, follow, tail, since, until, timestamps, grep } = args;
    let mut showing = Showing::new(session, timestamps, grep)?;
    let client = session.client()?;
    showing.names = targets.names(&client).await?;
    if showing.names.len() > MOST {
        return Err(CliError::usage(format!("more than {MOST} logs cannot be read together"))
            .hint("choose fewer containers, with names or --where"));
    }
    let request =
        |id: &String| ContainerLogsRequest { id: id.clone(), tail, since, until, follow, timestamps };
    let logs: Vec<LogReader> = showing.names.iter().map(|id| client.log(request(id))).collect();
    if logs.is_empty() {
        session.printer.note("no container has that");
    }
    if follow { showing.show_as_they_come(logs).await } else { showing.show_by_time(logs).await }
}

/// What is shown, and how.
struct Showing<'a> {
    session: &'a Session,
    timestamps: bool,
    grep: Option<String>,
    names: Vec<String>,
    screen: Screen,
    listing: Listing<'a, Told>,
    statuses: Vec<ExitStatus>,
}

impl<'a> Showing<'a> {
    fn new(session: &'a Session, timestamps: bool, grep: Option<String>) -> Result<Self, CliError> {
        let listing = Listing::new(session, None)?;
        let (names, statuses) = (Vec::new(), Vec::new());
        Ok(Self { session, timestamps, grep, names, screen: Screen::default(), listing, statuses })
    }

    /// Shows lines as they come.
    async fn show_as_they_come(mut self, logs: Vec<LogReader>) -> Result<ExitStatus, CliError> {
        let (sender, mut news) = mpsc::channel(WAITING);
        for (at, log) in logs.into_iter().enumerate() {
            tokio::spawn(read(at, log, sender.clone()));
        }
        drop(sender);
        while let Some((at, news)) = news.recv().await {
            if let Some(line) = self.heard(at, news)? {
                self.line(at, line)?;
            }
        }
        self.end()
    }

    /// Shows the lines of logs that end, in the order of their times.
    async fn show_by_time(mut self, logs: Vec<LogReader>) -> Result<ExitStatus, CliError> {
        let mut sources = Vec::new();
        for (at, log) in logs.into_iter().enumerate() {
            let (sender, news) = mpsc::channel(WAITING);
            tokio::spawn(read(at, log, sender));
            sources.push((news, None));
        }
        loop {
            for (news, head) in &mut sources {
                while head.is_none()
                    && let Some((at, heard)) = news.recv().await
                {
                    *head = self.heard(at, heard)?;
                }
            }
            let times = sources.iter().enumerate();
            let first = times.filter_map(|(at, (_, head))| head.as_ref().map(|line| (line.time, at))).min();
            let Some((_, at)) = first else { break };
            if let Some(line) = sources[at].1.take() {
                self.line(at, line)?;
            }
        }
        self.end()
    }

    fn end(self) -> Result<ExitStatus, CliError> {
        if !self.session.form.format.is_for_people() && self.session.form.format != Format::Json {
            self.listing.end()?;
        }
        Ok(ExitStatus::of_all(&self.statuses))
    }

    /// Tells what is no line; gives the line.
    fn heard(&mut self, at: usize, news: Result<LogNews, ClientError>) -> Result<Option<LogLine>, CliError> {
        let (printer, alone) = (&self.session.printer, self.names.len() == 1);
        let name = if alone { String::new() } else { format!("{}: ", self.names[at]) };
        match news {
            Ok(LogNews::Line(line)) => return Ok(Some(line)),
            Ok(LogNews::Linked) => printer.note(&format!("{name}linked again")),
            Ok(LogNews::Lost { cause, retry_in }) => {
                let pause = retry_in.as_secs_f64();
                printer.warning(&format!("{name}{cause}; trying again in {pause:.1} s"));
            }
            Ok(LogNews::End) => self.statuses.push(ExitStatus::Done),
            Err(error) if alone => return Err(error.into()),
            Err(error) => {
                let error = CliError::from(error);
                if let CliError::Failure(failure) = &error {
                    printer.failure_of(&self.names[at], failure);
                }
                self.statuses.push(error.status());
            }
        }
        Ok(None)
    }

    fn line(&mut self, at: usize, line: LogLine) -> Result<(), CliError> {
        if self.grep.as_ref().is_some_and(|text| !line.line.contains(text)) {
            return Ok(());
        }
        let session = self.session;
        if !session.form.format.is_for_people() {
            let told = Told { container: self.names[at].clone(), line };
            return match session.form.format {
                // A stream has no end to close an array at.
                Format::Json => session.printer.raw(&session.form.line(&told)?),
                _ => self.listing.add(&[told]),
            };
        }
        let alone = self.names.len() == 1;
        let place = self.screen.put(line.stream, alone && line.continues);
        let mut text = String::new();
        if place.breaks {
            text.push('\n');
        }
        if !alone {
            text.push_str(&self.prefix(at));
        }
        if self.timestamps && place.begins {
            text.push_str(&format!("{:.9} ", line.time));
        }
        if session.printer.is_terminal() {
            text.push_str(&harmless(&line.line));
        } else {
            text.push_str(&line.line);
        }
        if !(alone && line.continues) {
            text.push('\n');
        }
        session.printer.raw(&text)
    }

    /// The name of a container before its line, in a colour of its own.
    fn prefix(&self, at: usize) -> String {
        let widest = self.names.iter().map(|name| name.chars().count()).max().unwrap_or(0).min(WIDEST_NAME);
        let name: String = calm(&self.names[at]).chars().take(WIDEST_NAME).collect();
        format!("{} ", self.session.printer.tinted(Side::Out, &format!("{name:<widest$} |"), at))
    }
}

/// Reads a log to its end, or to what no new attempt can mend.
async fn read(at: usize, mut log: LogReader, sender: mpsc::Sender<(usize, Result<LogNews, ClientError>)>) {
    if let Err(error) = log.connect().await {
        // Whoever no longer listens needs no reason.
        let _ = sender.send((at, Err(error))).await;
        return;
    }
    loop {
        let news = log.next().await;
        let over = matches!(news, Ok(LogNews::End) | Err(_));
        if sender.send((at, news)).await.is_err() || over {
            return;
        }
    }
}

/// A line, and whose it is.
#[derive(Debug, Serialize)]
struct Told {
    container: String,
    #[serde(flatten)]
    line: LogLine,
}

impl Row for Told {
    const COLUMNS: &'static [Column] =
        &[Column::words("TIME"), Column::words("CONTAINER"), Column::words("STREAM"), Column::words("LINE")];

    fn name(&self) -> String {
        self.container.clone()
    }

    fn cells(&self, _now: Timestamp) -> Vec<Cell> {
        vec![
            Cell::moment(self.line.time),
            self.container.as_str().into(),
            if self.line.stream == LogStream::Stderr { "stderr" } else { "stdout" }.into(),
            self.line.line.as_str().into(),
        ]
    }
}

/// A line as a terminal may show it: what would move the cursor or set the window's title is not obeyed.
fn harmless(line: &str) -> String {
    line.chars().map(|c| if c.is_control() && c != '\t' { '\u{fffd}' } else { c }).collect()
}

/// Reads a moment: RFC 3339, or how long ago.
fn moment(text: &str) -> Result<Timestamp, String> {
    if let Ok(moment) = text.parse() {
        return Ok(moment);
    }
    let ago = measure::seconds(text).map_err(|error| format!("{error}, or an RFC 3339 moment"))?;
    Timestamp::now().checked_sub(SignedDuration::from_secs(ago.into())).map_err(|error| error.to_string())
}
