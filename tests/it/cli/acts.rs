//! Acts on containers: several at once, waited for, interrupted.

use std::{
    process::Command,
    sync::atomic::{AtomicBool, Ordering},
};

use http::Method;
use serde_json::{Value, json};

use super::{
    records::{COMMAND, agent, command, container, page},
    stub::{Answer, Seen, Stub, problem},
    terminal::{Terminal, ended},
};

/// Answers by the target's name.
fn by_name(seen: &Seen) -> Answer {
    match seen.route()[1] {
        "gone" => problem(404, "there is no container 'gone'"),
        "busy" => Answer::Json(200, command("failed", Some("device or resource busy"))),
        "guarded" => Answer::Json(200, command("refused", Some("the node's policy forbids it"))),
        _ => Answer::Json(200, command("succeeded", None)),
    }
}

#[test]
fn a_name_with_its_node_reaches_the_server_whole() {
    let stub = Stub::new(by_name);
    let ran = Terminal::of(&stub).run(&["containers", "stop", "web-1/nginx", "--timeout-s", "5"]);
    assert_eq!((ran.code, ran.out.as_str()), (0, "web-1/nginx: stopped on web-1\n"));
    let seen = &stub.seen()[0];
    assert_eq!(seen.path, ["api", "v1", "containers", "web-1/nginx", "stop"]);
    assert_eq!((seen.query("wait"), &seen.body), (Some("0"), &json!({ "timeout_s": 5 })));
}

#[test]
fn several_targets_are_told_apart_and_end_together() {
    let stub = Stub::new(by_name);
    let terminal = Terminal::of(&stub);
    let ran = terminal.run(&["containers", "restart", "nginx", "gone", "busy", "--yes"]);
    assert_eq!(ran.code, 6);
    insta::assert_snapshot!(
        format!("{}{}", ran.out, ran.err),
        @r"
    nginx: restarted on web-1
    busy: restart failed on web-1: device or resource busy
    error: gone: there is no container 'gone'
    restarted 1 of 3
    "
    );
    assert_eq!(terminal.run(&["containers", "stop", "gone", "gone", "--yes"]).code, 3, "all failed alike");
    assert_eq!(terminal.run(&["containers", "stop", "guarded"]).code, 9);
    assert_eq!(
        terminal.run(&["containers", "stop", "gone", "guarded", "--yes"]).code,
        1,
        "all failed, each its way"
    );
}

#[test]
fn names_can_come_from_a_pipe() {
    let stub = Stub::new(by_name);
    let ran = Terminal::of(&stub).run_with(&["containers", "start", "-"], "web-1/a\n\nweb-1/b\n");
    assert_eq!(ran.out, "web-1/a: started on web-1\nweb-1/b: started on web-1\n");
}

#[test]
fn json_of_one_act_is_an_object_and_of_several_an_array() {
    let stub = Stub::new(by_name);
    let terminal = Terminal::of(&stub);
    let json = |arguments: &[&str]| -> Value {
        serde_json::from_str(&terminal.run(&[arguments, &["-o", "json"]].concat()).out).unwrap()
    };
    assert_eq!(json(&["containers", "stop", "a"])["id"], COMMAND);
    assert_eq!(json(&["containers", "stop", "a", "b", "--yes"]).as_array().unwrap().len(), 2);
    assert_eq!(json(&["containers", "stop", "a", "gone", "--yes"]).as_array().unwrap().len(), 1);
    assert_eq!(terminal.run(&["containers", "stop", "a", "-o", "name"]).out, format!("{COMMAND}\n"));
}

#[test]
fn a_command_is_followed_to_its_end() {
    let given = AtomicBool::new(false);
    let stub = Stub::new(move |_| {
        let status = if given.swap(true, Ordering::SeqCst) { "succeeded" } else { "queued" };
        Answer::Json(202, command(status, None))
    });
    let ran = Terminal::of(&stub).run(&["containers", "stop", "nginx"]);
    assert_eq!((ran.code, ran.out.as_str(), ran.err.as_str()), (0, "nginx: stopped on web-1\n", ""));
    let asked = &stub.seen()[1];
    assert_eq!((&asked.method, asked.route()), (&Method::GET, vec!["commands", COMMAND]));
    assert_eq!(asked.query("wait"), Some("30"));
}

