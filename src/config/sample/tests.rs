use std::{fs, path::Path};

use super::*;
use crate::config::{
    layer::{File, Flags, Layers},
    problem::{Fault, SettingsError},
};

/// The sample with every setting set to what stands there, but for those whose lines hold `without`.
fn set(without: &[&str]) -> File {
    let is_setting = |line: &&str| line.starts_with('#') && !line.starts_with("# ") && line.contains(" = ");
    let text = sample()
        .lines()
        .map(|line| match line.strip_prefix('#') {
            Some(setting) if is_setting(&line) && !without.iter().any(|name| line.contains(name)) => setting,
            _ => line,
        })
        .collect::<Vec<_>>()
        .join("\n");
    File { path: "worpen.toml".into(), text }
}

fn layers(file: Option<File>) -> Layers<impl Fn(&str) -> Option<String>> {
    Layers { part: "server", file, variable: |_: &str| None, flags: Flags::default() }
}

#[test]
fn the_file_of_the_repository_is_fresh() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/worpen.toml");
    let kept = fs::read_to_string(path).unwrap_or_default();
    assert!(kept == sample(), "stale; run:\ncargo run config sample > config/worpen.toml");
}

#[test]
fn every_key_stands_in_it_and_what_stands_there_is_the_default() {
    let file = set(&["backend_"]);
    let document: toml::Table = file.text.parse().unwrap();
    for key in KEYS.iter().filter(|key| !matches!(key.standing, Standing::Refused(_))) {
        assert!(document[key.section].get(key.name).is_some(), "{} is missing", key.path());
    }
    let resolved = layers(Some(file)).resolve().unwrap();
    let mut defaults = layers(None).resolve().unwrap().settings;
    // The data folder's default depends on the user; the file can only leave it open.
    defaults.server.data = None;
    assert_eq!(resolved.settings, defaults);
    let unused = KEYS.iter().filter(|key| matches!(key.standing, Standing::Unused(_))).count();
    assert_eq!(resolved.warnings.len(), unused, "each key without effect is warned of");
}

#[test]
fn what_would_be_relied_on_in_vain_is_refused() {
    let Err(SettingsError::Wrong(problems)) = layers(Some(set(&[]))).resolve() else { panic!("it is taken") };
    let refused: Vec<_> = problems.iter().map(|problem| (problem.key.as_str(), &problem.fault)).collect();
    let tls = Fault::Refused("say server.tls = { cert = ..., key = ... }");
    assert_eq!(
        refused,
        [("security.backend_private_key_path", &tls), ("security.backend_certificate_path", &tls)]
    );
}
