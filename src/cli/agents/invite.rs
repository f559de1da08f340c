//! `worpen agents invite`: lets a node join.

use super::super::{
    error::CliError,
    exit::ExitStatus,
    measure,
    session::{Format, Session},
};
use crate::proto::invitation::{InviteAgent, InviteRequest};

const EXAMPLES: &str = "\
Examples:
  worpen agents invite web-1 --site eu
  worpen agents invite web-1 | ssh web-1 worpen agent --server https://worpen.example.com --join -";

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
}

pub(crate) async fn run(args: Args, session: &Session) -> Result<ExitStatus, CliError> {
    let Args { name, site, expires_in } = args;
    let client = session.client()?;
    let request = InviteRequest { name, site, expires_in: expires_in.map(u64::from) };
    let invitation = client.call::<InviteAgent>(&request).await?.body;
    match session.format {
        Format::Json => session.json(&invitation)?,
        Format::Ndjson => session.printer.data(&super::super::session::json_line(&invitation))?,
        Format::Table | Format::Name => session.printer.data(&invitation.token)?,
    }
    session.printer.note(&format!(
        "{} may join site {} once, until {}; on the node, paste the line above into:\n  worpen agent --server {} --join -",
        invitation.name,
        invitation.site,
        measure::moment(invitation.expires_at),
        client.server(),
    ));
    Ok(ExitStatus::Done)
}
