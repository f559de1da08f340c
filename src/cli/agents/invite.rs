//! `worpen agents invite`: lets a node join.

use super::super::{error::CliError, exit::ExitStatus, measure, session::Session};
use crate::proto::invitation::{Invitation, InviteAgent, InviteRequest};

const EXAMPLES: &str = "\
Examples:
  worpen agents invite web-1 --site eu
  worpen agents invite web-1 | ssh web-1 worpen agent --server https://worpen.lan:9090 --join -
  worpen agents invite press-7 --plain";

/// Arguments of `worpen agents invite`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// Name that the node will have.
    name: String,
    /// Site that it will belong to.
    #[arg(long)]
    site: Option<String>,
    /// How long the invitation holds, such as 900, 15m or 2h; 15 minutes unless told.
    #[arg(long, value_name = "SECONDS", value_parser = measure::seconds)]
    expires_in: Option<u32>,
    /// Admit an agent that is not ours at once, and print the token that it shows until it is removed.
    #[arg(long, conflicts_with = "expires_in")]
    plain: bool,
}

pub(crate) async fn run(args: Args, session: &Session) -> Result<ExitStatus, CliError> {
    let Args { name, site, expires_in, plain } = args;
    let client = session.client()?;
    let request = InviteRequest { name, site, expires_in: expires_in.map(u64::from), plain };
    let invitation = client.call::<InviteAgent>(&request).await?.body;
    session.record(&invitation, &invitation.token, || invitation.token.clone())?;
    session.printer.note(&what_next(&invitation, client.server()));
    Ok(ExitStatus::Done)
}

/// What to do with the token.
pub(super) fn what_next(invitation: &Invitation, server: &str) -> String {
    let Invitation { name, site, .. } = invitation;
    let Some(expires_at) = invitation.expires_at else {
        let link = server.replacen("http", "ws", 1);
        return format!(
            "{name} is of site {site}, and shows the token above until it is removed (worpen agents rm {name}):\n  \
             WebSocket {link}/ws/agent, or POST {server}/api/v1/internal/heartbeat,\n  \
             with the header 'Authorization: Bearer TOKEN'",
        );
    };
    let until = measure::moment(expires_at);
    // Agents join where they are managed; the host is the one that was just reached.
    let joins = invitation.port.and_then(|port| {
        let address: http::Uri = server.parse().ok()?;
        Some(format!("https://{}:{port}", address.host()?))
    });
    let server = joins.as_deref().unwrap_or(server);
    format!(
        "{name} may join site {site} once, until {until}; on the node, paste the line above into:\n  \
         worpen agent --server {server} --join -"
    )
}
