//! What a node lets be done: its own policy, preconditions, and verbs that its site defined.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use serde_json::{Value, json};
use worpen::{
    config::agent::AgentConfig,
    proto::{
        command::CommandStatus,
        envelope::CommandOrder,
        link::{AgentFrame, CommandResult},
        output::Outcome,
    },
};

use super::fleet::{Agent, Fleet, Link};

const PASSWORD: &str = "correct \"horse\" battery";

/// Writes a file as its operator would.
fn put(path: &Path, text: &str, mode: u32) {
    // Beside its place, as editors do: the agent sees the old file or the new.
    let new = path.with_extension("new");
    fs::write(&new, text).unwrap();
    fs::set_permissions(&new, fs::Permissions::from_mode(mode)).unwrap();
    fs::rename(new, path).unwrap();
}

fn policy(fleet: &Fleet) -> PathBuf {
    fleet.folder.path().join("policy.toml")
}

async fn linked() -> (Fleet, Agent, Link) {
    let mut fleet = Fleet::start().await;
    let agent = fleet.agent().await;
    let link = fleet.link(0).await;
    (fleet, agent, link)
}

/// Orders something, changed in some way, and waits for its end.
async fn order(
    fleet: &Fleet,
    link: &mut Link,
    verb: &str,
    args: Value,
    change: impl FnOnce(&mut CommandOrder),
) -> CommandResult {
    let mut order = link.order(verb, args);
    change(&mut order);
    link.send_order(&fleet.key, &order).await;
    link.end(order.execution).await.0
}

fn echo() -> Value {
    json!({ "argv": ["echo", "hello"] })
}

#[track_caller]
fn assert_refused(result: &CommandResult, words: &str) {
    let said = result.error_message.as_deref().unwrap_or_default();
    assert_eq!(result.status, CommandStatus::Refused, "{said}");
    assert!(said.contains(words), "{said}");
    assert!(result.output.is_none() && result.started_at.is_none(), "nothing began");
}

#[tokio::test]
async fn the_nodes_policy_refuses_what_was_signed_correctly() {
    let (fleet, _agent, mut link) = linked().await;
    let plain = |_: &mut CommandOrder| {};
    assert_eq!(order(&fleet, &mut link, "exec", echo(), plain).await.status, CommandStatus::Succeeded);
    let rules = r#"
        default = "deny"
        [[rule]]
        verbs = ["exec"]
        users = ["user:ada"]
        args = { "argv.0" = "echo" }
        allow = true
        rate = { count = 2, per_s = 3600 }
        why = "two greetings an hour"
    "#;
    put(&policy(&fleet), rules, 0o600);
    let verb = order(&fleet, &mut link, "docker.prune", json!({}), plain).await;
    assert_refused(&verb, "does not let user:ada give 'docker.prune'");
    let args = order(&fleet, &mut link, "exec", json!({ "argv": ["id"] }), plain).await;
    assert_refused(&args, "does not let user:ada give 'exec'");
    let user = order(&fleet, &mut link, "exec", echo(), |order| order.actor = "user:mallory".into()).await;
    assert_refused(&user, "does not let user:mallory give 'exec'");
    for _ in 0..2 {
        let greeted = order(&fleet, &mut link, "exec", echo(), plain).await;
        assert_eq!(greeted.status, CommandStatus::Succeeded, "{greeted:?}");
    }
    let often = order(&fleet, &mut link, "exec", echo(), plain).await;
    assert_refused(&often, "2 times in 3600 s at most");
    assert!(often.error_message.unwrap().contains("two greetings an hour"));
    put(&policy(&fleet), "default = allow", 0o600);
    let broken = order(&fleet, &mut link, "exec", echo(), plain).await;
    assert_refused(&broken, "so it obeys nobody");
    put(&policy(&fleet), "default = \"allow\"", 0o622);
    let open = order(&fleet, &mut link, "exec", echo(), plain).await;
    assert_refused(&open, "chmod go-w");
    put(&policy(&fleet), "default = \"allow\"", 0o600);
    assert_eq!(order(&fleet, &mut link, "exec", echo(), plain).await.status, CommandStatus::Succeeded);
}

