//! `worpen images pull`: pulls an image on nodes, and shows how far it is.

use std::collections::BTreeMap;

use super::{
    super::{
        act::{self, Wait},
        error::CliError,
        exit::ExitStatus,
        measure,
        printer::{Bars, Printer},
        session::Session,
    },
    On, told,
};
use crate::{
    client::{Client, News},
    id::CommandId,
    proto::{
        command::{CommandStatus, Execution},
        event::{StreamItem, SubscribeRequest},
        image::{PullImage, PullImageRequest, PullProgress, Pulled},
    },
};

const EXAMPLES: &str = "\
Examples:
  worpen images pull nginx:1.27                   on every linked node with a container engine
  worpen images pull shop/web:2 --on web-1,web-2";

/// Seconds that the server gives a pull by itself, and the most that it gives.
const USUAL_S: u32 = 1800;
const LONGEST_S: u32 = 86_400;

/// Arguments of `worpen images pull`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// The image, `registry/repository:tag`; the tag is `latest` unless told.
    image: String,
    #[command(flatten)]
    on: On,
    /// Seconds to wait for the end; 0 to return at once.
    #[arg(long, value_name = "SECONDS", default_value = "1800", value_parser = measure::seconds)]
    wait: u32,
    /// Seconds that a node may take; 1,800 unless told, or as long as is waited.
    #[arg(long, value_name = "SECONDS", value_parser = measure::seconds)]
    timeout: Option<u32>,
}

pub(crate) async fn run(args: Args, session: &Session) -> Result<ExitStatus, CliError> {
    let Args { image, on, wait, timeout } = args;
    let client = session.client()?;
    let wait = Wait { wait };
    let request = PullImageRequest {
        image: image.clone(),
        agents: on.nodes,
        wait: Some(0),
        // Whoever waits longer lets the node take longer; a short wait cuts nothing off.
        timeout_s: timeout.or_else(|| (wait.wait > USUAL_S).then(|| wait.wait.min(LONGEST_S))),
        node: None,
    };
    let given = act::give::<PullImage>(session, &client, request, std::time::Duration::ZERO).await?;
    session.goes_on(given.id);
    let mut showing = Showing::new(&session.printer);
    let command = tokio::select! {
        biased;
        ended = act::follow(session, &client, given.clone(), wait.duration()) => ended?,
        () = show(&client, given.id, &mut showing), if wait.wait > 0 => {
            act::follow(session, &client, given, wait.duration()).await?
        }
    };
    drop(showing);
    told(session, &command, |node| line(&image, node))?;
    Ok(act::status(&command, wait.wait))
}

/// Shows how far a command is, until its stream cannot be mended. Nothing depends on what is shown.
async fn show(client: &Client, command: CommandId, showing: &mut Showing) {
    let none = Some("command.ended".to_owned());
    let request =
        SubscribeRequest { types: none, live: Some("progress".into()), ..SubscribeRequest::default() };
    let mut stream = client.stream(request);
    while let Ok(news) = stream.next().await {
        if let News::Item(StreamItem::Live { progress: Some(progress), .. }) = news
            && progress.command == command
        {
            showing.progress(&progress);
        }
    }
}

/// Bars on a terminal, a line for each tenth elsewhere.
struct Showing {
    printer: Printer,
    bars: Bars,
    tenths: BTreeMap<String, u64>,
}

impl Showing {
    fn new(printer: &Printer) -> Self {
        Self { bars: printer.bars(), printer: printer.clone(), tenths: BTreeMap::new() }
    }

    fn progress(&mut self, progress: &PullProgress) {
        let PullProgress { node, done_bytes, total_bytes, .. } = progress;
        if self.bars.set(node, *done_bytes, *total_bytes) || *total_bytes == 0 {
            return;
        }
        let tenth = done_bytes.saturating_mul(10) / total_bytes;
        if self.tenths.insert(node.clone(), tenth) != Some(tenth) {
            let (done, total) = (measure::bytes(*done_bytes), measure::bytes(*total_bytes));
            self.printer.note(&format!("{node}: {done} of {total}"));
        }
    }
}

/// What became of one node.
fn line(image: &str, execution: &Execution) -> String {
    let pulled: Option<Pulled> =
        execution.result.as_ref().and_then(|result| serde_json::from_value(result.clone()).ok());
    match pulled.filter(|_| execution.status == CommandStatus::Succeeded) {
        Some(Pulled { changed, digest, .. }) => {
            let what = if changed { "pulled" } else { "is up to date" };
            let digest = digest.map_or_else(String::new, |digest| format!(" ({digest})"));
            format!("{}: {image} {what}{digest}", execution.node)
        }
        None => act::outcome("pull", execution),
    }
}
