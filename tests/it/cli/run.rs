//! `worpen run` and what follows a command, against a scripted server.

use http::Method;
use serde_json::{Value, json};

use super::{
    records::{COMMAND, command},
    stub::{Answer, Seen, Stub, Then, problem},
    terminal::{Ran, Terminal, ended},
};

pub(super) const PLAN: &str = "0198c0de-0000-7000-8000-00000000000d";

pub(super) fn execution(number: usize) -> String {
    format!("0198c0de-0000-7000-8000-0000000001{number:02}")
}

/// A command for so many nodes, all of which wait.
pub(super) fn given(nodes: usize) -> Value {
    let mut given = command("queued", None);
    given["verb"] = json!("exec");
    given["executions"] = (1..=nodes)
        .map(|number| {
            json!({
                "id": execution(number), "agent": execution(number), "node": format!("web-{number}"),
                "attempt": 1, "status": "queued", "started_at": null, "ended_at": null, "result": null,
                "error_message": null,
            })
        })
        .collect();
    given
}

pub(super) fn printed(number: usize, stream: &str, offset: usize, text: &str) -> Value {
    json!({
        "type": "output", "node": format!("web-{number}"), "execution": execution(number), "stream": stream,
        "offset": offset, "time": "2026-03-01T12:00:00Z", "text": text,
    })
}

pub(super) fn stands(number: usize, status: &str) -> Value {
    json!({
        "type": "status", "node": format!("web-{number}"), "execution": execution(number), "attempt": 1,
        "status": status,
    })
}

pub(super) fn exited(number: usize, code: i64) -> Value {
    let mut item = stands(number, if code == 0 { "succeeded" } else { "failed" });
    item["result"] = json!({ "exit_code": code });
    item
}

pub(super) fn over(status: &str) -> Value {
    json!({ "type": "ended", "status": status })
}

/// A server that takes a command for so many nodes and tells this of it.
pub(super) fn server(nodes: usize, items: Vec<Value>) -> Stub {
    Stub::new(move |seen| answer(seen, nodes, &items))
}

pub(super) fn answer(seen: &Seen, nodes: usize, items: &[Value]) -> Answer {
    match (&seen.method, seen.route().as_slice()) {
        (&Method::POST, ["commands"] | ["plans", _, "apply"]) => Answer::Json(202, given(nodes)),
        (_, ["commands", _, "output"]) => Answer::Lines(items.to_vec(), Then::End),
        (&Method::POST, ["plans"]) => Answer::Json(201, plan(nodes)),
        (_, ["commands", _]) => Answer::Json(200, given(nodes)),
        _ => problem(404, "no such thing"),
    }
}

fn plan(nodes: usize) -> Value {
    let targets: Vec<Value> = (1..=nodes)
        .map(|number| {
            json!({
                "agent": execution(number), "node": format!("web-{number}"), "status": "ONLINE",
                "batch": number, "container": null,
            })
        })
        .collect();
    json!({
        "id": PLAN, "request": { "verb": "exec", "args": { "argv": ["uname", "-a"] }, "all": true },
        "targets": targets, "actor": "user:admin", "created_at": "2026-03-01T12:00:00Z",
        "expires_at": "2026-03-01T13:00:00Z", "applied_at": null,
    })
}

pub(super) fn run(stub: &Stub, arguments: &[&str]) -> Ran {
    Terminal::of(stub).run(arguments)
}

pub(super) fn three() -> Stub {
    server(
        3,
        vec![
            stands(1, "started"),
            printed(1, "stdout", 0, "Linux we"),
            printed(2, "stdout", 0, "Linux web-2\n"),
            printed(2, "stderr", 12, "a warning\n"),
            printed(1, "stdout", 8, "b-1\nand no end"),
            exited(1, 0),
            exited(2, 0),
            printed(3, "stdout", 0, "one\n"),
            json!({ "type": "gap", "node": "web-3", "execution": execution(3), "offset": 4, "bytes": 1_234_567 }),
            printed(3, "stdout", 1_234_571, "two\n"),
            exited(3, 3),
            over("partial"),
        ],
    )
}