#[tokio::test]
async fn the_nodes_policy_refuses_questions_too() {
    let (fleet, _agent, mut link) = linked().await;
    let logs = json!({ "container": "web", "tail": 1 });
    let answered = link.ask(&fleet.key, "docker.logs", logs.clone()).await;
    assert_ne!(answered.outcome, Outcome::Whole, "there is no engine to ask");
    put(&policy(&fleet), "default = \"deny\"", 0o600);
    for (verb, args) in [("docker.logs", logs), ("docker.inspect", json!({ "container": "web" }))] {
        let refused = link.ask(&fleet.key, verb, args).await;
        let words = refused.detail.unwrap_or_default();
        assert_eq!(refused.outcome, Outcome::Refused, "{words}");
        assert!(words.contains(&format!("does not let user:ada give '{verb}'")), "{words}");
    }
}

#[tokio::test]
async fn a_node_whose_named_policy_is_missing_obeys_nobody() {
    let mut fleet = Fleet::start().await;
    let path = fleet.folder.path().join("mine.toml");
    let _agent = fleet.agent_with(AgentConfig { policy: Some(path), ..fleet.config() }).await;
    let mut link = fleet.link(0).await;
    let result = order(&fleet, &mut link, "exec", echo(), |_| {}).await;
    assert_refused(&result, "mine.toml");
}

#[tokio::test]
async fn a_refused_order_stays_refused_when_it_comes_again() {
    let (fleet, _agent, mut link) = linked().await;
    put(&policy(&fleet), "default = \"deny\"", 0o600);
    let mut first = link.order("exec", echo());
    link.send_order(&fleet.key, &first).await;
    assert_refused(&link.end(first.execution).await.0, "no rule of it does");
    put(&policy(&fleet), "default = \"allow\"", 0o600);
    first.sequence = link.order("exec", echo()).sequence;
    link.send_order(&fleet.key, &first).await;
    assert_refused(&link.end(first.execution).await.0, "no rule of it does");
}

#[tokio::test]
async fn a_precondition_is_checked_on_the_node_right_before_the_start() {
    let mut fleet = Fleet::start().await;
    let labels = [("tier".to_owned(), "gold".to_owned())].into();
    let _agent = fleet.agent_with(AgentConfig { labels, ..fleet.config() }).await;
    let mut link = fleet.link(0).await;
    // Measurements are among its facts.
    link.find("telemetry", |frame| matches!(frame, AgentFrame::Telemetry(_)).then_some(())).await;
    let holds = "site == \"eu\" && labels.tier == \"gold\" && memory >= 0 && running == 0 && engine == ()";
    for (expression, words) in [
        (holds, None),
        ("name == \"web-2\"", Some("does not hold here: name is \"web-1\"")),
        ("memory > 100", Some("does not hold here: memory is ")),
        ("status == \"ONLINE\"", Some("only the server")),
        ("site ==", Some("cannot be read")),
        ("len(name)", Some("cannot be evaluated")),
    ] {
        let result = order(&fleet, &mut link, "exec", echo(), |order| {
            order.precondition = Some(expression.into());
        })
        .await;
        match words {
            Some(words) => assert_refused(&result, words),
            None => assert_eq!(result.status, CommandStatus::Succeeded, "{result:?}"),
        }
    }
}

/// The verb of the documents, as an operator puts it on a node.
fn install(folder: &Path) {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/verbs");
    for (name, mode) in [("create_panel_user.sh", 0o755), ("create_panel_user.toml", 0o644)] {
        put(&folder.join(name), &fs::read_to_string(source.join(name)).unwrap(), mode);
    }
}

/// Every file below a folder, as it is on disk.
fn bytes_below(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(bytes_below(&path));
        } else {
            found.push((path.clone(), fs::read(path).unwrap()));
        }
    }
    found
}

