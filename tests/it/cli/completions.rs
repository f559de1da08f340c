//! The completions in `completions/` are those of this command line.

use std::{fs, path::Path};

use super::terminal::Terminal;

const FILES: [(&str, &str); 5] = [
    ("bash", "worpen.bash"),
    ("zsh", "_worpen"),
    ("fish", "worpen.fish"),
    ("powershell", "_worpen.ps1"),
    ("elvish", "worpen.elv"),
];

#[test]
fn completions_are_fresh() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("completions");
    let stale: Vec<String> = FILES
        .iter()
        .filter(|(shell, file)| {
            let fresh = Terminal::bare().run(&["completions", shell]).out;
            fresh != fs::read_to_string(directory.join(file)).unwrap_or_default()
        })
        .map(|(shell, file)| format!("cargo run completions {shell} > completions/{file}"))
        .collect();
    assert!(stale.is_empty(), "stale; run:\n{}", stale.join("\n"));
}