#[test]
fn nobody_waits_with_wait_0() {
    let stub = Stub::always(202, command("queued", None));
    let ran = Terminal::of(&stub).run(&["containers", "stop", "nginx", "--wait", "0"]);
    assert_eq!((ran.code, stub.seen().len()), (0, 1));
    assert_eq!(
        ran.out,
        format!("nginx: stop is queued on web-1; look with: worpen commands get {COMMAND}\n")
    );
}

#[test]
fn a_wait_that_is_too_short_is_7() {
    let stub = Stub::always(202, command("started", None));
    let terminal = Terminal::of(&stub);
    let ran = terminal.run(&["containers", "stop", "nginx", "--wait", "1"]);
    assert_eq!(ran.code, 7);
    assert!(ran.out.contains(COMMAND) && ran.err.is_empty(), "{}{}", ran.out, ran.err);
    assert_eq!(terminal.run(&["commands", "get", COMMAND]).code, 0, "to look is not to wait");
    assert_eq!(terminal.run(&["commands", "get", COMMAND, "--wait", "1"]).code, 7);
}

#[cfg(unix)]
#[test]
fn an_interrupted_wait_says_that_the_command_goes_on() {
    let stub = Stub::always(202, command("started", None));
    let terminal = Terminal::of(&stub);
    let child = terminal.command(&["containers", "stop", "nginx", "--wait", "600"]).spawn().unwrap();
    stub.wait_for(|seen| seen.method == Method::GET);
    let interrupted = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(interrupted.success());
    let ran = ended(child);
    assert_eq!((ran.code, ran.out.as_str()), (130, ""));
    assert_eq!(ran.err, format!("the command goes on; look with: worpen commands get {COMMAND}\n"));
}

#[test]
fn a_bad_expression_is_a_usage_error_in_the_servers_words() {
    let words = "/where: unknown name 'cpus' at 1:1; known: cpu; did you mean 'cpu'?";
    let stub = Stub::new(move |_| problem(400, words));
    let terminal = Terminal::of(&stub);
    for noun in ["agents", "containers"] {
        let ran = terminal.run(&[noun, "ls", "--where", "cpus > 1"]);
        assert_eq!((ran.code, ran.out.as_str()), (2, ""));
        assert!(ran.err.contains("did you mean 'cpu'?"), "{}", ran.err);
    }
}

#[test]
fn maintenance_begins_and_ends_by_name() {
    let stub = Stub::new(|seen| {
        let status = seen.body["status"].as_str().unwrap();
        Answer::Json(200, agent("web-1", status))
    });
    let terminal = Terminal::of(&stub);
    let ran = terminal.run(&["agents", "maintenance", "web-1", "on", "--reason", "a new disk"]);
    assert_eq!((ran.code, ran.out.as_str()), (0, "web-1: maintenance\n"));
    assert_eq!(terminal.run(&["agents", "maintenance", "web-1", "off"]).out, "web-1: online\n");
    let seen = stub.seen();
    assert_eq!((&seen[0].method, seen[0].route()), (&Method::PUT, vec!["agents", "web-1", "status"]));
    assert_eq!(seen[0].body, json!({ "status": "MAINTENANCE", "reason": "a new disk" }));
    assert_eq!(seen[1].body, json!({ "status": "ONLINE" }));
    assert_eq!(terminal.run(&["agents", "maintenance", "web-1", "perhaps"]).code, 2);
}

