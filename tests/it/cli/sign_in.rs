//! Signing in, and what is kept of it.

use std::fs;

use serde_json::json;

use super::{
    records::page,
    stub::{Answer, Stub, problem},
    terminal::Terminal,
};

const KEY: &str = "wpk_fresh_and_secret";
const PASSWORD: &str = "correct horse battery";

fn server() -> Stub {
    Stub::new(|seen| match seen.route().as_slice() {
        ["auth", "login"] if seen.body == json!({ "username": "ada", "password": PASSWORD }) => Answer::Json(
            200,
            json!({
                "token": "jws", "token_type": "Bearer", "expires_in": 900,
                "user": { "id": "0198c0de-0000-7000-8000-00000000000d", "username": "ada", "role": "admin" },
            }),
        ),
        ["auth", "keys"] if seen.bearer.as_deref() == Some("Bearer jws") => Answer::Json(
            201,
            json!({
                "secret": KEY,
                "key": {
                    "id": "0198c0de-0000-7000-8000-00000000000e", "name": seen.body["name"],
                    "username": "ada", "role": "admin", "created_at": "2026-03-01T12:00:00Z",
                    "expires_at": "2026-03-31T12:00:00Z",
                },
            }),
        ),
        ["agents"] if seen.bearer == Some(format!("Bearer {KEY}")) => Answer::Json(200, page(&[], None)),
        _ => problem(401, "the name or the password is wrong"),
    })
}

#[test]
fn a_key_of_its_own_is_kept_and_used() {
    let stub = server();
    let terminal = Terminal::bare();
    let login = ["login", &stub.url(), "--username", "ada", "--password-stdin", "--context", "lab"];
    let ran = terminal.run_with(&login, &format!("{PASSWORD}\n"));
    assert_eq!((ran.code, ran.out.as_str()), (0, ""), "{}", ran.err);
    insta::assert_snapshot!("login", ran.err.replace(&stub.url(), "http://SERVER"));

    let kept = fs::read_to_string(terminal.contexts()).unwrap();
    assert!(kept.contains(KEY) && kept.contains("current = \"lab\"") && !kept.contains(PASSWORD), "{kept}");
    let seen = stub.seen();
    assert!(seen[1].body["name"].as_str().unwrap().starts_with("cli@"));
    assert_eq!((&seen[0].key, seen[1].key.is_some()), (&None, true), "keys are kept per caller");

    let ran = terminal.run(&["agents", "ls", "-o", "json", "-v"]);
    assert_eq!((ran.code, ran.out.as_str()), (0, "[]\n"), "{}", ran.err);
    assert!(ran.err.contains("context 'lab'") && !ran.err.contains(KEY), "{}", ran.err);
}

#[test]
fn a_wrong_password_is_4_and_keeps_nothing() {
    let stub = server();
    let terminal = Terminal::bare();
    let ran = terminal.run_with(&["login", &stub.url(), "-u", "ada", "--password-stdin"], "wrong");
    assert_eq!(ran.code, 4);
    assert!(!terminal.contexts().exists());
}

#[test]
fn off_a_terminal_nobody_is_asked() {
    let terminal = Terminal::bare();
    for arguments in
        [&["login", "http://127.0.0.1:9"] as &[&str], &["login", "http://127.0.0.1:9", "-u", "ada"]]
    {
        let ran = terminal.run(arguments);
        assert_eq!(ran.code, 2, "{}", ran.err);
        assert!(ran.err.contains("hint: "), "{}", ran.err);
    }
}

#[cfg(unix)]
#[test]
fn contexts_that_others_can_read_are_warned_of() {
    use std::os::unix::fs::PermissionsExt;
    let stub = server();
    let terminal = Terminal::bare();
    let text = format!("current = \"a\"\n[contexts.a]\nserver = \"{}\"\nkey = \"{KEY}\"\n", stub.url());
    fs::write(terminal.contexts(), text).unwrap();
    fs::set_permissions(terminal.contexts(), fs::Permissions::from_mode(0o640)).unwrap();
    let ran = terminal.run(&["agents", "ls"]);
    assert_eq!(ran.code, 0);
    assert!(ran.err.contains("warning:") && ran.err.contains("chmod 600"), "{}", ran.err);
}

#[test]
fn a_context_file_that_is_wrong_is_told_by_line_and_key() {
    let terminal = Terminal::bare();
    fs::write(terminal.contexts(), "current = \"a\"\n[contexts.a]\nservre = \"http://a\"\n").unwrap();
    let ran = terminal.run(&["agents", "ls"]);
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("contexts.toml:3: contexts.a.servre: unknown field"), "{}", ran.err);
}
