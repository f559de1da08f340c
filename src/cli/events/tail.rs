//! `worpen events tail`: follows the events.

use super::{
    super::{
        error::CliError,
        exit::ExitStatus,
        session::{Format, Session, json_line},
    },
    line::Lines,
};
use crate::{
    client::News,
    proto::event::{StreamItem, SubscribeRequest},
};

const EXAMPLES: &str = "\
Examples:
  worpen events tail
  worpen events tail --types 'container.*,agent.offline' --node web-1
  worpen events tail --from 0 -o ndjson > events.ndjson";

/// Arguments of `worpen events tail`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// Begin after this event's number; 0 for the oldest, only new ones unless told.
    #[arg(long, value_name = "NUMBER")]
    from: Option<u64>,
    /// Only these types, separated by commas; 'container.*' for all of a noun.
    #[arg(long)]
    types: Option<String>,
    /// Only what is about this node.
    #[arg(long)]
    node: Option<String>,
    /// Also what the nodes measure.
    #[arg(long, value_name = "TOPIC", value_parser = ["telemetry"])]
    live: Option<String>,
}

/// Follows until it is interrupted. A link that breaks at the start is an error; later it is mended.
pub(crate) async fn run(args: Args, session: &Session) -> Result<ExitStatus, CliError> {
    let Args { from, types, node, live } = args;
    let mut stream = session.client()?.stream(SubscribeRequest { from, types, node, live });
    stream.connect().await?;
    let mut lines = Lines::default();
    loop {
        match stream.next().await? {
            News::Item(item) => show(session, &mut lines, &item)?,
            News::Linked => session.printer.note("linked again"),
            News::Lost { cause, retry_in } => {
                let pause = retry_in.as_secs_f64();
                session.printer.warning(&format!("{cause}; trying again in {pause:.1} s"));
            }
        }
    }
}

fn show(session: &Session, lines: &mut Lines, item: &StreamItem) -> Result<(), CliError> {
    let line = match (session.format, item) {
        // The stream itself keeps its place.
        (_, StreamItem::Position { .. }) => return Ok(()),
        (Format::Json | Format::Ndjson, item) => json_line(item),
        (_, StreamItem::Gap { from, to }) => {
            session.printer.warning(&format!("events {from} to {to} are no longer kept"));
            return Ok(());
        }
        (Format::Name, StreamItem::Live { .. }) => return Ok(()),
        (Format::Table, StreamItem::Live { telemetry: None, .. }) => return Ok(()),
        (Format::Name, StreamItem::Events { event }) => event.id.to_string(),
        (Format::Table, StreamItem::Events { event }) => lines.event(event),
        (Format::Table, StreamItem::Live { telemetry: Some(telemetry), .. }) => lines.telemetry(telemetry),
    };
    session.printer.data(&line)
}
