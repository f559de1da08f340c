//! The command line: a folder per noun, a file per verb.
//!
//! [`run`] parses once, dispatches once and prints an error once. A verb's file holds its arguments and what it
//! does; only [`Printer`] writes to the terminal, and no verb ends the process. What a run does not need is not made: the
//! arguments of other nouns (`Late`), the configuration, certificates, a runtime.

mod act;
pub mod agent;
mod agents;
mod api;
mod attach;
mod audit;
mod backup;
mod ca;
mod columns;
mod commands;
mod completion;
mod completions;
mod config;
mod containers;
mod context;
pub mod dev;
mod doctor;
mod error;
mod events;
mod exec;
mod exit;
mod follow;
mod form;
mod images;
mod jq;
mod late;
mod listing;
mod live;
mod login;
mod logout;
mod man;
mod measure;
mod outside;
mod pager;
mod password;
mod printer;
mod restore;
mod run;
mod schedules;
pub mod server;
mod session;
mod signal;
mod status;
mod table;
mod tokens;
mod top;
mod users;
mod verbs;
mod watch;
mod whoami;

use std::{ffi::OsString, io, pin::pin};

use clap::{
    CommandFactory, FromArgMatches, Parser, Subcommand,
    builder::{PossibleValuesParser, TypedValueParser},
    error::ErrorKind,
};
use serde::de::DeserializeOwned;
use tokio::runtime::{Builder, Runtime};

pub use self::{
    error::{CliError, Failure},
    exit::ExitStatus,
    live::Live,
    printer::{Bars, Canvas, Loudness, Printer, Side, Tone, Waiting, calm},
};
use self::{
    form::{Form, Format},
    late::Late,
    session::Session,
};
use crate::config::context::Flags;

const EXAMPLES: &str = "\
Examples:
  worpen login https://worpen.example.com    sign in and remember the server
  worpen agents ls                           the nodes and how they are
  worpen containers stop web-1/nginx         stop a container and wait for it
  worpen run --all -- uname -a               run a program on every node
  worpen events tail --types 'container.*'   watch what happens

Exit codes:
  0 done   1 failed   2 usage   3 not found   4 not allowed or not signed in
  5 conflict   6 partly failed   7 timed out   8 cannot reach the server
  9 refused by the node   130 interrupted";

/// See, command, heal and ship to every machine of a fleet.
#[derive(Debug, Parser)]
#[command(name = "worpen", version, after_help = EXAMPLES, arg_required_else_help = true)]
#[command(disable_help_subcommand = true, max_term_width = 100)]
struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Global options")]
struct Global {
    /// Form of the output: table, wide, json, ndjson, yaml, csv, or name (one a line).
    #[arg(short, long, global = true, value_enum, value_name = "FORM", hide_possible_values = true)]
    output: Option<Format>,
    /// Print what this jq expression gives for the JSON, texts as they are.
    #[arg(long, global = true, value_name = "EXPRESSION")]
    jq: Option<String>,
    /// Use this context instead of the current one [env: WORPEN_CONTEXT].
    #[arg(long, global = true, value_name = "NAME")]
    context: Option<String>,
    /// Use this server instead of the context's [env: WORPEN_SERVER].
    #[arg(long, global = true, value_name = "URL")]
    server: Option<String>,
    /// Print data and errors only.
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    quiet: bool,
    /// Also say where server and token come from.
    #[arg(short, long, global = true)]
    verbose: bool,
    /// Print without colours, as NO_COLOR does.
    #[arg(long, global = true)]
    no_color: bool,
    /// Never print through a pager.
    #[arg(long, global = true)]
    no_pager: bool,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Show the dashboard.
    Top(Late<top::Args>),
    #[command(flatten)]
    Remote(Remote),
    /// See the servers that this terminal knows, and choose one.
    #[command(subcommand)]
    Context(Late<context::Verb>),
    /// Run a server.
    Server(Late<server::Args>),
    /// Run the agent of a node.
    Agent(agent::Args),
    /// Run a server and an agent for trying out.
    Dev(Late<dev::Args>),
    /// Check and show the settings.
    #[command(subcommand)]
    Config(Late<config::Config>),
    /// Print a shell's completions.
    Completions(Late<completions::Args>),
    /// Write the manual's pages.
    Man(Late<man::Args>),
}

