//! What stands for a subcommand from outside: aliases of the configuration, and programs `worpen-NAME` on the PATH.
//!
//! A subcommand of this program always comes first, then an alias, then a plugin. The configuration is read only for a word
//! that is no subcommand.

use std::{
    collections::BTreeSet,
    env,
    ffi::OsString,
    fs,
    os::unix::{fs::PermissionsExt, process::CommandExt},
    path::{Path, PathBuf},
    process,
};

use clap::{Args, Command, parser::ValueSource};

use super::{Global, error::CliError, exit::ExitStatus, printer::Printer};
use crate::config::{
    client::{ClientFile, ClientFileError},
    context::{CONTEXT_VARIABLE, ContextError, Contexts, Environment, Flags, SERVER_VARIABLE},
};

/// What a plugin's name begins with.
const PREFIX: &str = "worpen-";

/// How alike two words must be for one to be meant by the other.
const ALIKE: f64 = 0.75;

/// Puts what an alias stands for in its place; becomes the plugin where one is named. Words that are neither stay as they are, for
/// the parser to complain of.
pub(super) fn expand(
    mut arguments: Vec<OsString>,
    command: &Command,
    printer: &Printer,
) -> Result<Vec<OsString>, CliError> {
    let environment = Environment::read();
    let mut file = None;
    let mut stood_for = BTreeSet::new();
    while let Some(at) = noun(&arguments, command) {
        let Some(name) = arguments[at].to_str().map(str::to_owned) else { break };
        if is_own(command, &name) {
            break;
        }
        if file.is_none() {
            file = Some(load(&environment, command, printer)?);
        }
        if let Some(words) = file.as_ref().and_then(|file| file.alias(&name)) {
            if !stood_for.insert(name.clone()) {
                return Err(CliError::usage(format!("the alias '{name}' stands for itself"))
                    .hint("say in config.toml which subcommand it stands for"));
            }
            arguments.splice(at..=at, words.iter().map(OsString::from));
            continue;
        }
        if let Some(program) = plugin(&name) {
            return Err(become_plugin(&program, &arguments, at, &environment));
        }
        break;
    }
    Ok(arguments)
}

/// Names that are near to a word that means nothing, best first.
pub(super) fn near(arguments: &[OsString], command: &Command) -> Vec<String> {
    let word = noun(arguments, command).and_then(|at| arguments[at].to_str());
    let Some(word) = word.filter(|word| !is_own(command, word)) else { return Vec::new() };
    let file = ClientFile::load(&Environment::read()).unwrap_or_default();
    let aliases = file.aliases().map(|(name, _)| ("alias", name.to_owned()));
    let plugins = plugins().into_iter().map(|name| ("plugin", name));
    let mut near: Vec<(f64, String)> = aliases
        .chain(plugins)
        .map(|(kind, name)| (strsim::jaro_winkler(word, &name), format!("the {kind} '{name}'")))
        .filter(|(alike, _)| *alike >= ALIKE)
        .collect();
    near.sort_by(|(one, _), (other, _)| other.total_cmp(one));
    near.into_iter().map(|(_, name)| name).collect()
}

/// Adds aliases and plugins to a tree that is built already, so that they are completed as what they stand for.
pub(super) fn with_outside(mut command: Command, environment: &Environment) -> Command {
    let file = ClientFile::load(environment).unwrap_or_default();
    for (name, words) in file.aliases().filter(|(name, _)| !is_own(&command, name)).collect::<Vec<_>>() {
        let mut meant = &command;
        for word in words {
            match meant.find_subcommand(word) {
                Some(next) => meant = next,
                None => break,
            }
        }
        let alias = if std::ptr::eq(meant, &command) { Command::new("alias") } else { meant.clone() };
        let about = format!("Alias of {}", words.join(" "));
        command = command.subcommand(alias.name(name_of_tree(name)).about(about));
    }
    for name in plugins() {
        if !is_own(&command, &name) {
            let about = format!("Plugin {PREFIX}{name}");
            command = command.subcommand(Command::new(name_of_tree(&name)).about(about));
        }
    }
    command
}

/// A name as the tree takes it. It is never given back, in a process that ends as soon as it has answered a shell.
fn name_of_tree(name: &str) -> &'static str {
    name.to_owned().leak()
}

/// Where the word stands that names the subcommand, after the program and its global options.
fn noun(arguments: &[OsString], command: &Command) -> Option<usize> {
    let takes_value = |matches: &dyn Fn(&clap::Arg) -> bool| {
        command.get_arguments().any(|arg| matches(arg) && arg.get_action().takes_values())
    };
    let mut at = 1;
    loop {
        let text = arguments.get(at)?.to_str()?;
        at += match (text.strip_prefix("--"), text.strip_prefix('-')) {
            (Some(""), _) => return None,
            (Some(long), _) => 1 + usize::from(takes_value(&|arg| arg.get_long() == Some(long))),
            (None, Some(shorts)) if !shorts.is_empty() => {
                let valued = shorts
                    .char_indices()
                    .find(|(_, short)| takes_value(&|arg| arg.get_short() == Some(*short)));
                1 + usize::from(valued.is_some_and(|(place, short)| place + short.len_utf8() == shorts.len()))
            }
            _ => return Some(at),
        };
    }
}

