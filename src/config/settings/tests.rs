use std::collections::BTreeSet;

use super::*;
use crate::config::key::Standing;

#[test]
fn every_default_and_example_is_a_value_of_its_key() {
    for key in KEYS {
        let shown = (key.in_file)(key.default);
        let optional = key.standing == Standing::Used && key.default.is_empty();
        assert!(shown.is_some() || optional, "{}: '{}' is not {}", key.path(), key.default, (key.expected)());
    }
}

#[test]
fn no_two_keys_share_a_name_or_a_variable() {
    let paths: BTreeSet<_> = KEYS.iter().map(Key::path).collect();
    assert_eq!(paths.len(), KEYS.len());
    let variables = || KEYS.iter().flat_map(|key| key.variables.iter().map(|name| (*name).to_owned()));
    let variables: Vec<_> = variables().chain(KEYS.iter().map(Key::variable)).collect();
    assert_eq!(variables.iter().collect::<BTreeSet<_>>().len(), variables.len());
}

#[test]
fn every_section_and_key_says_what_it_is_about() {
    for (section, about) in SECTIONS {
        assert!(!about.is_empty() && KEYS.iter().any(|key| key.section == *section), "{section}");
    }
    for key in KEYS {
        let silent = match key.standing {
            Standing::Used => key.about.is_empty(),
            Standing::Unused(why) | Standing::Refused(why) => why.is_empty(),
        };
        assert!(!silent, "{}", key.path());
    }
}
