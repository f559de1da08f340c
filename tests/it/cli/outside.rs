//! Aliases of the configuration, plugins on the PATH, and the manual's pages.

use std::{fs, os::unix::fs::PermissionsExt, path::Path};

use super::{
    records::{agent, page},
    stub::Stub,
    terminal::{Terminal, ended},
};

fn agents() -> Stub {
    Stub::always(200, page(&[agent("web-1", "ONLINE")], None))
}

#[test]
fn an_alias_stands_for_its_words_and_never_for_itself() {
    let stub = agents();
    let terminal = Terminal::of(&stub);
    terminal.write(
        "config.toml",
        "[alias]\nnodes = \"-o name agents ls\"\nup = [\"nodes\", \"--where\", \"status == \\\"ONLINE\\\"\"]\n\
         a = \"b\"\nb = \"a\"\nagents = \"images\"\n",
    );
    let ran = terminal.run(&["nodes"]);
    assert_eq!((ran.code, ran.out.as_str()), (0, "web-1\n"), "{}", ran.err);
    assert!(ran.err.contains("alias.agents is never used"), "{}", ran.err);
    let ran = terminal.run(&["-q", "up", "--site", "eu"]);
    assert_eq!((ran.code, ran.out.as_str()), (0, "web-1\n"), "{}", ran.err);
    let seen = stub.seen().pop().unwrap();
    assert_eq!((seen.query("where"), seen.query("site")), (Some("status == \"ONLINE\""), Some("eu")));

    let ran = terminal.run(&["a"]);
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("the alias 'a' stands for itself"), "{}", ran.err);
    // The program's own subcommand comes first.
    assert_eq!(terminal.run(&["agents", "ls", "-o", "name"]).out, "web-1\n");
    assert!(terminal.run(&["nodez"]).err.contains("the alias 'nodes'"));
}

#[test]
fn a_configuration_that_is_wrong_only_matters_where_it_is_read() {
    let stub = agents();
    let terminal = Terminal::of(&stub);
    terminal.write("config.toml", "[alias]\ndown = \"containers 'stop\"\n");
    assert_eq!(terminal.run(&["agents", "ls"]).code, 0);
    assert_eq!(terminal.run(&["--version"]).code, 0);
    let ran = terminal.run(&["down"]);
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("config.toml:2: alias.down: a quote ' is not closed"), "{}", ran.err);
}

fn plugin(folder: &Path, name: &str, text: &str) {
    let path = folder.join(name);
    fs::write(&path, text).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn a_plugin_is_told_the_server_and_not_the_key() {
    let terminal = Terminal::bare();
    terminal.write(
        "contexts.toml",
        "current = \"lab\"\n[contexts.lab]\nserver = \"http://127.0.0.1:9\"\nkey = \"wpk_kept\"\n\
         [contexts.live]\nserver = \"https://live.example\"\n",
    );
    let folder = tempfile::tempdir().unwrap();
    plugin(folder.path(), "worpen-show", "#!/bin/sh\necho \"$@\"; env | grep ^WORPEN_ | sort; exit 7\n");
    let run = |arguments: &[&str]| {
        let path = format!("{}:/usr/bin:/bin", folder.path().display());
        ended(terminal.command(arguments).env("PATH", path).spawn().unwrap())
    };
    let ran = run(&["show", "-o", "x y", "--help"]);
    assert_eq!(ran.code, 7, "{}", ran.err);
    assert!(ran.out.starts_with("-o x y --help\n"), "{}", ran.out);
    assert!(
        ran.out.contains("WORPEN_CONTEXT=lab\n") && ran.out.contains("WORPEN_SERVER=http://127.0.0.1:9\n")
    );
    assert!(!ran.out.contains("TOKEN") && !ran.out.contains("wpk_kept"), "{}", ran.out);
    let ran = run(&["--context", "live", "show"]);
    assert!(ran.out.contains("WORPEN_SERVER=https://live.example\n"), "{}", ran.out);
    assert_eq!(run(&["--context", "nowhere", "show"]).code, 2);
    assert_eq!(run(&["-o", "json", "show"]).code, 2);
    let ran = run(&["shwo"]);
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("the plugin 'show'"), "{}", ran.err);
}

#[test]
fn every_subcommand_has_its_page() {
    let terminal = Terminal::bare();
    let ran = terminal.run(&["man"]);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
    assert!(ran.out.contains(".TH worpen 1") && ran.out.contains("worpen\\-agents(1)"), "{}", ran.out);
    let folder = tempfile::tempdir().unwrap();
    let pages = folder.path().join("man1");
    let ran = terminal.run(&["man", "--dir", pages.to_str().unwrap()]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    for page in ["worpen.1", "worpen-agents-ls.1", "worpen-doctor.1", "worpen-tokens-issue.1"] {
        let text = fs::read_to_string(pages.join(page)).unwrap_or_else(|error| panic!("{page}: {error}"));
        assert!(text.contains(".SH SYNOPSIS"), "{page}");
    }
}
