//! What a shell is answered: names from the server, then from the cache, and nothing else when neither serves.

use std::{
    fs,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use super::{
    records::{agent, command, container, page},
    stub::{Answer, Stub, problem},
    terminal::{Ran, Terminal, ended},
};

/// A person who types, with a cache of their own.
struct Typist {
    terminal: Terminal,
    cache: tempfile::TempDir,
}

impl Typist {
    fn of(stub: &Stub) -> Self {
        Self { terminal: Terminal::of(stub), cache: tempfile::tempdir().unwrap() }
    }

    /// The words that would complete the last one, as bash is answered.
    fn ask(&self, words: &[&str]) -> Vec<String> {
        let ran = self.ran(words);
        assert_eq!((ran.code, ran.err.as_str()), (0, ""));
        ran.out.lines().filter(|word| !word.starts_with('-')).map(str::to_owned).collect()
    }

    fn ran(&self, words: &[&str]) -> Ran {
        let arguments: Vec<&str> = ["--", "worpen"].into_iter().chain(words.iter().copied()).collect();
        let mut command = self.terminal.command(&arguments);
        command.env("WORPEN_COMPLETE", "bash").env("_CLAP_COMPLETE_INDEX", words.len().to_string());
        command.env("_CLAP_IFS", "\n").env("XDG_CACHE_HOME", self.cache.path());
        ended(command.spawn().unwrap())
    }

    fn cached(&self) -> Vec<PathBuf> {
        fn files(folder: &Path, found: &mut Vec<PathBuf>) {
            for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
                if entry.path().is_dir() {
                    files(&entry.path(), found);
                } else {
                    found.push(entry.path());
                }
            }
        }
        let mut found = Vec::new();
        files(self.cache.path(), &mut found);
        found
    }

    fn age(&self) {
        for file in self.cached() {
            let file = fs::File::options().write(true).open(file).unwrap();
            file.set_modified(SystemTime::now() - Duration::from_secs(11)).unwrap();
        }
    }
}

fn fleet() -> Stub {
    Stub::new(|seen| match seen.route().as_slice() {
        ["agents"] => Answer::Json(200, page(&[agent("web-1", "ONLINE"), agent("db-1", "OFFLINE")], None)),
        ["containers"] => {
            let running = [container("web-1", "nginx", "running"), container("db-1", "redis", "running")];
            Answer::Json(200, page(&running, None))
        }
        ["commands"] => Answer::Json(200, page(&[command("succeeded", None)], None)),
        _ => problem(404, "no such thing"),
    })
}

#[test]
fn names_come_from_the_server_and_then_from_the_cache() {
    let stub = fleet();
    let typist = Typist::of(&stub);
    assert_eq!(typist.ask(&["agents", "get", ""]), ["web-1", "db-1"]);
    assert_eq!(typist.ask(&["agents", "get", "we"]), ["web-1"]);
    assert_eq!(stub.seen().len(), 1, "the second answer came from the cache");
    assert_eq!(typist.ask(&["containers", "stop", "web-1/"]), ["web-1/nginx"]);
    assert_eq!(typist.ask(&["containers", "ls", "--node", "db"]), ["db-1"]);
    assert_eq!(typist.ask(&["commands", "get", "01"]).len(), 1);
    assert_eq!(typist.cached().len(), 3);
    use std::os::unix::fs::PermissionsExt;
    for file in typist.cached() {
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600, "{}", file.display());
    }
}

#[test]
fn a_cache_that_is_old_is_asked_anew_and_serves_when_the_server_is_gone() {
    let typist = {
        let stub = fleet();
        let typist = Typist::of(&stub);
        typist.ask(&["agents", "get", ""]);
        typist.age();
        typist.ask(&["agents", "get", ""]);
        assert_eq!(stub.seen().len(), 2, "what was old was asked anew");
        typist.age();
        typist
    };
    assert_eq!(typist.ask(&["agents", "get", "db"]), ["db-1"], "the server is gone");
}

#[test]
fn no_error_lands_in_the_line_that_is_typed() {
    let stub = Stub::new(|_| problem(401, "sign in"));
    let typist = Typist::of(&stub);
    assert!(typist.ask(&["agents", "get", ""]).is_empty());
    let nobody = Typist { terminal: Terminal::bare(), cache: tempfile::tempdir().unwrap() };
    assert!(nobody.ask(&["agents", "get", ""]).is_empty());
    nobody.terminal.write("contexts.toml", "this is = not [ toml");
    nobody.terminal.write("config.toml", "nor = this");
    assert!(nobody.ask(&["agents", "get", ""]).is_empty());
    assert_eq!(nobody.ask(&["agents", "maint"]), ["maintenance"]);
}

#[test]
fn fields_contexts_aliases_and_plugins_are_names_too() {
    let stub = fleet();
    let typist = Typist::of(&stub);
    typist.terminal.write(
        "contexts.toml",
        "[contexts.lab]\nserver = \"http://127.0.0.1:9\"\n[contexts.live]\nserver = \"https://live.example\"\n",
    );
    typist.terminal.write("config.toml", "[alias]\ndown = \"containers stop\"\n");
    assert_eq!(typist.ask(&["context", "use", "li"]), ["live"]);
    assert_eq!(typist.ask(&["--context", "la"]), ["lab"]);
    let fields = typist.ran(&["agents", "ls", "--sort", "site,-kern"]).out;
    assert_eq!(fields, "site,-kernel");
    assert_eq!(
        typist.ask(&["events", "tail", "--types", "agent.online,container.di"]),
        ["agent.online,container.died"]
    );
    assert_eq!(typist.ask(&["dow"]), ["down"]);
    assert_eq!(typist.ask(&["down", "db"]), ["db-1/redis"]);
}