/// What talks to a server.
#[derive(Debug, Subcommand)]
enum Remote {
    /// Sign in to a server and remember it.
    Login(Late<login::Args>),
    /// Revoke the key of a server and forget it.
    Logout(Late<logout::Args>),
    /// Say who the server takes you for.
    Whoami,
    /// See the server and its fleet on one screen.
    Status,
    /// Find out what is wrong between here and the fleet.
    Doctor,
    /// See and admit nodes.
    #[command(subcommand)]
    Agents(Late<agents::Agents>),
    /// See and rotate what the fleet trusts: authorities, and keys that sign commands.
    #[command(subcommand)]
    Ca(Late<ca::Ca>),
    /// See and steer containers.
    #[command(subcommand)]
    Containers(Late<containers::Containers>),
    /// See, pull and clean up images.
    #[command(subcommand)]
    Images(Late<images::Images>),
    /// Have nodes run a program, or do something else, and see what they print.
    Run(Late<Box<run::Args>>),
    /// Run a program on one node or in one container, and end as it does.
    Exec(Late<exec::Args>),
    /// Come back to a command that was left going.
    Attach(Late<attach::Args>),
    /// See what became of commands, stop them, give them again.
    #[command(subcommand)]
    Commands(Late<commands::Commands>),
    /// See and make commands that are given by the clock.
    #[command(subcommand)]
    Schedules(Late<schedules::Schedules>),
    /// See what nodes can be told to do.
    #[command(subcommand)]
    Verbs(Late<verbs::Verbs>),
    /// See what happens and what happened.
    #[command(subcommand)]
    Events(Late<events::Events>),
    /// See and create users.
    #[command(subcommand)]
    Users(Late<users::Users>),
    /// See, issue and revoke API keys.
    #[command(subcommand)]
    Tokens(Late<tokens::Tokens>),
    /// Copy everything that a server keeps, and check copies.
    #[command(subcommand)]
    Backup(Late<backup::Backup>),
    /// Make a server's data folder of a backup.
    Restore(Late<restore::Args>),
    /// See who did what, and whether somebody changed it since.
    #[command(subcommand)]
    Audit(Late<audit::Audit>),
    /// Call the server's API by hand.
    Api(Late<api::Args>),
}

/// Runs the program with its arguments, its own name first.
#[must_use]
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitStatus {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    let plain = || Printer::new(Loudness::Normal, false);
    if let [_, only] = arguments.as_slice()
        && (only == "--version" || only == "-V")
    {
        let told = plain().data(concat!("worpen ", env!("CARGO_PKG_VERSION")));
        return ended(told.map(|()| ExitStatus::Done), &plain());
    }
    let tree = Cli::command();
    if let Some(shell) = completion::asking() {
        return completion::answer(&shell, &arguments, tree, &plain());
    }
    let arguments = match outside::expand(arguments, &tree, &plain()) {
        Ok(arguments) => arguments,
        Err(error) => return ended(Err(error), &plain()),
    };
    let mut matches = match tree.try_get_matches_from(&arguments) {
        Ok(matches) => matches,
        Err(error) => return explain(&error, &arguments),
    };
    match Cli::from_arg_matches_mut(&mut matches) {
        Ok(cli) => obey(cli),
        Err(error) => explain(&error.format(&mut Cli::command()), &arguments),
    }
}

/// Does what the command line says.
fn obey(cli: Cli) -> ExitStatus {
    let Global { output, jq, context, server, quiet, verbose, no_color, no_pager } = cli.global;
    let loudness = match (quiet, verbose) {
        (true, _) => Loudness::Quiet,
        (_, true) => Loudness::Verbose,
        _ => Loudness::Normal,
    };
    let printer = Printer::new(loudness, no_color);
    let printer = if no_pager { printer.without_pager() } else { printer };
    let session = |form| Session::new(printer.clone(), form, Flags { server, context });
    let form = match Form::new(output, jq.as_deref()) {
        Ok(form) => form,
        Err(error) => return ended(Err(error), &printer),
    };
    let done = match cli.command {
        Command::Server(Late(args)) => on(Builder::new_multi_thread(), server::run(args, &printer)),
        Command::Dev(Late(args)) => on(Builder::new_multi_thread(), dev::run(args, &printer)),
        Command::Agent(args) => on(Builder::new_current_thread(), agent::run(args, &printer)),
        Command::Context(Late(verb)) => context::run(verb, &session(form)),
        Command::Config(Late(verb)) => config::run(verb, &session(form)),
        Command::Completions(Late(args)) => completions::run(&args, &printer),
        Command::Man(Late(args)) => man::run(&args, Cli::command(), &printer),
        // The dashboard hears signals itself: it gives the terminal back first.
        Command::Top(Late(args)) => on(Builder::new_current_thread(), top::run(args, &session(form))),
        Command::Remote(command) => {
            let session = session(form);
            on(Builder::new_current_thread(), until_interrupted(command, &session))
        }
    };
    ended(done, &printer)
}

