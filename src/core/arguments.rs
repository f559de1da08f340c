//! Arguments of verbs: whether they are what the verb takes, and which of them are secret.
//!
//! A verb of ours is read by the types that make its schema, and by rules that a schema cannot say ([`form`]); only what
//! fails goes through the schema, for its words. A verb that a site defined is checked by its schema (`schema`), which
//! comes from a node and is trusted with nothing: it fetches nothing and its cost is bounded. A verb of which no schema is
//! known takes what it is given.

use serde_json::{Map, Value};

use super::{
    command::is_built_in,
    error::Error,
    verb::{BuiltIn, built_in},
};
use crate::proto::{
    problem::FieldError,
    verb::{Effect, SiteVerb},
};

pub mod form;
mod schema;
mod secret;
mod words;

pub use self::{
    schema::{MAX_SCHEMA_BYTES, check_schema},
    secret::{REDACTED, redact},
};

/// Arguments that a verb takes.
#[derive(Clone, Debug, PartialEq)]
pub struct Checked {
    /// The arguments with [`REDACTED`] where one is secret: what may be stored, shown and logged.
    pub redacted: Map<String, Value>,
    /// The texts that are secret, each once, the longest first.
    pub secrets: Vec<String>,
    /// What the verb does to its node.
    pub effect: Effect,
    /// Seconds that the verb may take unless the command says.
    pub timeout_s: Option<u32>,
}

/// Checks the arguments of a verb. `site` is what its nodes say of it when a site defined it; without, a verb that is not
/// ours takes anything and is taken to act.
///
/// # Errors
/// Names each argument that is wrong by its JSON pointer, `/args/...`, and what was expected; never a value, which may be
/// secret.
pub fn check(verb: &str, site: Option<&SiteVerb>, args: &Map<String, Value>) -> Result<Checked, Error> {
    if let Some(verb) = built_in(verb) {
        return check_built_in(verb, args);
    }
    if is_built_in(verb) {
        return Err(Error::field("verb", format!("there is no verb '{verb}'; GET /api/v1/verbs lists them")));
    }
    let Some(site) = site else {
        return Ok(Checked {
            redacted: args.clone(),
            secrets: Vec::new(),
            effect: Effect::Acts,
            timeout_s: None,
        });
    };
    let schema = schema::compiled(&site.schema).map_err(|why| {
        Error::field("verb", format!("the site's schema of '{verb}' cannot be used: {why}"))
    })?;
    let faults = schema.faults(args);
    if !faults.is_empty() {
        return Err(Error::Invalid(faults));
    }
    let (redacted, secrets) = schema.redact(args);
    let effect = if site.idempotent { Effect::Idempotent } else { Effect::Acts };
    Ok(Checked { redacted, secrets, effect, timeout_s: site.timeout_s })
}

fn check_built_in(verb: &'static BuiltIn, args: &Map<String, Value>) -> Result<Checked, Error> {
    let schema = || schema::of_built_in(verb).map_err(Error::Internal);
    match form::check(verb.name, args) {
        Ok(faults) if faults.is_empty() => {}
        Ok(faults) => return Err(Error::Invalid(faults)),
        Err(unread) => {
            let faults = schema()?.faults(args);
            return Err(Error::Invalid(if faults.is_empty() { vec![unread] } else { faults }));
        }
    }
    let (redacted, secrets) = schema()?.redact(args);
    Ok(Checked { redacted, secrets, effect: verb.effect, timeout_s: None })
}

/// A wrong argument: its place among them, `/argv/0` or nothing, and what was expected.
fn fault(place: &str, detail: impl Into<String>) -> FieldError {
    FieldError { pointer: format!("/args{place}"), detail: detail.into() }
}

/// A name as a part of a JSON pointer (RFC 6901, section 3).
fn escaped(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

#[cfg(test)]
mod tests;
