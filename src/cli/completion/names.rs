//! [`Names`]: the names that complete what is typed, from this machine, from the cache, or from the server.

use std::ffi::{OsStr, OsString};

use clap_complete::CompletionCandidate;

use super::{cache::Cache, fetch};
use crate::{
    config::context::{Contexts, Environment, Flags},
    core::selector::{agent, container, image},
    proto::event::EventKind,
};

/// What is named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Noun {
    Agents,
    Containers,
    Images,
    Commands,
    /// Nodes, and containers on them.
    Places,
    Schedules,
    Verbs,
    Keys,
    Contexts,
    EventTypes,
    Metrics,
    /// Fields of a list; `true` when a minus may stand before them.
    AgentFields(bool),
    ContainerFields(bool),
    ImageFields(bool),
}

impl Noun {
    /// Whether several stand in one word, separated by commas.
    pub(super) const fn is_listed(self) -> bool {
        matches!(
            self,
            Self::EventTypes
                | Self::Metrics
                | Self::AgentFields(_)
                | Self::ContainerFields(_)
                | Self::ImageFields(_)
        )
    }

    /// Whether a minus may stand before each.
    pub(super) const fn may_descend(self) -> bool {
        matches!(self, Self::AgentFields(true) | Self::ContainerFields(true) | Self::ImageFields(true))
    }
}

/// A name, and what helps to tell it from others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Name {
    pub(super) name: String,
    pub(super) about: Option<String>,
}

impl Name {
    pub(super) fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), about: None }
    }

    pub(super) fn about(name: impl Into<String>, about: impl Into<String>) -> Self {
        Self { name: name.into(), about: Some(about.into()) }
    }
}

/// Where names come from.
#[derive(Debug)]
pub(super) struct Names {
    environment: Environment,
    flags: Flags,
}

impl Names {
    /// Takes `--server` and `--context` from the words that were typed so far.
    pub(super) fn new(words: &[OsString]) -> Self {
        let words: Vec<&str> = words.iter().filter_map(|word| word.to_str()).collect();
        let flag = |flag: &str| {
            let apart = words.windows(2).find(|pair| pair[0] == flag).map(|pair| pair[1]);
            let together = words.iter().find_map(|word| word.strip_prefix(flag)?.strip_prefix('='));
            apart.or(together).filter(|value| !value.is_empty()).map(str::to_owned)
        };
        let flags = Flags { server: flag("--server"), context: flag("--context") };
        Self { environment: Environment::read(), flags }
    }

    pub(super) const fn environment(&self) -> &Environment {
        &self.environment
    }

    /// The names that begin as what is typed does.
    pub(super) fn matching(&self, noun: Noun, typed: &str) -> Vec<CompletionCandidate> {
        let names = self.all(noun);
        names.into_iter().filter(|name| name.name.starts_with(typed)).map(candidate).collect()
    }

    fn all(&self, noun: Noun) -> Vec<Name> {
        match noun {
            Noun::Contexts => self.contexts(),
            Noun::EventTypes => event_types(),
            Noun::AgentFields(_) => fields(agent::FIELDS),
            Noun::ContainerFields(_) => fields(container::FIELDS),
            Noun::ImageFields(_) => fields(image::FIELDS),
            Noun::Agents => self.live("agents", noun),
            Noun::Containers => self.live("containers", noun),
            Noun::Images => self.live("images", noun),
            Noun::Commands => self.live("commands", noun),
            Noun::Places => {
                let nodes = self.live("agents", Noun::Agents);
                nodes.into_iter().chain(self.live("containers", Noun::Containers)).collect()
            }
            Noun::Schedules => self.live("schedules", noun),
            Noun::Verbs => self.live("verbs", noun),
            Noun::Keys => self.live("keys", noun),
            Noun::Metrics => self.live("metrics", noun),
        }
    }

    fn contexts(&self) -> Vec<Name> {
        let Ok(contexts) = Contexts::load(&self.environment) else { return Vec::new() };
        contexts.iter().map(|(name, context)| Name::about(name, &*context.server)).collect()
    }

    /// From the cache while it is fresh, else from the server; from a stale cache when the server does not answer.
    fn live(&self, list: &str, noun: Noun) -> Vec<Name> {
        let contexts = Contexts::load(&self.environment);
        let target = contexts.and_then(|contexts| contexts.resolve(&self.flags, &self.environment));
        let Ok(target) = target else { return Vec::new() };
        let cache = Cache::of(&target, list);
        if let Some(names) = cache.as_ref().and_then(Cache::fresh) {
            return names;
        }
        let answer = fetch::names(&target, noun);
        let stale = cache.as_ref().and_then(Cache::stale).unwrap_or_default();
        // A list that was cut short still knows more than one that is old, when it is longer.
        let names = if answer.whole || answer.names.len() > stale.len() { answer.names } else { stale };
        if let Some(cache) = &cache {
            // Also what a dead server did not say is kept, so that only one key press in 10 s waits for it.
            cache.keep(&names);
        }
        names
    }
}

fn fields<R>(fields: &'static [crate::core::selector::Field<R>]) -> Vec<Name> {
    fields.iter().map(|field| Name::about(field.name, field.about)).collect()
}

fn event_types() -> Vec<Name> {
    let mut nouns: Vec<String> = EventKind::ALL
        .iter()
        .filter_map(|kind| kind.as_str().split_once('.').map(|(noun, _)| format!("{noun}.*")))
        .collect();
    nouns.dedup();
    nouns
        .into_iter()
        .chain(EventKind::ALL.iter().map(|kind| kind.as_str().to_owned()))
        .map(Name::new)
        .collect()
}

fn candidate(name: Name) -> CompletionCandidate {
    let about = name.about.map(|about| crate::cli::calm(&about).replace('\n', " ").into());
    CompletionCandidate::new(<str as AsRef<OsStr>>::as_ref(&name.name)).help(about)
}