/// How the program ends; a failure is told.
fn ended(done: Result<ExitStatus, CliError>, printer: &Printer) -> ExitStatus {
    done.unwrap_or_else(|error| {
        if let CliError::Failure(failure) = &error {
            printer.failure(failure);
        }
        error.status()
    })
}

/// Runs what talks to a server; Ctrl-C ends it, but no command that a node already has.
async fn until_interrupted(command: Remote, session: &Session) -> Result<ExitStatus, CliError> {
    let mut work = pin!(dispatch(command, session));
    let ended = loop {
        tokio::select! {
            biased;
            // What hears Ctrl-C itself knows what to do.
            heard = tokio::signal::ctrl_c() => match heard {
                Ok(()) if session.hears_interrupts() => {}
                heard => break heard.map(|()| ExitStatus::Interrupted).map_err(CliError::input),
            },
            ended = &mut work => break ended,
        }
    };
    session.tell_what_goes_on();
    ended
}

async fn dispatch(command: Remote, session: &Session) -> Result<ExitStatus, CliError> {
    match command {
        Remote::Login(Late(args)) => login::run(args, session).await,
        Remote::Logout(Late(args)) => logout::run(args, session).await,
        Remote::Whoami => whoami::run(session).await,
        Remote::Status => status::run(session).await,
        Remote::Doctor => doctor::run(session).await,
        Remote::Agents(Late(verb)) => agents::run(verb, session).await,
        Remote::Ca(Late(verb)) => ca::run(verb, session).await,
        Remote::Containers(Late(verb)) => containers::run(verb, session).await,
        Remote::Images(Late(verb)) => images::run(verb, session).await,
        Remote::Run(Late(args)) => run::run(*args, session).await,
        Remote::Exec(Late(args)) => exec::run(args, session).await,
        Remote::Attach(Late(args)) => attach::run(args, session).await,
        Remote::Commands(Late(verb)) => commands::run(verb, session).await,
        Remote::Schedules(Late(verb)) => schedules::run(verb, session).await,
        Remote::Verbs(Late(verb)) => verbs::run(verb, session).await,
        Remote::Events(Late(verb)) => events::run(verb, session).await,
        Remote::Users(Late(verb)) => users::run(verb, session).await,
        Remote::Tokens(Late(verb)) => tokens::run(verb, session).await,
        Remote::Backup(Late(verb)) => backup::run(verb, session).await,
        Remote::Restore(Late(args)) => restore::run(args, session).await,
        Remote::Audit(Late(verb)) => audit::run(verb, session).await,
        Remote::Api(Late(args)) => api::run(args, session).await,
    }
}

/// Runs on a runtime that does not wait for a question nobody will answer.
fn on(
    mut builder: Builder,
    work: impl Future<Output = Result<ExitStatus, CliError>>,
) -> Result<ExitStatus, CliError> {
    let started: io::Result<Runtime> = builder.enable_all().build();
    let runtime = started.map_err(|error| CliError::new(ExitStatus::Failed, error))?;
    let ended = runtime.block_on(work);
    runtime.shutdown_background();
    ended
}

/// Takes one of the words that the protocol spells, whatever its case.
fn words<T: DeserializeOwned + Clone + Send + Sync + 'static>(
    known: &[&'static str],
) -> impl TypedValueParser<Value = T> {
    PossibleValuesParser::new(known).try_map(|word| serde_json::from_value::<T>(word.to_lowercase().into()))
}

/// Prints what the parser has to say: help, the version, or what is wrong with the command line.
fn explain(error: &clap::Error, arguments: &[OsString]) -> ExitStatus {
    let printer = Printer::new(Loudness::Normal, false);
    let printed = printer.usage(error);
    if error.kind() == ErrorKind::InvalidSubcommand {
        for name in outside::near(arguments, &Cli::command()) {
            printer.note(&format!("  tip: there is {name}"));
        }
    }
    match printed {
        Ok(()) if error.use_stderr() => ExitStatus::Usage,
        Ok(()) => ExitStatus::Done,
        Err(error) => error.status(),
    }
}
