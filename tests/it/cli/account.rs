//! Contexts, keys and users against a real server.

use std::fs;

use serde_json::Value;

use super::terminal::{Ran, Terminal};
use crate::harness::{TestServer, http};

/// A machine with a context `lab` whose key is an admin's.
async fn signed_in(server: &TestServer) -> Terminal {
    let terminal = Terminal::bare();
    keep(&terminal, &[("lab", &server.url, &server.admin().await)]);
    terminal
}

fn keep(terminal: &Terminal, contexts: &[(&str, &str, &str)]) {
    let mut text = format!("current = \"{}\"\n", contexts[0].0);
    for (name, url, key) in contexts {
        text += &format!("[contexts.{name}]\nserver = \"{url}\"\nkey = \"{key}\"\n");
    }
    terminal.write("contexts.toml", &text);
}

/// Runs beside the server's runtime.
fn run(terminal: &Terminal, arguments: &[&str], piped: &str) -> Ran {
    tokio::task::block_in_place(|| terminal.run_with(arguments, piped))
}

fn json(ran: &Ran) -> Value {
    assert_eq!(ran.code, 0, "{}", ran.err);
    serde_json::from_str(&ran.out).unwrap()
}

#[test]
fn contexts_are_listed_chosen_renamed_and_forgotten() {
    let terminal = Terminal::bare();
    assert!(terminal.run(&["context", "ls"]).err.contains("worpen login"));
    keep(&terminal, &[("lab", "http://127.0.0.1:9", "wpk_a"), ("live", "https://live.example", "wpk_b")]);
    insta::assert_snapshot!("context ls", terminal.run(&["context", "ls"]).out);
    assert_eq!(terminal.run(&["context", "ls", "-o", "name"]).out, "lab\nlive\n");

    let ran = terminal.run(&["context", "use", "live"]);
    assert_eq!((ran.code, ran.out.as_str()), (0, ""), "{}", ran.err);
    assert!(terminal.run(&["context", "show"]).out.contains("https://live.example (from context 'live')"));
    assert_eq!(terminal.run(&["context", "use", "nowhere"]).code, 2);

    assert_eq!(terminal.run(&["context", "rename", "live", "lab"]).code, 5);
    assert_eq!(terminal.run(&["context", "rename", "live", "prod"]).code, 0);
    let shown = json(&terminal.run(&["context", "show", "prod", "-o", "json"]));
    assert_eq!((&shown["current"], &shown["credentials"]), (&true.into(), &"key".into()));
    let kept = fs::read_to_string(terminal.contexts()).unwrap();
    assert!(kept.contains("current = \"prod\"") && kept.contains("wpk_b"), "{kept}");

    assert_eq!(terminal.run(&["context", "rm", "lab", "nowhere"]).code, 2);
    assert!(fs::read_to_string(terminal.contexts()).unwrap().contains("wpk_a"), "all or none");
    let ran = terminal.run(&["context", "rm", "lab", "prod"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(ran.err.contains("still holds at https://live.example"), "{}", ran.err);
    assert!(!fs::read_to_string(terminal.contexts()).unwrap().contains("wpk_"));
}

#[tokio::test(flavor = "multi_thread")]
async fn logging_out_revokes_the_key_and_forgets_it() {
    let server = TestServer::start().await;
    let key = server.admin().await;
    let terminal = Terminal::bare();
    keep(&terminal, &[("lab", &server.url, &key), ("gone", "http://127.0.0.1:9", "wpk_gone")]);
    let who = json(&run(&terminal, &["whoami", "-o", "json"], ""));
    assert_eq!((&who["username"], &who["context"]), (&"admin".into(), &"lab".into()));
    assert_eq!(who["key"]["name"], "test");
    assert_eq!(who["expires_at"], who["key"]["expires_at"]);

    let ran = run(&terminal, &["logout"], "");
    assert_eq!((ran.code, ran.out.as_str()), (0, ""), "{}", ran.err);
    assert!(ran.err.contains("revoked and forgotten"), "{}", ran.err);
    let answer = http().get(server.at("/api/v1/auth/me")).bearer_auth(&key).send().await.unwrap();
    assert_eq!(answer.status(), 401, "the key holds no longer");
    let kept = fs::read_to_string(terminal.contexts()).unwrap();
    assert!(!kept.contains(&key) && kept.contains(&server.url), "the server stays known: {kept}");
    assert_eq!(run(&terminal, &["whoami"], "").code, 4);
    assert!(run(&terminal, &["logout"], "").err.contains("holds no key"));

    let ran = run(&terminal, &["logout", "--all"], "");
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(ran.err.contains("forgotten here and still holds at http://127.0.0.1:9"), "{}", ran.err);
    assert!(!fs::read_to_string(terminal.contexts()).unwrap().contains("wpk_gone"));
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn users_and_tokens_are_made_listed_and_ended() {
    let server = TestServer::start().await;
    let terminal = signed_in(&server).await;
    let password = "correct horse battery";
    let create = ["users", "create", "ada", "--role", "Operator", "--password-stdin"];
    let ran = run(&terminal, &create, &format!("{password}\n"));
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(!ran.out.contains(password) && ran.out.contains("operator"), "{}", ran.out);
    assert_eq!(run(&terminal, &create, password).code, 5, "the name is taken");
    assert_eq!(run(&terminal, &["users", "ls", "-o", "name"], "").out, "ada\nadmin\n");
    let ran = run(&terminal, &["users", "create", "bob", "--role", "viewer"], "");
    assert_eq!(ran.code, 2, "nobody can be asked");
    assert!(ran.err.contains("--password-stdin"), "{}", ran.err);

    let admin = ["users", "create", "eve", "--role", "admin", "--password-stdin"];
    let ran = run(&terminal, &admin, password);
    assert_eq!(ran.code, 4, "this terminal holds a key, which lets no admin in: {}", ran.err);
    assert!(ran.err.contains("do this in a terminal, where your password is asked for"), "{}", ran.err);

    let login = ["login", &server.url, "-u", "ada", "--password-stdin", "--context", "ada"];
    assert_eq!(run(&terminal, &login, password).code, 0);
    let issue = ["tokens", "issue", "nightly", "--role", "viewer", "--expires-in", "2h", "--password-stdin"];
    let issued = run(&terminal, &issue, password);
    assert_eq!(issued.code, 0, "{}", issued.err);
    let secret = issued.out.trim_end();
    assert!(secret.starts_with("wpk_") && !secret.contains('\n') && !issued.err.contains(secret));
    let me = http().get(server.at("/api/v1/auth/me")).bearer_auth(secret).send().await.unwrap();
    let me: Value = me.json().await.unwrap();
    assert_eq!((&me["username"], &me["role"]), (&"ada".into(), &"viewer".into()));
    assert_eq!(run(&terminal, &issue, "a wrong password").code, 4);

    let keys = json(&run(&terminal, &["tokens", "ls", "-o", "json"], ""));
    assert_eq!(keys.as_array().unwrap().len(), 2, "ada's own: {keys}");
    assert_eq!(run(&terminal, &["tokens", "revoke", "weekly"], "").code, 3);
    assert_eq!(run(&terminal, &["tokens", "revoke", "nightly"], "").code, 0);
    let me = http().get(server.at("/api/v1/auth/me")).bearer_auth(secret).send().await.unwrap();
    assert_eq!(me.status(), 401);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_are_narrowed_and_rotated_and_users_changed_by_hand() {
    let server = TestServer::start().await;
    let terminal = signed_in(&server).await;
    let password = "correct horse battery";
    let create = ["users", "create", "ada", "--role", "operator", "--password-stdin"];
    assert_eq!(run(&terminal, &create, password).code, 0);
    let login = ["login", &server.url, "-u", "ada", "--password-stdin", "--context", "ada"];
    assert_eq!(run(&terminal, &login, password).code, 0);
    let holds = async |secret: &str| {
        let me = http().get(server.at("/api/v1/auth/me")).bearer_auth(secret).send().await.unwrap();
        me.status().as_u16() == 200
    };

    let scope = ["--verbs", "docker.*,exec", "--sites", "eu", "--nodes", "web-*", "--expires", "2h"];
    let create = [&["tokens", "create", "narrow", "--password-stdin"][..], &scope].concat();
    let issued = run(&terminal, &create, password);
    assert_eq!(issued.code, 0, "{}", issued.err);
    assert!(issued.err.contains("to docker.*,exec at eu on web-*, until"), "{}", issued.err);
    let narrow = issued.out.trim_end();
    let listed = run(&terminal, &["tokens", "ls"], "").out;
    assert!(listed.contains("docker.*,exec at eu on web-*"), "{listed}");
    let wrong = ["tokens", "issue", "k", "--nodes", "web 1", "--password-stdin"];
    let ran = run(&terminal, &wrong, password);
    assert!(ran.code == 2 && ran.err.contains("/scope/nodes/0"), "{}", ran.err);

    let rotate = ["tokens", "rotate", "narrow", "--overlap", "1h", "--password-stdin"];
    let rotated = run(&terminal, &rotate, password);
    assert!(rotated.code == 0 && rotated.err.contains("holds for 3600 s more"), "{}", rotated.err);
    assert!(holds(narrow).await && holds(rotated.out.trim_end()).await);
    let rotated = run(&terminal, &["tokens", "rotate", "narrow", "--password-stdin"], password);
    assert!(rotated.err.contains("the one before has ended"), "{}", rotated.err);
    assert!(!holds(narrow).await && holds(rotated.out.trim_end()).await);

    // Whoever holds a key with a scope signs out by it.
    keep(
        &terminal,
        &[("narrow", &server.url, rotated.out.trim_end()), ("lab", &server.url, &server.admin().await)],
    );
    assert!(run(&terminal, &["logout"], "").err.contains("revoked and forgotten"));
    assert!(!holds(rotated.out.trim_end()).await);
    assert_eq!(run(&terminal, &["context", "use", "lab"], "").code, 0);

    let fresh = "another horse battery";
    let set = run(&terminal, &["users", "passwd", "ada", "--password-stdin"], fresh);
    assert!(
        set.code == 0 && set.out.contains("every session and key before it has ended"),
        "{} {}",
        set.out,
        set.err
    );
    assert_eq!(run(&terminal, &login, password).code, 4);
    assert_eq!(run(&terminal, &login, fresh).code, 0);
    let own = run(&terminal, &["users", "passwd", "--password-stdin"], &format!("{fresh}\n{password}\n"));
    assert_eq!(own.code, 0, "{}", own.err);
    assert_eq!(run(&terminal, &["whoami"], "").code, 0, "the key of this terminal stays");
    assert_eq!(run(&terminal, &["users", "disable", "admin"], "").code, 4);

    assert_eq!(run(&terminal, &["context", "use", "lab"], "").code, 0);
    assert_eq!(run(&terminal, &["users", "role", "ada", "viewer"], "").code, 0);
    let last = run(&terminal, &["users", "disable", "admin"], "");
    assert!(last.code == 5 && last.err.contains("the last admin"), "{}", last.err);
    for verb in ["disable", "enable", "sign-out"] {
        let ran = run(&terminal, &["users", verb, "ada"], "");
        assert_eq!(ran.code, 0, "{}", ran.err);
    }
    let users = json(&run(&terminal, &["users", "ls", "-o", "json"], ""));
    assert_eq!(users[0]["role"], "viewer", "{users}");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_server_is_seen_on_one_screen_and_called_by_hand() {
    let server = TestServer::start().await;
    let terminal = signed_in(&server).await;
    let status = json(&run(&terminal, &["status", "-o", "json"], ""));
    assert_eq!(status["server"]["version"], env!("CARGO_PKG_VERSION"));
    let screen = run(&terminal, &["status"], "").out;
    for part in ["Version", "healthy", "sqlite", "Agents", "none", "Limits"] {
        assert!(screen.contains(part), "{part} is missing:\n{screen}");
    }
    assert_eq!(run(&terminal, &["status", "--server", "http://127.0.0.1:9"], "").code, 8);

    let history = json(&run(&terminal, &["events", "history", "-o", "json"], ""));
    let kinds: Vec<&str> =
        history.as_array().unwrap().iter().map(|event| event["type"].as_str().unwrap()).collect();
    assert_eq!(kinds.last(), Some(&"key.issued"), "the newest is last: {kinds:?}");
    let latest = json(&run(&terminal, &["events", "history", "--limit", "1", "-o", "json"], ""));
    assert_eq!(latest[0], history[history.as_array().unwrap().len() - 1]);
    let first =
        json(&run(&terminal, &["events", "history", "--from", "0", "--limit", "1", "-o", "json"], ""));
    assert_eq!(first[0], history[0]);
    let none =
        json(&run(&terminal, &["events", "history", "--since", "2999-01-01T00:00:00Z", "-o", "json"], ""));
    assert_eq!(none, Value::Array(Vec::new()));
    let since =
        json(&run(&terminal, &["events", "history", "--since", "1h", "--types", "key.*", "-o", "json"], ""));
    assert_eq!(since.as_array().unwrap().len(), 1, "{since}");
    let table = run(&terminal, &["events", "history"], "").out;
    assert_eq!(table.lines().count(), history.as_array().unwrap().len(), "{table}");

    let me = json(&run(&terminal, &["api", "GET", "auth/me"], ""));
    assert_eq!(me["username"], "admin");
    let ran = run(&terminal, &["api", "get", "/health", "--include"], "");
    assert!(ran.out.starts_with("HTTP/1.1 200 OK\n") && ran.out.ends_with("\n\nOK\n"), "{}", ran.out);
    let all =
        json(&run(&terminal, &["api", "GET", "events/history", "--query", "limit=1", "--paginate"], ""));
    assert!(all.as_array().unwrap().len() >= history.as_array().unwrap().len(), "{all}");
    let ran = run(&terminal, &["api", "GET", "agents/nobody"], "");
    assert_eq!(ran.code, 3, "{}", ran.err);
    let body = r#"{"username":"bo","password":"x","role":"viewer"}"#;
    let ran = run(&terminal, &["api", "POST", "users", "--body", "-"], body);
    assert_eq!(ran.code, 2, "{}", ran.err);
    assert!(ran.err.contains("password"), "{}", ran.err);
    assert_eq!(run(&terminal, &["api", "POST", "users", "--body", "{"], "").code, 2);
    let ran = run(&terminal, &["api", "GET", "//elsewhere.example/steal"], "");
    assert_eq!(ran.code, 2, "the token goes to no other server: {}", ran.err);
    server.stop().await;
}
