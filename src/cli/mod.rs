//! The command line: a folder per noun, a file per verb.
//!
//! [`run`] parses once, dispatches once and prints an error once. A verb's file holds its arguments and what it
//! does; only [`Printer`] writes to the terminal, and no verb ends the process.

mod act;
pub mod agent;
mod agents;
mod commands;
mod completions;
mod config;
mod containers;
pub mod dev;
mod error;
mod events;
mod exit;
mod images;
mod login;
mod measure;
mod password;
mod printer;
pub mod server;
mod session;
mod signal;
mod table;

use std::{ffi::OsString, io};

use clap::{
    CommandFactory, Parser, Subcommand,
    builder::{PossibleValuesParser, TypedValueParser},
};
use serde::de::DeserializeOwned;
use tokio::runtime::{Builder, Runtime};

use self::session::{Format, Session};
pub use self::{
    error::{CliError, Failure},
    exit::ExitStatus,
    printer::{Bars, Canvas, Loudness, Printer, Tone, Waiting, calm},
};
use crate::config::context::Flags;

const EXAMPLES: &str = "\
Examples:
  worpen login https://worpen.example.com    sign in and remember the server
  worpen agents ls                           the nodes and how they are
  worpen containers stop web-1/nginx         stop a container and wait for it
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
    /// Form of the output: table, json, ndjson, or name (one a line).
    #[arg(
        short,
        long,
        global = true,
        value_enum,
        default_value_t,
        value_name = "FORM",
        hide_possible_values = true
    )]
    output: Format,
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
}

#[derive(Debug, Subcommand)]
enum Command {
    #[command(flatten)]
    Remote(Remote),
    /// Run a server.
    Server(server::Args),
    /// Run the agent of a node.
    Agent(agent::Args),
    /// Run a server and an agent for trying out.
    Dev(dev::Args),
    /// Check and show the settings.
    #[command(subcommand)]
    Config(config::Config),
    /// Print a shell's completions.
    Completions(completions::Args),
}

/// What talks to a server.
#[derive(Debug, Subcommand)]
enum Remote {
    /// Sign in to a server and remember it.
    Login(login::Args),
    /// See and admit nodes.
    #[command(subcommand)]
    Agents(agents::Agents),
    /// See and steer containers.
    #[command(subcommand)]
    Containers(containers::Containers),
    /// See, pull and clean up images.
    #[command(subcommand)]
    Images(images::Images),
    /// See what became of commands.
    #[command(subcommand)]
    Commands(commands::Commands),
    /// See what happens.
    #[command(subcommand)]
    Events(events::Events),
}

/// Runs the program with its arguments, its own name first.
#[must_use]
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitStatus {
    let cli = match Cli::try_parse_from(arguments) {
        Ok(cli) => cli,
        Err(error) => return explain(&error),
    };
    let Global { output, context, server, quiet, verbose, no_color } = cli.global;
    let loudness = match (quiet, verbose) {
        (true, _) => Loudness::Quiet,
        (_, true) => Loudness::Verbose,
        _ => Loudness::Normal,
    };
    let printer = Printer::new(loudness, no_color);
    let ended = match cli.command {
        Command::Server(args) => on(Builder::new_multi_thread(), server::run(args, &printer)),
        Command::Dev(args) => on(Builder::new_multi_thread(), dev::run(args, &printer)),
        Command::Agent(args) => on(Builder::new_current_thread(), agent::run(args, &printer)),
        Command::Config(verb) => {
            config::run(verb, &Session::new(printer.clone(), output, Flags { server, context }))
        }
        Command::Completions(args) => completions::run(&args, &mut Cli::command(), &printer),
        Command::Remote(command) => {
            let session = Session::new(printer.clone(), output, Flags { server, context });
            on(Builder::new_current_thread(), until_interrupted(command, &session))
        }
    };
    ended.unwrap_or_else(|error| {
        if let CliError::Failure(failure) = &error {
            printer.failure(failure);
        }
        error.status()
    })
}

/// Runs what talks to a server; Ctrl-C ends it, but no command that a node already has.
async fn until_interrupted(command: Remote, session: &Session) -> Result<ExitStatus, CliError> {
    let ended = tokio::select! {
        biased;
        heard = tokio::signal::ctrl_c() => heard.map(|()| ExitStatus::Interrupted).map_err(CliError::input),
        ended = dispatch(command, session) => ended,
    };
    session.tell_what_goes_on();
    ended
}

async fn dispatch(command: Remote, session: &Session) -> Result<ExitStatus, CliError> {
    match command {
        Remote::Login(args) => login::run(args, session).await,
        Remote::Agents(verb) => agents::run(verb, session).await,
        Remote::Containers(verb) => containers::run(verb, session).await,
        Remote::Images(verb) => images::run(verb, session).await,
        Remote::Commands(verb) => commands::run(verb, session).await,
        Remote::Events(verb) => events::run(verb, session).await,
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
fn explain(error: &clap::Error) -> ExitStatus {
    let printed = Printer::new(Loudness::Normal, false).usage(error);
    match printed {
        Ok(()) if error.use_stderr() => ExitStatus::Usage,
        Ok(()) => ExitStatus::Done,
        Err(error) => error.status(),
    }
}
