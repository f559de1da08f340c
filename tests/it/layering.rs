//! The walls: which part of the crate may import which. The table is the design's; an arrow that is not in it fails.

use std::{collections::BTreeMap, fs, path::Path};

/// A module, and what it may import besides itself.
const ARROWS: &[(&str, &[&str])] = &[
    ("id", &[]),
    ("proto", &["id"]),
    ("core", &["id", "proto"]),
    ("config", &["id"]),
    ("infra", &["id", "proto", "core", "config"]),
    ("api", &["id", "proto", "core", "config"]),
    ("server", &["id", "proto", "core", "config", "infra", "api"]),
    ("agent", &["id", "proto", "core", "config", "infra"]),
    ("client", &["id", "proto", "config"]),
    ("tui", &["id", "proto", "client"]),
    ("cli", &["id", "proto", "core", "config", "client", "tui", "server", "agent", "infra"]),
    ("sim", &["id", "proto", "core"]),
];

/// Names of the crate that occur in a line of code: `crate::name`, and each of `crate::{name::..., other}`.
fn imports(code: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for (at, _) in code.match_indices("crate::") {
        let before = code[..at].chars().next_back();
        if before.is_some_and(|c| c.is_alphanumeric() || matches!(c, '_' | '$')) {
            continue;
        }
        let line = code[..at].matches('\n').count() + 1;
        let rest = &code[at + "crate::".len()..];
        if let Some(group) = rest.strip_prefix('{') {
            found.extend(top_level_names(group).into_iter().map(|name| (line, name)));
        } else {
            found.push((line, first_word(rest)));
        }
    }
    found
}

/// The first word of each item of a brace group, up to its closing brace.
fn top_level_names(group: &str) -> Vec<String> {
    let (mut depth, mut item, mut names) = (1, String::new(), Vec::new());
    for c in group.chars() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        if depth == 0 || (c == ',' && depth == 1) {
            names.push(first_word(item.trim()));
            item.clear();
            if depth == 0 {
                break;
            }
        } else {
            item.push(c);
        }
    }
    names.retain(|name| !name.is_empty());
    names
}

fn first_word(text: &str) -> String {
    text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
}

fn files(folder: &Path, found: &mut Vec<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, found);
        } else if path.extension().is_some_and(|end| end == "rs") {
            found.push(path.to_str().unwrap().to_owned());
        }
    }
}

fn forbidden_arrows(sources: &BTreeMap<String, String>) -> Vec<String> {
    let mut forbidden = Vec::new();
    for (path, code) in sources {
        let Some(module) = path.split(['/', '.']).next() else { continue };
        let Some((_, allowed)) = ARROWS.iter().find(|(name, _)| *name == module) else {
            if path != "lib.rs" && module != "bin" {
                forbidden.push(format!("src/{path}: no row of the table says what '{module}' may import"));
            }
            continue;
        };
        // The wiring roots may import anything below them.
        let is_root = module == "cli" || path == "server/mod.rs" || path == "agent/mod.rs";
        for (line, target) in imports(code) {
            let known = ARROWS.iter().any(|(name, _)| *name == target);
            if known && target != module && !is_root && !allowed.contains(&target.as_str()) {
                forbidden.push(format!("src/{path}:{line}: {module} may not import {target}"));
            }
        }
    }
    forbidden
}

#[test]
fn every_arrow_is_in_the_table() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut paths = Vec::new();
    files(&root, &mut paths);
    let sources: BTreeMap<String, String> = paths
        .into_iter()
        .map(|path| {
            let code = fs::read_to_string(&path).unwrap();
            // What a comment names is not imported.
            let code: String = code
                .lines()
                .map(|line| if line.trim_start().starts_with("//") { "\n" } else { line })
                .collect::<Vec<_>>()
                .join("\n");
            (Path::new(&path).strip_prefix(&root).unwrap().to_str().unwrap().to_owned(), code)
        })
        .collect();
    assert!(sources.len() > 20, "the sources were found");
    let forbidden = forbidden_arrows(&sources);
    assert!(forbidden.is_empty(), "{}", forbidden.join("\n"));
}

#[test]
fn an_arrow_that_points_up_is_found_in_each_form() {
    for code in [
        "use crate::infra::store;",
        "use crate::{id::AgentId, infra::{a, b}};",
        "fn f() { crate::infra::x() }",
    ] {
        let sources = BTreeMap::from([("core/agent.rs".to_owned(), code.to_owned())]);
        assert_eq!(
            forbidden_arrows(&sources),
            vec!["src/core/agent.rs:1: core may not import infra"],
            "{code}"
        );
    }
    let sources = BTreeMap::from([("gadget/mod.rs".to_owned(), String::new())]);
    assert_eq!(forbidden_arrows(&sources).len(), 1, "a new room needs a row");
}