fn is_own(command: &Command, name: &str) -> bool {
    command.find_subcommand(name).is_some()
}

/// Reads the client's file, and warns of aliases that can never be meant.
fn load(environment: &Environment, command: &Command, printer: &Printer) -> Result<ClientFile, CliError> {
    let file = match ClientFile::load(environment) {
        // Without a home there are no aliases; the parser tells what the word is not.
        Err(ClientFileError::Directory(_)) => ClientFile::default(),
        other => other?,
    };
    for name in shadowed(&file, command) {
        printer.warning(&format!(
            "{}: alias.{name} is never used, since '{name}' is a subcommand; give it another name",
            file.path().display()
        ));
    }
    Ok(file)
}

/// Aliases that have the name of a subcommand.
pub(super) fn shadowed(file: &ClientFile, command: &Command) -> Vec<String> {
    file.aliases().map(|(name, _)| name.to_owned()).filter(|name| is_own(command, name)).collect()
}

/// The program of a plugin.
fn plugin(name: &str) -> Option<PathBuf> {
    if name.contains('/') {
        return None;
    }
    let program = format!("{PREFIX}{name}");
    folders().into_iter().map(|folder| folder.join(&program)).find(|path| is_program(path))
}

/// The names of all plugins, each once, in order.
fn plugins() -> BTreeSet<String> {
    let entries = folders().into_iter().filter_map(|folder| fs::read_dir(folder).ok()).flatten().flatten();
    entries
        .filter_map(|entry| {
            let name = entry.file_name().to_str()?.strip_prefix(PREFIX)?.to_owned();
            is_program(&entry.path()).then_some(name)
        })
        .collect()
}

fn folders() -> Vec<PathBuf> {
    env::var_os("PATH").map(|path| env::split_paths(&path).collect()).unwrap_or_default()
}

fn is_program(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|about| about.is_file() && about.permissions().mode() & 0o111 != 0)
}

/// Becomes the plugin, which is told the server and the context that its caller means, and no token that its caller did not put into
/// the environment. Comes back only with what went wrong.
fn become_plugin(program: &Path, arguments: &[OsString], at: usize, environment: &Environment) -> CliError {
    let flags = match flags(&arguments[..at]) {
        Ok(flags) => flags,
        Err(error) => return error,
    };
    let contexts = Contexts::load(environment);
    let target = match contexts.and_then(|contexts| contexts.resolve(&flags, environment)) {
        Ok(target) => Some(target),
        Err(ContextError::NoServer | ContextError::NoDirectory) => None,
        Err(error) => return error.into(),
    };
    let mut plugin = process::Command::new(program);
    plugin.args(&arguments[at + 1..]);
    if let Some(target) = target {
        plugin.env(SERVER_VARIABLE, &target.server);
        match target.context {
            Some(context) => plugin.env(CONTEXT_VARIABLE, context),
            None => plugin.env_remove(CONTEXT_VARIABLE),
        };
    }
    let error = plugin.exec();
    CliError::new(ExitStatus::Failed, format!("cannot run {}: {error}", program.display()))
}

/// What stands before a plugin's name. Only its server can be said there: the plugin reads its own options.
fn flags(arguments: &[OsString]) -> Result<Flags, CliError> {
    let parser = Global::augment_args(Command::new("worpen").no_binary_name(false));
    let matches =
        parser.try_get_matches_from(arguments).map_err(|error| CliError::usage(error.to_string()))?;
    let other = matches
        .ids()
        .map(clap::Id::as_str)
        .filter(|id| !["server", "context", "Global"].contains(id))
        .find(|id| matches.value_source(id) == Some(ValueSource::CommandLine));
    if let Some(other) = other {
        return Err(CliError::usage(format!(
            "--{} cannot stand before the name of a plugin",
            other.replace('_', "-")
        ))
        .hint("put it after the name; only --server and --context may stand before it"));
    }
    let text = |id: &str| matches.get_one::<String>(id).cloned();
    Ok(Flags { server: text("server"), context: text("context") })
}

impl From<ClientFileError> for CliError {
    fn from(error: ClientFileError) -> Self {
        let status = match &error {
            ClientFileError::Read { .. } => ExitStatus::Failed,
            _ => ExitStatus::Usage,
        };
        Self::new(status, error)
    }
}
