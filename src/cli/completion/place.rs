//! Which names complete which argument.

use std::{ffi::OsStr, sync::Arc};

use clap::{Arg, Command, ValueHint};
use clap_complete::{ArgValueCompleter, CompletionCandidate};

use super::names::{Names, Noun};

/// Puts names where the tree has arguments for them; the tree is built already.
pub(super) fn names(command: Command, names: &Arc<Names>) -> Command {
    below(command, &[], names)
}

fn below(command: Command, path: &[String], names: &Arc<Names>) -> Command {
    command.mut_args(|arg| complete(arg, path, names)).mut_subcommands(|verb| {
        let path: Vec<String> = path.iter().cloned().chain([verb.get_name().to_owned()]).collect();
        below(verb, &path, names)
    })
}

fn complete(arg: Arg, path: &[String], names: &Arc<Names>) -> Arg {
    let path: Vec<&str> = path.iter().map(String::as_str).collect();
    let Some(noun) = noun(&arg, &path) else { return arg };
    let names = names.clone();
    // Of fields separated by commas the last one is being typed, unless clap itself takes them apart.
    let listed = noun.is_listed() && arg.get_value_delimiter().is_none();
    let completer = ArgValueCompleter::new(move |typed: &OsStr| -> Vec<CompletionCandidate> {
        let Some(typed) = typed.to_str() else { return Vec::new() };
        let at = if listed { typed.rfind(',').map_or(0, |comma| comma + 1) } else { 0 };
        let (before, typed) = typed.split_at(at);
        let (sign, typed) = match typed.strip_prefix('-') {
            Some(rest) if noun.may_descend() => ("-", rest),
            _ => ("", typed),
        };
        names
            .matching(noun, typed)
            .into_iter()
            .map(|name| name.add_prefix(format!("{before}{sign}")))
            .collect()
    });
    arg.value_hint(ValueHint::Other).add(completer)
}

/// What an argument names, by the noun that it belongs to and its own name.
fn noun(arg: &Arg, path: &[&str]) -> Option<Noun> {
    let id = arg.get_id().as_str();
    let first = path.first().copied().unwrap_or_default();
    if !arg.get_action().takes_values() {
        return None;
    }
    Some(match (first, id) {
        (_, "context") | ("context", "name" | "names") => Noun::Contexts,
        ("agents", "node" | "nodes" | "agents" | "names") => Noun::Agents,
        ("agents", "name") if path.get(1) != Some(&"invite") => Noun::Agents,
        (_, "node" | "nodes" | "agent" | "on") => Noun::Agents,
        ("containers", "container" | "containers" | "targets") => Noun::Containers,
        ("images", "image" | "images") => Noun::Images,
        ("commands", "id" | "ids" | "command" | "commands") | ("attach", "id") => Noun::Commands,
        ("exec", "place") => Noun::Places,
        (_, "verb") => Noun::Verbs,
        ("schedules", "schedule" | "schedules") => Noun::Schedules,
        ("tokens", "key" | "keys") => Noun::Keys,
        ("events", "types") => Noun::EventTypes,
        ("agents", "sort" | "columns") => Noun::AgentFields(id == "sort"),
        ("containers", "sort" | "columns") => Noun::ContainerFields(id == "sort"),
        ("images", "sort" | "columns") => Noun::ImageFields(id == "sort"),
        ("agents", "metric" | "metrics") => Noun::Metrics,
        _ => return None,
    })
}