#[test]
fn each_line_stands_after_the_name_of_its_node_and_a_line_tells_the_end() {
    let ran = run(&three(), &["run", "--all", "--", "uname", "-n"]);
    assert_eq!(ran.code, 6);
    insta::assert_snapshot!(ran.out, @r"
    web-2 | Linux web-2
    web-1 | Linux web-1
    web-1 | and no end
    web-3 | one
    web-3 | two
    ");
    insta::assert_snapshot!(ran.err, @r"
    web-2 | a warning
    web-3: … 1,234,567 bytes not kept …
    2 succeeded, 1 failed (exit code 3: web-3)
    ");
}

#[test]
fn one_post_and_one_get_are_all_that_a_run_asks() {
    let stub = three();
    let asked = [
        "run",
        "--where",
        "site == \"eu\"",
        "--any",
        "2",
        "--priority",
        "high",
        "--timeout",
        "5m",
        "--retries",
        "2",
        "--if",
        "cpu < 50",
        "--batch",
        "10%",
        "--pause",
        "30",
        "--max-failures",
        "2",
        "--output-bytes",
        "1000",
        "--env",
        "A=b=c",
        "--folder",
        "/tmp",
        "--user",
        "www",
        "--",
        "ls",
        "--all",
        "-l",
    ];
    assert_eq!(run(&stub, &asked).code, 6);
    let seen = stub.seen();
    assert_eq!(seen.len(), 2);
    assert_eq!((seen[0].query("wait"), seen[0].key.is_some()), (Some("0"), true));
    assert_eq!(
        seen[0].body,
        json!({
            "verb": "exec", "where": "site == \"eu\"", "any": 2, "priority": "high", "timeout_s": 300,
            "max_retries": 2, "precondition": "cpu < 50", "output_bytes": 1000,
            "rollout": { "batch": "10%", "pause_s": 30, "max_failures": 2 },
            "args": { "argv": ["ls", "--all", "-l"], "env": { "A": "b=c" }, "folder": "/tmp", "user": "www" },
        })
    );
    assert_eq!(seen[1].route(), ["commands", COMMAND, "output"]);
}

#[test]
fn nobody_is_meant_until_somebody_says_who() {
    let stub = three();
    for (arguments, says) in [
        (&["run", "--", "uname"] as &[&str], "--all"),
        (&["run", "--on", "-", "--", "uname"], "--all"),
        (&["run", "--all"], "-- PROGRAM"),
        (&["run", "--all", "--on", "a", "--", "uname"], "cannot be used with"),
        (&["run", "--all", "--batch", "0", "--", "uname"], "1%"),
        (&["run", "--all", "--pause", "3", "--", "uname"], "--batch"),
        (&["run", "--all", "--secret-env", "A=b", "--", "uname"], "a name alone"),
        (&["run", "--all", "--env", "NOT_SET_ANYWHERE", "--", "uname"], "NOT_SET_ANYWHERE"),
        (&["run", "--on", "-", "--stdin", "--", "sh"], "stdin cannot be both"),
        (&["run", "--all", "--verb", "docker.pull", "--arg", "image"], "NAME=TEXT"),
        (&["exec", "web-1"], "-- PROGRAM"),
        (&["exec", "web-1/", "--", "ls"], "NODE/CONTAINER"),
    ] {
        let ran = run(&stub, arguments);
        assert_eq!((ran.code, ran.out.as_str()), (2, ""), "{arguments:?}");
        assert!(ran.err.contains(says), "{arguments:?}: {}", ran.err);
    }
    assert!(stub.seen().is_empty(), "the server was asked");
}

#[test]
fn verbs_take_arguments_as_text_and_json_and_secrets_by_name() {
    let stub = server(1, vec![exited(1, 0), over("succeeded")]);
    let terminal = Terminal::of(&stub);
    let mut command = terminal.command(&[
        "run",
        "--on",
        "web-1",
        "--verb",
        "create_panel_user",
        "--arg",
        "name=ada",
        "--arg",
        "admin:=true",
        "--args",
        "{\"quota\": 5}",
        "--secret-arg",
        "password",
        "--secret-env",
        "TOKEN_OF_IT",
    ]);
    let ran = ended(command.env("password", "s3cret").env("TOKEN_OF_IT", "t0ken").spawn().unwrap());
    assert_eq!((ran.code, ran.out.as_str(), ran.err.as_str()), (0, "", ""));
    assert_eq!(
        stub.seen()[0].body,
        json!({
            "verb": "create_panel_user", "agent_targets": ["web-1"],
            "args": {
                "name": "ada", "admin": true, "quota": 5, "password": "s3cret",
                "secret_env": { "TOKEN_OF_IT": "t0ken" },
            },
        })
    );
}

#[test]
fn stdin_goes_along_as_text_or_bytes_and_not_beyond_a_bound() {
    let stub = server(1, vec![exited(1, 0), over("succeeded")]);
    let terminal = Terminal::of(&stub);
    let arguments = ["run", "--on", "web-1", "--stdin", "--", "sh"];
    assert_eq!(terminal.run_with(&arguments, "echo hi\n").code, 0);
    assert_eq!(stub.seen()[0].body["args"]["stdin"], "echo hi\n");
    let mut child = terminal.command(&arguments).spawn().unwrap();
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), b"\xff\x00").unwrap();
    assert_eq!(ended(child).code, 0);
    assert_eq!(stub.seen()[2].body["args"]["stdin_base64"], "/wA=");
    let ran = terminal.run_with(&arguments, &"x".repeat(65_537));
    assert_eq!((ran.code, stub.seen().len()), (2, 4), "{}", ran.err);
}

