//! [`Scope`]: which verbs and nodes a key is narrowed to. What cannot be told is not held.

use super::Node;
use crate::{
    core::{
        error::Error,
        selector::glob::{self, Pattern},
    },
    proto::auth::Scope,
};

/// The most patterns of one kind.
const MOST: usize = 64;
/// The most characters of a pattern.
const MOST_CHARS: usize = 128;
/// The most bytes of all patterns of a scope: each is tried on every node.
const MOST_BYTES: usize = 4096;

/// Which nodes a scope holds, read once to be asked of a whole fleet.
#[derive(Clone, Debug)]
pub struct Nodes {
    sites: Option<Vec<Pattern>>,
    names: Option<Vec<Pattern>>,
}

impl Nodes {
    /// Whether a node is in the scope.
    #[must_use]
    pub fn hold(&self, node: Node<'_>) -> bool {
        let one = |patterns: &Option<Vec<Pattern>>, text: Option<&str>| {
            let Some(patterns) = patterns else { return true };
            text.is_some_and(|text| patterns.iter().any(|like| like.matches(text).unwrap_or(false)))
        };
        one(&self.sites, node.site) && one(&self.names, Some(node.name))
    }
}

impl Scope {
    /// Whether a verb is in it.
    #[must_use]
    pub fn holds_verb(&self, verb: &str) -> bool {
        holds(self.verbs.as_deref(), Some(verb))
    }

    /// Whether a node is in it. One whose site is not known any more is in no scope that names sites.
    #[must_use]
    pub fn holds_node(&self, node: Node<'_>) -> bool {
        holds(self.sites.as_deref(), node.site) && holds(self.nodes.as_deref(), Some(node.name))
    }

    /// Which nodes are in it, to be asked of many.
    #[must_use]
    pub fn nodes(&self) -> Nodes {
        let read = |patterns: &Option<Vec<String>>| {
            patterns.as_ref().map(|patterns| patterns.iter().map(|text| Pattern::new(text)).collect())
        };
        Nodes { sites: read(&self.sites), names: read(&self.nodes) }
    }

    /// Checks a scope that somebody asks for.
    ///
    /// # Errors
    /// Names the field that is wrong.
    pub fn check(&self) -> Result<(), Error> {
        let kinds = [("verbs", &self.verbs), ("sites", &self.sites), ("nodes", &self.nodes)];
        for (name, patterns) in kinds {
            let Some(patterns) = patterns else { continue };
            let field = format!("scope/{name}");
            if !(1..=MOST).contains(&patterns.len()) {
                let detail = format!("expected 1 to {MOST} patterns; leave it out to narrow nothing");
                return Err(Error::field(&field, detail));
            }
            let is_pattern = |pattern: &String| {
                let odd = |c: char| c.is_control() || c.is_whitespace() || c == ',';
                (1..=MOST_CHARS).contains(&pattern.chars().count()) && !pattern.contains(odd)
            };
            if let Some(place) = patterns.iter().position(|pattern| !is_pattern(pattern)) {
                let detail = format!(
                    "expected 1 to {MOST_CHARS} characters without spaces and commas: a name, or a pattern like web-*"
                );
                return Err(Error::field(&format!("{field}/{place}"), detail));
            }
        }
        let bytes: usize =
            kinds.iter().flat_map(|(_, patterns)| patterns.iter().flatten()).map(String::len).sum();
        if bytes > MOST_BYTES {
            let detail = format!(
                "expected patterns of {MOST_BYTES} bytes in all, not {bytes}; say more with * and ?, or name sites"
            );
            return Err(Error::field("scope", detail));
        }
        if kinds.iter().all(|(_, patterns)| patterns.is_none()) {
            let detail = "expected verbs, sites or nodes; leave the scope out for a key of the whole fleet";
            return Err(Error::field("scope", detail));
        }
        Ok(())
    }
}

/// Whether one of the patterns is like the text; no patterns narrow nothing.
fn holds(patterns: Option<&[String]>, text: Option<&str>) -> bool {
    let Some(patterns) = patterns else { return true };
    let is_like = |text: &str| patterns.iter().any(|like| glob::matches(text, like).unwrap_or(false));
    text.is_some_and(is_like)
}
