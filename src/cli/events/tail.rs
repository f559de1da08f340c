//! `worpen events tail`: follows the events.

use super::{
    super::{
        error::CliError,
        exit::ExitStatus,
        form::{Format, yaml},
        listing::Listing,
        session::Session,
    },
    line::Lines,
};
use crate::{
    client::News,
    proto::event::{Event, StreamItem, SubscribeRequest},
};

const EXAMPLES: &str = "\
Examples:
  worpen events tail
  worpen events tail --types 'container.*,agent.offline' --node web-1
  worpen events tail --from 0 -o ndjson > events.ndjson
  worpen events tail --types container.died --jq .event.subject";

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
    let listing = Listing::new(session, None)?;
    let mut showing = Showing { session, lines: Lines::default(), listing };
    let mut stream = session.client()?.stream(SubscribeRequest { from, types, node, live });
    stream.connect().await?;
    loop {
        match stream.next().await? {
            News::Item(item) => showing.show(&item)?,
            News::Linked => session.printer.note("linked again"),
            News::Lost { cause, retry_in } => {
                let pause = retry_in.as_secs_f64();
                session.printer.warning(&format!("{cause}; trying again in {pause:.1} s"));
            }
        }
    }
}

/// Shows events in the forms that a stream has, one after the other.
struct Showing<'a> {
    session: &'a Session,
    lines: Lines,
    listing: Listing<'a, Event>,
}

impl Showing<'_> {
    fn show(&mut self, item: &StreamItem) -> Result<(), CliError> {
        let session = self.session;
        let for_people = session.form.format.is_for_people();
        match (session.form.format, item) {
            // The stream itself keeps its place.
            (_, StreamItem::Position { .. }) => Ok(()),
            // A stream has no end to close an array at.
            (Format::Json | Format::Ndjson, item) => session.printer.raw(&session.form.line(item)?),
            (Format::Yaml, item) => session.printer.raw(&yaml(&[item])),
            (_, StreamItem::Gap { from, to }) => {
                session.printer.warning(&format!("events {from} to {to} are no longer kept"));
                Ok(())
            }
            (_, StreamItem::Events { event }) if for_people => session.printer.data(&self.lines.event(event)),
            (_, StreamItem::Events { event }) => self.listing.add(std::slice::from_ref(&**event)),
            (_, StreamItem::Live { telemetry: Some(telemetry), .. }) if for_people => {
                session.printer.data(&self.lines.telemetry(telemetry))
            }
            (_, StreamItem::Live { .. }) => Ok(()),
        }
    }
}