#[test]
fn one_target_gives_its_bytes_as_they_are() {
    let bytes = json!({
        "type": "output", "node": "web-1", "execution": execution(1), "stream": "stderr", "offset": 3,
        "time": "2026-03-01T12:00:00Z", "base64": "/wA=",
    });
    let items = vec![printed(1, "stdout", 0, "abc"), bytes, exited(1, 42), over("failed")];
    let stub = server(1, items);
    let terminal = Terminal::of(&stub);
    let raw = |arguments: &[&str]| {
        let output = terminal.command(arguments).output().unwrap();
        (output.status.code(), output.stdout, output.stderr)
    };
    let (code, out, err) = raw(&["run", "-q", "--on", "web-1", "--", "x"]);
    assert_eq!((code, out, err), (Some(1), b"abc".to_vec(), b"\xff\0".to_vec()));
    assert_eq!(raw(&["run", "-q", "--on", "web-1", "--exit-code", "--", "x"]).0, Some(42));
    let (code, out, err) = raw(&["exec", "-q", "web-1", "--", "x"]);
    assert_eq!((code, out, err), (Some(42), b"abc".to_vec(), b"\xff\0".to_vec()));
    raw(&["exec", "web-1/nginx", "--user", "www", "--", "nginx", "-t"]);
    let last = stub.seen().into_iter().rfind(|seen| seen.method == Method::POST).unwrap();
    assert_eq!(
        last.body,
        json!({
            "verb": "docker.exec", "agent_targets": ["web-1"],
            "args": { "container": "nginx", "argv": ["nginx", "-t"], "user": "www" },
        })
    );
}

#[test]
fn equal_answers_are_folded() {
    let answers = ["new\n", "old\n", "new\n"];
    let items = answers.iter().zip(1..).flat_map(|(text, number)| {
        [printed(number, "stdout", 0, text), exited(number, i64::from(number == 2))]
    });
    let ran =
        run(&server(3, items.chain([over("partial")]).collect()), &["run", "--all", "--fold", "--", "x"]);
    assert_eq!(ran.code, 6);
    insta::assert_snapshot!(ran.out, @r"
    2 nodes: web-1 web-3
    new
    1 node: web-2 (exit code 1)
    old
    ");
}

#[test]
fn scripts_read_the_items_or_a_record_of_each_node() {
    let stub = three();
    let lines = run(&stub, &["run", "--all", "-o", "ndjson", "--", "x"]);
    let types: Vec<String> = lines
        .out
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap()["type"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!((types.len(), types.last().map(String::as_str)), (12, Some("ended")));
    let ran = run(&stub, &["run", "--all", "-o", "json", "--", "x"]);
    let records: Vec<Value> = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(records.len(), 3);
    assert_eq!(
        (&records[1]["stdout"], &records[1]["stderr"]),
        (&json!("Linux web-2\n"), &json!("a warning\n"))
    );
    assert_eq!((&records[2]["exit_code"], &records[2]["lost_bytes"]), (&json!(3), &json!(1_234_567)));
    assert_eq!(records[2]["status"], "failed");
    let failed = ["run", "--all", "--jq", ".[] | select(.exit_code != 0).node", "--", "x"];
    assert_eq!(run(&stub, &failed).out, "web-3\n");
    assert_eq!(run(&stub, &["run", "--all", "-o", "name", "--", "x"]).out, format!("{COMMAND}\n"));
    let one = server(1, vec![printed(1, "stdout", 0, "hi"), exited(1, 0), over("succeeded")]);
    let record: Value =
        serde_json::from_str(&run(&one, &["exec", "web-1", "-o", "json", "--", "x"]).out).unwrap();
    assert_eq!((&record["node"], &record["stdout"]), (&json!("web-1"), &json!("hi")));
}

#[test]
fn a_run_ends_as_its_nodes_did() {
    for (statuses, code) in [
        (&["succeeded", "succeeded"] as &[&str], 0),
        (&["succeeded", "failed"], 6),
        (&["succeeded", "expired"], 6),
        (&["failed", "failed"], 1),
        (&["failed", "refused"], 1),
        (&["failed"], 1),
        (&["unknown"], 1),
        (&["timed_out"], 7),
        (&["expired"], 7),
        (&["refused"], 9),
    ] {
        let items = statuses.iter().zip(1..).map(|(status, number)| stands(number, status));
        let stub = server(statuses.len(), items.chain([over("partial")]).collect());
        assert_eq!(run(&stub, &["run", "--all", "--", "x"]).code, code, "{statuses:?}");
    }
}
