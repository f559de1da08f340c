//! `worpen agents rm`: removes nodes for good.

use jiff::Timestamp;
use serde::Serialize;

use super::super::{
    act::{self, Sure, Words},
    error::CliError,
    exit::ExitStatus,
    session::{Reach, Session, names},
    table::{Cell, Column, Row},
};
use crate::{
    client::Client,
    proto::agent::{AgentRef, GetAgent, RemoveAgent},
};

/// Arguments of `worpen agents rm`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Name or id of each node; `-` reads them from stdin.
    #[arg(required = true, value_name = "NODE")]
    nodes: Vec<String>,
    #[command(flatten)]
    sure: Sure,
}

pub(crate) async fn run(args: Args, session: &Session) -> Result<ExitStatus, CliError> {
    let Args { nodes, sure } = args;
    let nodes = names(nodes).await?;
    let what = match nodes.as_slice() {
        [one] => format!("remove node {one} for good"),
        several => format!("remove {} nodes for good", several.len()),
    };
    session.refuse_unsure(sure, &what)?;
    let client = session.client()?;
    if !sure.yes && !nodes.is_empty() {
        let containers = containers(&client, &nodes).await?;
        let reach = if nodes.len() > 1 { Reach::Several(nodes.len()) } else { Reach::OneNode };
        let act = format!("{what}, with sight of {containers} containers there");
        session.confirm(sure, &act, reach).await?;
    }
    let words = Words { verb: "remove", done: "removed" };
    let act = |node: String| {
        let client = &client;
        async move {
            client.call::<RemoveAgent>(&AgentRef { id: node.clone() }).await?;
            Ok(Removed { node, removed: true })
        }
    };
    act::each(session, words, nodes, act, |node, _| (format!("{node}: removed"), ExitStatus::Done)).await
}

/// How many containers the nodes hold, so that whoever is asked knows what is lost from sight.
async fn containers(client: &Client, nodes: &[String]) -> Result<u32, CliError> {
    let mut count = 0;
    for node in nodes {
        let detail = client.call::<GetAgent>(&AgentRef { id: node.clone() }).await?.body;
        count += detail.containers.values().sum::<u32>();
    }
    Ok(count)
}

/// What became of a node.
#[derive(Serialize)]
struct Removed {
    node: String,
    removed: bool,
}

impl Row for Removed {
    const COLUMNS: &'static [Column] = &[Column::words("NODE"), Column::words("REMOVED")];

    fn name(&self) -> String {
        self.node.clone()
    }

    fn cells(&self, _now: Timestamp) -> Vec<Cell> {
        vec![self.node.as_str().into(), self.removed.to_string().into()]
    }
}
