//! `worpen commands apply`: gives the command of a plan.

use super::super::{
    error::CliError,
    exit::ExitStatus,
    run::{Manner, applied, show_plan},
    session::Session,
};
use crate::{
    id::PlanId,
    proto::plan::{GetPlan, PlanRef},
};

const EXAMPLES: &str = "\
Examples:
  worpen run --where 'site == \"eu\"' --dry-run -- systemctl restart nginx
  worpen commands apply 0198c0de-0000-7000-8000-00000000000d
  worpen commands apply 0198c0de-0000-7000-8000-00000000000d --show";

/// Arguments of `worpen commands apply`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// Id of the plan, as --dry-run tells it.
    #[arg(value_name = "PLAN")]
    plan: String,
    /// Only show the plan again.
    #[arg(long, conflicts_with_all = ["detach", "fold", "exit_code"])]
    show: bool,
    #[command(flatten)]
    manner: Manner,
}

/// Whoever applies a plan has seen whom it hits; the server refuses when that is no longer so.
pub(crate) async fn run(args: Args, session: &Session) -> Result<ExitStatus, CliError> {
    let Args { plan, show, manner } = args;
    let id = plan.parse::<PlanId>().map_err(|_| {
        CliError::usage(format!("'{plan}' is no plan's id")).hint("make one with: worpen run --dry-run")
    })?;
    let client = session.client()?;
    if show {
        show_plan(session, &client.call::<GetPlan>(&PlanRef { id }).await?.body)?;
        return Ok(ExitStatus::Done);
    }
    let command = applied(session, &client, id).await?;
    manner.see(session, &client, &command).await
}