#[test]
fn sync_says_who_could_not_be_asked() {
    let stub = Stub::new(|seen| match &seen.body["target"] {
        Value::String(_) => Answer::Json(200, json!({ "asked": 2, "not_linked": [] })),
        _ => Answer::Json(200, json!({ "asked": 1, "not_linked": ["db-1"] })),
    });
    let terminal = Terminal::of(&stub);
    let all = terminal.run(&["agents", "sync", "--all"]);
    assert_eq!((all.code, all.out.as_str(), all.err.as_str()), (0, "asked 2\n", ""));
    let two = terminal.run(&["agents", "sync", "web-1", "db-1"]);
    assert_eq!((two.code, two.out.as_str()), (6, "asked 1\n"));
    assert!(two.err.contains("db-1"), "{}", two.err);
    assert_eq!(stub.seen()[1].body, json!({ "target": ["web-1", "db-1"] }));
    assert_eq!(terminal.run(&["agents", "sync"]).code, 2, "nobody is meant");
}

#[test]
fn several_need_somebody_who_is_sure() {
    let stub = Stub::new(by_name);
    let terminal = Terminal::of(&stub);
    for arguments in [
        &["containers", "stop", "a", "b"] as &[&str],
        &["containers", "restart", "a", "b"],
        &["containers", "stop", "--where", "image.contains(\"nginx\")"],
        &["containers", "rm", "--where", "state == \"exited\""],
        &["agents", "rm", "a", "b"],
        &["images", "prune"],
    ] {
        let ran = terminal.run(arguments);
        assert_eq!((ran.code, ran.out.as_str()), (2, ""), "{arguments:?}");
        assert!(ran.err.contains("without being sure") && ran.err.contains("--yes"), "{}", ran.err);
    }
    let piped = terminal.run_with(&["containers", "stop", "-"], "a\nb\n");
    assert_eq!(piped.code, 2, "{}", piped.err);
    assert!(stub.seen().is_empty(), "the server was asked");
    assert_eq!(terminal.run(&["containers", "start", "a", "b"]).code, 0, "what starts interrupts nothing");
}

#[test]
fn an_expression_chooses_the_containers() {
    let stub = Stub::new(|seen| match (&seen.method, seen.query("where")) {
        (&Method::GET, Some("image == \"nginx:1.29\"")) => Answer::Json(
            200,
            page(&[container("web-1", "a", "running"), container("db-1", "b", "exited")], None),
        ),
        (&Method::GET, _) => Answer::Json(200, page(&[], None)),
        _ => Answer::Json(200, command("succeeded", None)),
    });
    let terminal = Terminal::of(&stub);
    let ran = terminal.run(&["containers", "restart", "--where", "image == \"nginx:1.29\"", "--yes"]);
    assert_eq!(ran.out, "web-1/a: restarted on web-1\ndb-1/b: restarted on web-1\n");
    assert_eq!((ran.code, ran.err.as_str()), (0, "restarted 2 of 2\n"));
    let none = terminal.run(&["containers", "restart", "--where", "false", "--yes"]);
    assert_eq!((none.code, none.err.as_str()), (0, "nothing to restart\n"));
    let both = terminal.run(&["containers", "restart", "a", "--where", "true", "--yes"]);
    assert_eq!(both.code, 2, "names or an expression");
}

#[test]
fn a_time_for_the_node_goes_with_the_general_command() {
    let stub = Stub::new(|seen| match seen.method {
        Method::GET => Answer::Json(200, container("web-1", "nginx", "running")),
        _ => Answer::Json(200, command("succeeded", None)),
    });
    let ran =
        Terminal::of(&stub).run(&["containers", "stop", "web-1/nginx", "--timeout", "2m", "--grace", "5"]);
    assert_eq!((ran.code, ran.out.as_str()), (0, "web-1/nginx: stopped on web-1\n"));
    let seen = &stub.seen()[1];
    assert_eq!((seen.route(), seen.body["timeout_s"].as_u64()), (vec!["commands"], Some(120)));
    assert_eq!(seen.body["args"]["timeout_s"], 5);
    assert_eq!(seen.body["args"]["container"].as_str().unwrap().len(), 60);
}
