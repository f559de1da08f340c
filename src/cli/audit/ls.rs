//! `worpen audit ls`: lists the audit log.

use std::num::NonZeroU32;

use super::super::{
    error::CliError, exit::ExitStatus, listing::Listing, measure::Moment, session::Session, words,
};
use crate::proto::{
    audit::{ListAudit, ListAuditRequest, Outcome},
    page::{DEFAULT_LIMIT, MAX_LIMIT},
};

const EXAMPLES: &str = "\
Examples:
  worpen audit ls --since 2h
  worpen audit ls --actor user:ada --action 'container.*'
  worpen audit ls --outcome denied --since 7d -o json
  worpen audit ls --target 'agent/web-1*' --columns number,time,actor,detail";

/// Arguments of `worpen audit ls`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// Only what this actor did, such as user:ada; 'key:*' for all that begin so.
    #[arg(long)]
    actor: Option<String>,
    /// Only this action, such as key.issue; 'command.*' for all that begin so.
    #[arg(long)]
    action: Option<String>,
    /// Only what was done to this, such as agent/web-1; 'container/*' for all that begin so.
    #[arg(long)]
    target: Option<String>,
    /// Only what was done, or what was denied.
    #[arg(long, value_parser = words::<Outcome>(&["done", "denied"]), ignore_case = true)]
    outcome: Option<Outcome>,
    /// Only what belongs to this request or command.
    #[arg(long, value_name = "ID")]
    correlation: Option<String>,
    /// Only since then: a time, or how long ago, such as 2h.
    #[arg(long, value_name = "TIME", value_parser = Moment::parse)]
    since: Option<Moment>,
    /// Only until then: a time, or how long ago.
    #[arg(long, value_name = "TIME", value_parser = Moment::parse)]
    until: Option<Moment>,
    /// Columns to show, by their names, separated by commas.
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    columns: Option<Vec<String>>,
    /// The most lines to show.
    #[arg(long, value_name = "NUMBER", default_value_t = NonZeroU32::MIN.saturating_add(DEFAULT_LIMIT - 1))]
    limit: NonZeroU32,
}

pub(crate) async fn run(args: Args, session: &Session) -> Result<ExitStatus, CliError> {
    let listing = Listing::new(session, args.columns.as_deref())?;
    let request = ListAuditRequest {
        actor: args.actor,
        action: args.action,
        target: args.target,
        outcome: args.outcome,
        correlation: args.correlation,
        since: args.since.map(|since| since.before(session.now)),
        until: args.until.map(|until| until.before(session.now)),
        limit: Some(args.limit.get().min(MAX_LIMIT)),
        cursor: None,
    };
    let pages = session.client()?.pages::<ListAudit, _>(&request)?;
    listing.pages(pages, args.limit.get() as usize).await?;
    Ok(ExitStatus::Done)
}
