//! `worpen containers logs`: a container's log, across restarts of the server and broken links.

use jiff::{SignedDuration, Timestamp};

use super::super::{
    error::CliError,
    exit::ExitStatus,
    measure,
    session::{Format, Session, json_line},
};
use crate::{
    client::LogNews,
    core::output::{Place, Screen},
    proto::container::{ContainerLogsRequest, LogLine},
};

const EXAMPLES: &str = "\
Examples:
  worpen containers logs web-1/nginx --tail 100
  worpen containers logs nginx -f --since 10m
  worpen containers logs nginx -o ndjson | jq -r 'select(.stream == \"stderr\").line'";

/// Arguments of `worpen containers logs`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// Id, name, or NODE/NAME of the container.
    container: String,
    /// Go on with new lines until the container ends.
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
}

/// Reads until the end. A link that breaks at the start is an error; later it is mended.
pub(crate) async fn run(args: Args, session: &Session) -> Result<ExitStatus, CliError> {
    let Args { container, follow, tail, since, until, timestamps } = args;
    let request = ContainerLogsRequest { id: container, tail, since, until, follow, timestamps };
    let mut log = session.client()?.log(request);
    log.connect().await?;
    let mut screen = Screen::default();
    loop {
        match log.next().await? {
            LogNews::Line(line) => {
                let place = screen.put(line.stream, line.continues);
                show(session, timestamps, place, &line)?;
            }
            LogNews::Linked => session.printer.note("linked again"),
            LogNews::Lost { cause, retry_in } => {
                let pause = retry_in.as_secs_f64();
                session.printer.warning(&format!("{cause}; trying again in {pause:.1} s"));
            }
            LogNews::End => return Ok(ExitStatus::Done),
        }
    }
}

fn show(session: &Session, timestamps: bool, place: Place, line: &LogLine) -> Result<(), CliError> {
    if matches!(session.format, Format::Json | Format::Ndjson) {
        return session.printer.data(&json_line(line));
    }
    let mut text = String::new();
    if place.breaks {
        text.push('\n');
    }
    if timestamps && place.begins {
        text.push_str(&format!("{:.9} ", line.time));
    }
    if session.printer.canvas().width.is_some() {
        text.push_str(&harmless(&line.line));
    } else {
        text.push_str(&line.line);
    }
    if !line.continues {
        text.push('\n');
    }
    session.printer.raw(&text)
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
