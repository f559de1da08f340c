//! The node's own policy: which orders it obeys, however well they are signed.
//!
//! ```toml
//! default = "deny"
//!
//! [[rule]]
//! verbs = ["exec"]
//! users = ["user:ada", "key:ci/*"]
//! args = { "argv.0" = "/usr/bin/*" }
//! allow = true
//! rate = { count = 10, per_s = 60 }
//! why = "only programs of the system, ten a minute"
//! ```
//!
//! The first rule that fits decides, else the default. A pattern is of a whole text: `*` is any characters, `?` one.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
    time::Instant,
};

use serde::Deserialize;
use serde_json::Value;

pub(super) use self::file::PolicyFile;
pub use self::file::check_policy;
use self::rate::{Bucket, Rate};
use crate::{core::selector::glob, proto::envelope::CommandOrder};

mod file;
mod rate;

/// The most rules of a policy.
const MAX_RULES: usize = 1000;
/// The most characters of a pattern.
const MAX_PATTERN: usize = 512;

/// A policy.
#[derive(Debug)]
struct Policy {
    default: Verdict,
    rules: Vec<Rule>,
    /// What is left of each rule's rate.
    buckets: Mutex<Vec<Option<Bucket>>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Verdict {
    Allow,
    Deny,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    default: Verdict,
    #[serde(default, rename = "rule")]
    rules: Vec<Rule>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Rule {
    /// Of these verbs; of any unless told.
    verbs: Option<Vec<String>>,
    /// Of these users; of any unless told.
    users: Option<Vec<String>>,
    /// With arguments whose texts are so, each at its place.
    #[serde(default)]
    args: BTreeMap<String, String>,
    allow: bool,
    rate: Option<Rate>,
    why: Option<String>,
}

impl Policy {
    /// Reads a policy.
    ///
    /// # Errors
    /// Says what is wrong, and where.
    fn parse(text: &str) -> Result<Self, String> {
        let Document { default, rules } =
            toml::from_str(text).map_err(|error| error.to_string().trim_end().to_owned())?;
        if rules.len() > MAX_RULES {
            return Err(format!("it has {} rules; at most {MAX_RULES} are taken", rules.len()));
        }
        for (place, rule) in rules.iter().enumerate() {
            rule.check().map_err(|why| format!("rule {}: {why}", place + 1))?;
        }
        let buckets = Mutex::new(rules.iter().map(|_| None).collect());
        Ok(Self { default, rules, buckets })
    }

    /// Whether an order may be obeyed at this moment.
    fn judge(&self, order: &CommandOrder, now: Instant) -> Result<(), String> {
        let Some((place, rule)) = self.rules.iter().enumerate().find(|(_, rule)| rule.fits(order)) else {
            return match self.default {
                Verdict::Allow => Ok(()),
                Verdict::Deny => Err(format!(
                    "this node's policy does not let {} give '{}': no rule of it does",
                    giver(order),
                    order.verb
                )),
            };
        };
        let refused = |reason: &str| {
            let why = rule.why.as_ref().map_or_else(String::new, |why| format!(": {why}"));
            format!("this node's policy {reason} (rule {}){why}", place + 1)
        };
        if !rule.allow {
            return Err(refused(&format!("does not let {} give '{}'", giver(order), order.verb)));
        }
        let Some(rate) = rule.rate else { return Ok(()) };
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(bucket) = buckets.get_mut(place) else { return Ok(()) };
        let bucket = bucket.get_or_insert_with(|| Bucket::full(now));
        bucket.take(rate, now).map_err(|wait| {
            let reason = format!(
                "lets '{}' through {} times in {} s at most; try again in {} s",
                order.verb,
                rate.count,
                rate.per_s,
                wait.as_secs() + 1
            );
            refused(&reason)
        })
    }
}

fn giver(order: &CommandOrder) -> &str {
    if order.actor.is_empty() { "nobody in particular" } else { &order.actor }
}

impl Rule {
    fn check(&self) -> Result<(), String> {
        for (name, patterns) in [("verbs", &self.verbs), ("users", &self.users)] {
            if patterns.as_ref().is_some_and(Vec::is_empty) {
                return Err(format!("'{name}' names nobody; leave it out to mean all"));
            }
        }
        let patterns = self.verbs.iter().chain(&self.users).flatten().chain(self.args.values());
        if patterns.into_iter().any(|pattern| pattern.chars().count() > MAX_PATTERN) {
            return Err(format!("a pattern has more than {MAX_PATTERN} characters"));
        }
        if self.args.keys().any(|path| path.split('.').any(str::is_empty)) {
            return Err("'args' names a place with an empty part; write it like \"argv.0\"".into());
        }
        match self.rate {
            Some(_) if !self.allow => {
                Err("'rate' bounds what is allowed, and this rule allows nothing".into())
            }
            Some(rate) => rate.check(),
            None => Ok(()),
        }
    }

    fn fits(&self, order: &CommandOrder) -> bool {
        let one_of = |patterns: &Option<Vec<String>>, text: &str| {
            patterns
                .as_ref()
                .is_none_or(|patterns| patterns.iter().any(|pattern| self.is_like(text, pattern)))
        };
        one_of(&self.verbs, &order.verb)
            && one_of(&self.users, &order.actor)
            && self.args.iter().all(|(path, pattern)| {
                at(&order.args, path).is_some_and(|value| match value {
                    Value::String(text) => self.is_like(text, pattern),
                    other => self.is_like(&other.to_string(), pattern),
                })
            })
    }

    /// Whether a text is as a pattern says. What takes too long to tell counts against the order.
    fn is_like(&self, text: &str, pattern: &str) -> bool {
        glob::matches(text, pattern).unwrap_or(!self.allow)
    }
}

/// The argument at a place like `argv.0`; the name of one may have dots itself.
fn at<'a>(args: &'a Value, path: &str) -> Option<&'a Value> {
    part(args, path).or_else(|| {
        path.match_indices('.').find_map(|(dot, _)| at(part(args, &path[..dot])?, &path[dot + 1..]))
    })
}

fn part<'a>(args: &'a Value, name: &str) -> Option<&'a Value> {
    match args {
        Value::Object(object) => object.get(name),
        Value::Array(items) => items.get(name.parse::<usize>().ok()?),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
