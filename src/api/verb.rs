//! Verbs.

use std::{collections::BTreeMap, sync::Arc};

use super::call::{Answer, Call};
use crate::{
    core::{error::Error, fleet::Fleet, verb::BUILT_IN, verb::built_in},
    proto::{
        page::Page,
        verb::{Effect, ListVerbs, SiteVerb, Verb},
    },
};

/// The most agents that are named with a verb.
const MAX_AGENTS: usize = 1000;
/// The most verbs that are listed.
const MAX_VERBS: usize = 1000;

pub(super) async fn list(call: Call<ListVerbs>) -> Result<Answer<ListVerbs>, Error> {
    let items = verbs(&call.sight.fleet().read());
    Ok(Answer::ok(&Page { items, next_cursor: None }))
}

/// Verbs of sites by name and manifest, with the agents that have them.
type Defined<'a> = BTreeMap<(&'a str, String), (Arc<SiteVerb>, Vec<String>)>;

/// Those that come with Worpen, then those that sites defined, then those of which no more than the name is known, each by
/// name. Where two sites define one name differently, it stands there twice.
fn verbs(fleet: &Fleet) -> Vec<Verb> {
    let mut known: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    let mut defined = Defined::new();
    for agent in fleet.agents() {
        for name in &agent.capabilities {
            let Some(own) = agent.site_verbs.iter().find(|own| *own.name == **name) else {
                known.entry(name).or_default().push(agent.agent_id.clone());
                continue;
            };
            let manifest = serde_json::to_string(own).unwrap_or_default();
            let (_, agents) = defined.entry((name, manifest)).or_insert_with(|| (own.clone(), Vec::new()));
            agents.push(agent.agent_id.clone());
        }
    }
    let ours = BUILT_IN.iter().map(|verb| Verb {
        name: verb.name.into(),
        about: verb.about.into(),
        effect: verb.effect,
        schema: verb.schema(),
        timeout_s: None,
        is_built_in: true,
        agents: named(known.remove(verb.name).unwrap_or_default()),
    });
    let mut verbs: Vec<Verb> = ours.collect();
    verbs.extend(defined.into_values().map(|(verb, agents)| Verb {
        name: verb.name.clone(),
        about: verb.about.clone(),
        effect: if verb.idempotent { Effect::Idempotent } else { Effect::Acts },
        schema: verb.schema.clone(),
        timeout_s: verb.timeout_s,
        is_built_in: false,
        agents: named(agents),
    }));
    verbs.extend(known.into_iter().filter(|(name, _)| built_in(name).is_none()).map(|(name, agents)| Verb {
        name: name.to_owned(),
        about: "what its agents' own program makes of it".into(),
        effect: Effect::Acts,
        schema: serde_json::json!({ "type": "object" }),
        timeout_s: None,
        is_built_in: false,
        agents: named(agents),
    }));
    verbs.truncate(MAX_VERBS);
    verbs
}

fn named(mut agents: Vec<String>) -> Vec<String> {
    agents.sort_unstable();
    agents.truncate(MAX_AGENTS);
    agents
}
