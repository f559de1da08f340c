use std::{
    fs,
    os::unix::fs::PermissionsExt,
    time::{Duration, Instant},
};

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{Policy, file::PolicyFile};
use crate::{
    id::{AgentId, CommandId, ExecutionId},
    proto::envelope::CommandOrder,
};

fn order(verb: &str, actor: &str, args: Value) -> CommandOrder {
    CommandOrder {
        agent: AgentId::generate(),
        execution: ExecutionId::generate(),
        command: CommandId::generate(),
        verb: verb.into(),
        args,
        not_before: Timestamp::UNIX_EPOCH,
        expires_at: Timestamp::MAX,
        timeout_s: 60,
        epoch: 1,
        sequence: 1,
        actor: actor.into(),
        is_question: false,
        has_begun: false,
        precondition: None,
        output_bytes: 0,
    }
}

fn judge(policy: &str, verb: &str, actor: &str, args: Value) -> Result<(), String> {
    Policy::parse(policy).unwrap().judge(&order(verb, actor, args), Instant::now())
}

#[test]
fn the_first_rule_that_fits_decides_and_else_the_default() {
    let policy = r#"
        default = "deny"
        [[rule]]
        verbs = ["docker.rm", "docker.prune"]
        allow = false
        why = "ask the owners"
        [[rule]]
        verbs = ["docker.*"]
        allow = true
    "#;
    assert_eq!(judge(policy, "docker.stop", "user:ada", json!({})), Ok(()));
    let why = judge(policy, "docker.rm", "user:ada", json!({})).unwrap_err();
    assert_eq!(why, "this node's policy does not let user:ada give 'docker.rm' (rule 1): ask the owners");
    assert!(judge(policy, "exec", "user:ada", json!({})).unwrap_err().contains("no rule of it does"));
    assert!(
        judge(policy, "exec.docker.stop", "user:ada", json!({})).is_err(),
        "a pattern is of the whole text"
    );
    assert_eq!(judge("default = \"allow\"", "exec", "", json!({})), Ok(()));
}

#[test]
fn users_are_told_apart() {
    let policy = r#"
        default = "deny"
        [[rule]]
        users = ["user:ada", "key:ci/*"]
        allow = true
    "#;
    for (actor, is_let) in
        [("user:ada", true), ("key:ci/deploy", true), ("user:adam", false), ("key:cd/x", false), ("", false)]
    {
        assert_eq!(judge(policy, "exec", actor, json!({})).is_ok(), is_let, "{actor}");
    }
}

#[test]
fn arguments_are_found_at_their_place() {
    let policy = r#"
        default = "deny"
        [[rule]]
        args = { "argv.0" = "/usr/bin/*", "env.a.b" = "1", "n" = "7", "flag" = "true" }
        allow = true
    "#;
    let right = json!({ "argv": ["/usr/bin/id"], "env": { "a.b": "1" }, "n": 7, "flag": true });
    assert_eq!(judge(policy, "exec", "user:ada", right.clone()), Ok(()));
    for (place, wrong) in [
        ("argv", json!(["/bin/sh", "/usr/bin/id"])),
        ("env", json!({})),
        ("n", json!(77)),
        ("flag", json!("no")),
    ] {
        let mut args = right.clone();
        args[place] = wrong;
        assert!(judge(policy, "exec", "user:ada", args).is_err(), "{place}");
    }
}

#[test]
fn what_takes_too_long_to_match_counts_against_the_order() {
    let long = json!({ "stdin": "a".repeat(60_000) });
    let pattern = format!("*{}b", "a".repeat(500));
    let rule = |allow: bool, default: &str| {
        format!("default = \"{default}\"\n[[rule]]\nargs = {{ stdin = \"{pattern}\" }}\nallow = {allow}")
    };
    assert!(judge(&rule(true, "deny"), "exec", "user:ada", long.clone()).is_err());
    assert!(judge(&rule(false, "allow"), "exec", "user:ada", long).is_err());
}

