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
    for (shell, file) in FILES {
        let fresh = Terminal::bare().run(&["completions", shell]).out;
        let kept = fs::read_to_string(directory.join(file)).unwrap_or_default();
        assert!(fresh == kept, "stale; run: worpen completions {shell} > completions/{file}");
    }
}
