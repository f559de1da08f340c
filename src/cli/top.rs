//! `worpen top`: the dashboard.

use std::env;

use super::{error::CliError, exit::ExitStatus, session::Session};
use crate::tui::{self, Ended, Options, ThemeChoice, TuiError};

const EXAMPLES: &str = "\
Examples:
  worpen top                    the fleet of the current context
  worpen top --read-only        look, and touch nothing
  worpen top --theme light      for a light background

Keys are shown with ?. Keys and theme are set in config.toml, beside the contexts:
  [dashboard]
  theme = \"colour-blind\"
  [dashboard.keys]
  restart = \"ctrl-r\"";

/// Arguments of `worpen top`.
#[derive(Clone, Debug, Default, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// Lock everything that would change the fleet.
    #[arg(long)]
    pub(crate) read_only: bool,
    /// Colours: auto, dark, light, sixteen, colour-blind or mono.
    #[arg(long, value_name = "NAME", value_parser = clap::builder::PossibleValuesParser::new(ThemeChoice::NAMES), hide_possible_values = true)]
    pub(crate) theme: Option<String>,
    /// Draw with ASCII only.
    #[arg(long)]
    pub(crate) ascii: bool,
    /// Take the mouse from the start.
    #[arg(long)]
    pub(crate) mouse: bool,
}

/// Whether the terminal can move its cursor.
pub(crate) fn can_draw() -> bool {
    env::var_os("TERM").is_some_and(|term| !term.is_empty() && term != "dumb")
}

/// Shows the dashboard until it is left.
pub(crate) async fn run(args: Args, session: &Session) -> Result<ExitStatus, CliError> {
    if !session.printer.is_interactive() {
        return Err(CliError::usage("a dashboard needs a terminal for both its input and its output")
            .hint("in scripts use worpen agents ls, worpen containers ls or worpen events tail"));
    }
    if !can_draw() {
        return Err(CliError::usage("this terminal cannot move its cursor (TERM is 'dumb' or not set)")
            .hint("worpen events tail shows what happens line by line"));
    }
    let contexts = session.contexts()?;
    let target = contexts.resolve(&session.flags, &session.environment)?;
    let context = target.context.clone().unwrap_or_else(|| {
        target.server.split_once("://").map_or(target.server.as_str(), |(_, host)| host).to_owned()
    });
    let config = Some(contexts.path().with_file_name("config.toml"));
    let options = Options {
        client: session.client()?,
        context,
        config,
        theme: args.theme.as_deref().and_then(ThemeChoice::named),
        ascii: args.ascii,
        read_only: args.read_only,
        mouse: args.mouse,
    };
    match tui::run(options).await {
        Ok(Ended::Quit) => Ok(ExitStatus::Done),
        Ok(Ended::Signalled) => Ok(ExitStatus::Interrupted),
        Err(error @ TuiError::Config { .. }) => Err(CliError::new(ExitStatus::Usage, error)),
        Err(error) => Err(CliError::new(ExitStatus::Failed, error)),
    }
}