#[test]
fn a_rate_lets_so_many_through_and_recovers_with_time() {
    let policy = Policy::parse(
        "default = \"deny\"\n[[rule]]\nverbs = [\"exec\"]\nallow = true\nrate = { count = 2, per_s = 60 }",
    )
    .unwrap();
    let (start, exec) = (Instant::now(), order("exec", "user:ada", json!({})));
    let at = |seconds| policy.judge(&exec, start + Duration::from_secs(seconds));
    assert_eq!((at(0), at(1)), (Ok(()), Ok(())));
    assert!(at(2).unwrap_err().contains("2 times in 60 s at most; try again in"), "the third is too many");
    assert_eq!(at(30), Ok(()), "one came back in half the time");
    assert!(at(31).is_err());
    assert_eq!((at(1000), at(1000)), (Ok(()), Ok(())), "no more than the count is saved up");
    assert!(at(1000).is_err());
}

#[test]
fn a_policy_that_is_not_understood_is_no_policy() {
    for (text, words) in [
        ("", "default"),
        ("default = \"maybe\"", "maybe"),
        ("default = \"deny\"\nrules = []", "rules"),
        ("default = \"deny\"\n[[rule]]\nverb = [\"exec\"]\nallow = true", "verb"),
        ("default = \"deny\"\n[[rule]]\nverbs = [\"exec\"]", "allow"),
        ("default = \"deny\"\n[[rule]]\nverbs = []\nallow = true", "rule 1: 'verbs' names nobody"),
        (
            "default = \"deny\"\n[[rule]]\nallow = false\nrate = { count = 1, per_s = 1 }",
            "rule 1: 'rate' bounds",
        ),
        (
            "default = \"deny\"\n[[rule]]\nallow = true\nrate = { count = 0, per_s = 1 }",
            "rule 1: 'rate' needs",
        ),
        ("default = \"deny\"\n[[rule]]\nallow = true\nargs = { \"argv.\" = \"a\" }", "rule 1: 'args'"),
    ] {
        let why = Policy::parse(text).unwrap_err();
        assert!(why.contains(words), "{why}");
    }
}

#[test]
fn a_file_is_read_anew_when_it_changes_and_refuses_all_when_it_is_broken_or_gone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("policy.toml");
    let exec = order("exec", "user:ada", json!({}));
    let write = |text: &str| {
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    };
    let optional = PolicyFile::new(path.clone(), false);
    let required = PolicyFile::new(path.clone(), true);
    let judge = |file: &PolicyFile| file.judge(&exec, Instant::now());
    assert_eq!(judge(&optional), Ok(()));
    assert!(judge(&required).unwrap_err().contains("obeys nobody"), "one that was named must be there");
    write("default = \"allow\"");
    assert_eq!((judge(&optional), judge(&required)), (Ok(()), Ok(())));
    write("default = \"deny\"");
    assert!(judge(&optional).is_err());
    write("default = allow");
    assert!(judge(&optional).unwrap_err().contains("policy.toml"), "one that is broken lets nothing through");
    write("default = \"allow\"");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o666)).unwrap();
    let why = judge(&optional).unwrap_err();
    assert!(why.contains("others can change") && why.contains("chmod go-w"), "{why}");
    fs::remove_file(&path).unwrap();
    assert!(judge(&required).is_err() && judge(&optional).is_err(), "one that goes is missed");
}

#[test]
fn the_example_can_be_used() {
    let example = include_str!("../../../config/policy.toml");
    let restart =
        |container: &str| judge(example, "docker.restart", "key:ci/shop", json!({ "container": container }));
    assert_eq!(restart("shop-web"), Ok(()));
    assert!(restart("postgres").is_err());
    assert!(judge(example, "docker.prune", "user:ada", json!({})).unwrap_err().contains("see the runbook"));
}
