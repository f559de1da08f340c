use std::collections::BTreeMap;

use super::{Act, Chord, Keymap, Scope};

fn changes(word: &str, keys: &[&str]) -> BTreeMap<String, Vec<String>> {
    BTreeMap::from([(word.to_owned(), keys.iter().map(|key| (*key).to_owned()).collect())])
}

#[test]
fn every_key_of_the_default_keymap_is_one_and_gives_one_act_in_each_place() {
    Keymap::with(&BTreeMap::new()).expect("no key gives two acts");
    for act in Act::ALL {
        for key in act.keys() {
            let chord: Chord = key.parse().expect("it is a key");
            assert_eq!(chord.to_string(), *key);
        }
    }
}

#[test]
fn a_key_that_the_configuration_gives_twice_is_refused() {
    let error = Keymap::with(&changes("restart", &["x"])).expect_err("x stops");
    assert!(error.contains("'x'") && error.contains("stop") && error.contains("restart"), "{error}");
}

#[test]
fn an_unknown_act_or_key_names_itself() {
    let error = Keymap::with(&changes("restrat", &["x"])).expect_err("there is none");
    assert!(error.contains("restrat") && error.contains("'restart'"), "{error}");
    let error = Keymap::with(&changes("restart", &["ctrl-"])).expect_err("that is no key");
    assert!(error.contains("restart") && error.contains("ctrl-"), "{error}");
}

#[test]
fn one_key_means_what_the_place_says() {
    let keymap = Keymap::default();
    let s: Chord = "s".parse().expect("a key");
    assert_eq!(keymap.act(s, &[Scope::Everywhere, Scope::Containers]), Some(Act::Start));
    assert_eq!(keymap.act(s, &[Scope::Everywhere, Scope::Agents]), Some(Act::Sync));
    assert_eq!(keymap.act(s, &[Scope::Everywhere, Scope::Logs]), None);
}