#[tokio::test]
async fn a_verb_of_the_site_runs_and_keeps_its_secret() {
    let mut fleet = Fleet::start().await;
    let verbs = fleet.folder.path().join("verbs");
    fs::create_dir(&verbs).unwrap();
    install(&verbs);
    let _agent = fleet.agent().await;
    let mut link = fleet.link(0).await;
    let hello = link.hello();
    assert!(hello.capabilities.contains(&"create_panel_user".to_owned()));
    assert_eq!((hello.verbs[0].name.as_str(), hello.verbs[0].idempotent), ("create_panel_user", false));
    assert_eq!(hello.verbs[0].schema["properties"]["password"]["writeOnly"], true);
    let args = json!({ "username": "ada", "password": PASSWORD });
    let (created, output) = link.run(&fleet.key, "create_panel_user", args.clone()).await;
    assert_eq!(created.status, CommandStatus::Succeeded, "{created:?}");
    assert_eq!(created.result, Some(json!({ "username": "ada", "users": 1 })));
    assert!(String::from_utf8(output).unwrap().starts_with("created ada\n"));
    let (again, output) = link.run(&fleet.key, "create_panel_user", args).await;
    assert_eq!((again.status, again.error_message.as_deref()), (CommandStatus::Failed, Some("exit code 17")));
    assert_eq!(String::from_utf8(output).unwrap(), "the panel has a user ada already\n");
    let (wrong, _) = link.run(&fleet.key, "create_panel_user", json!({ "username": "Ada" })).await;
    assert_refused(&wrong, "/args/password: is required");
    for (path, bytes) in bytes_below(fleet.folder.path()) {
        for secret in [PASSWORD, "correct \\\"horse"] {
            let is_found = bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
            assert!(!is_found, "{} holds the password", path.display());
        }
    }
}

#[tokio::test]
async fn what_a_sites_program_prints_shows_no_secret_and_nor_do_its_surroundings() {
    let mut fleet = Fleet::start().await;
    let verbs = fleet.folder.path().join("verbs");
    fs::create_dir(&verbs).unwrap();
    install(&verbs);
    let loud = "#!/bin/sh\nread -r args\nprintf '%s\\n' \"$args\"\nenv | sort\ntr '\\0' ' ' </proc/$$/cmdline\n\
                echo\npwd\nprintf '%s\\n' \"$args\" >&2\nprintf '%s\\n' \"$args\"\n";
    put(&verbs.join("create_panel_user.sh"), loud, 0o755);
    let _agent = fleet.agent().await;
    let mut link = fleet.link(0).await;
    let mut order = link.order("create_panel_user", json!({ "username": "ada", "password": PASSWORD }));
    order.actor = "user:ada".into();
    link.send_order(&fleet.key, &order).await;
    let (result, _) = link.end(order.execution).await;
    assert_eq!(result.status, CommandStatus::Succeeded, "{result:?}");
    assert_eq!(result.result, Some(json!({ "username": "ada", "password": "[redacted]" })));
    let output = String::from_utf8(link.output(order.execution)).unwrap();
    assert!(!output.contains("horse") && output.matches("[redacted]").count() == 3, "{output}");
    for line in [
        format!("WORPEN_EXECUTION={}", order.execution),
        format!("WORPEN_COMMAND={}", order.command),
        "WORPEN_ACTOR=user:ada".into(),
        verbs.canonicalize().unwrap().display().to_string(),
    ] {
        assert!(output.lines().any(|shown| shown == line), "{line}: {output}");
    }
}

#[tokio::test]
async fn a_change_of_the_verbs_opens_the_link_anew_and_ends_nothing_that_runs() {
    let (mut fleet, _agent, mut link) = linked().await;
    assert!(link.hello().verbs.is_empty());
    let verbs = fleet.folder.path().join("verbs");
    let slow = link.order("exec", json!({ "argv": ["sh", "-c", "sleep 1; echo done"] }));
    link.send_order(&fleet.key, &slow).await;
    link.find("the beginning", |frame| match frame {
        AgentFrame::CommandResult(result) if result.body.status == CommandStatus::Started => Some(()),
        _ => None,
    })
    .await;
    install(&verbs);
    while link.next().await.is_some() {}
    let mut link = fleet.link(0).await;
    assert_eq!(link.hello().verbs[0].name, "create_panel_user");
    assert_eq!(link.end(slow.execution).await.0.status, CommandStatus::Succeeded);
    fs::remove_file(verbs.join("create_panel_user.toml")).unwrap();
    while link.next().await.is_some() {}
    let mut link = fleet.link(0).await;
    assert!(link.hello().verbs.is_empty());
    let gone = order(&fleet, &mut link, "create_panel_user", json!({}), |_| {}).await;
    assert_refused(&gone, "does not know the verb");
}
