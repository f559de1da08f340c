//! `worpen run`: has nodes do something, and shows what they print.

mod how;
mod plan;
mod target;
mod what;

use std::time::Duration;

use jiff::Timestamp;

use self::what::Work;
pub(crate) use self::{
    how::How,
    plan::{applied, show as show_plan},
    target::Targets,
    what::{Program, What, told},
};
use super::{
    act::{self, Sure},
    error::CliError,
    exit::ExitStatus,
    follow::{Shape, View, follow},
    measure,
    session::Session,
};
use crate::{
    client::Client,
    proto::command::{Command, GiveCommand, GiveCommandRequest},
};

const EXAMPLES: &str = "\
Examples:
  worpen run --all -- uname -a
  worpen run --where 'site == \"eu\" && os.contains(\"debian\")' --fold -- cat /etc/debian_version
  worpen run --on web-1,web-2 --batch 1 --pause 30 --max-failures 1 -- systemctl restart nginx
  worpen run --all --any 1 --timeout 10m -- /usr/local/bin/backup
  worpen run --on db-1 --stdin -- sh < migrate.sh
  worpen run --all --dry-run --verb docker.prune
  worpen run --all --jq '.[] | select(.exit_code != 0).node' -- test -e /run/ready

Exit codes:
  0 all succeeded   1 failed   6 some failed   7 not in time   9 refused by the node
  With --exit-code and one node, the program's own. Ctrl-C leaves it going: 130.";

/// Arguments of `worpen run`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    #[command(flatten)]
    targets: Targets,
    #[command(flatten)]
    what: What,
    #[command(flatten)]
    how: How,
    #[command(flatten)]
    when: When,
    #[command(flatten)]
    manner: Manner,
    /// Say who would be hit and what would run, as a plan that can be applied.
    #[arg(long, conflicts_with_all = ["detach", "fold", "exit_code"])]
    dry_run: bool,
    #[command(flatten)]
    sure: Sure,
}

/// When a command begins, and until when.
#[derive(Clone, Copy, Debug, clap::Args)]
#[command(next_help_heading = "How")]
struct When {
    /// Not before this moment: RFC 3339, or how long from now such as 2h.
    #[arg(long, value_name = "TIME", value_parser = measure::later)]
    at: Option<Timestamp>,
    /// A node that has not taken it by then never will: RFC 3339, or how long from now.
    #[arg(long, value_name = "TIME", value_parser = measure::later)]
    expires: Option<Timestamp>,
}

/// Whether a command that was given is followed, and in which shape.
#[derive(Clone, Copy, Debug, clap::Args)]
pub(crate) struct Manner {
    /// Print the command's id and go.
    #[arg(long, short, conflicts_with_all = ["fold", "exit_code"])]
    detach: bool,
    #[command(flatten)]
    shape: Shape,
}

pub(crate) async fn run(args: Args, session: &Session) -> Result<ExitStatus, CliError> {
    let Args { targets, what, how, when, manner, dry_run, sure } = args;
    if targets.reads_stdin() && what.reads_stdin() {
        return Err(CliError::usage("stdin cannot be both the names of the nodes and the program's input")
            .hint("name the nodes after --on, or choose them with --where"));
    }
    let mut request = GiveCommandRequest::default();
    targets.put(&mut request).await?;
    how.put(&mut request);
    (request.scheduled_at, request.expires_at, request.wait) = (when.at, when.expires, Some(0));
    let Work { verb, args, is_secret } = what.work(session).await?;
    (request.verb, request.args) = (verb, args);
    let client = session.client()?;
    if dry_run {
        request.wait = None;
        return plan::make(session, &client, &request).await;
    }
    let command = match plan::agreed(session, &client, &request, sure).await? {
        Some(plan) if !is_secret => applied(session, &client, plan).await?,
        _ => act::give::<GiveCommand>(session, &client, request, Duration::ZERO).await?,
    };
    manner.see(session, &client, &command).await
}

impl Manner {
    /// Follows a command that was given, or says how to.
    pub(crate) async fn see(
        self,
        session: &Session,
        client: &Client,
        command: &Command,
    ) -> Result<ExitStatus, CliError> {
        let Self { detach, shape } = self;
        let id = command.id.to_string();
        let is_named = session.form.format == super::form::Format::Name;
        if detach || is_named {
            session.record(command, &id, || id.clone())?;
        }
        if !detach {
            return follow(session, client, command, View { shape, ..View::default() }).await;
        }
        let count = command.executions.len();
        let nodes = if count == 1 { "1 node".to_owned() } else { format!("{count} nodes") };
        session.printer.note(&format!("given to {nodes}; see it with: worpen attach {id}"));
        Ok(ExitStatus::Done)
    }
}
