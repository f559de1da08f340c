//! The engine of commands: aimed, queued, tried again, stopped, taken in parts, and what they print.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};
use worpen::{
    core::{
        output::{Body, Frame},
        port::links::Links,
    },
    proto::{
        command::{CommandStatus, OutputSize},
        container::ContainerState::Running,
        envelope::CommandOrder,
        link::{AgentFrame, CommandResult, Sequenced, ServerFrame},
        output::{LogStream, Piece},
        user::Role,
    },
};

use super::{get, post, post_as, story};
use crate::{
    harness::{TestServer, http, until},
    node::{TestLink, TestNode},
};

/// Nodes called `web-1`, `web-2` ... that announce `exec` and their links.
async fn nodes(server: &TestServer, count: usize) -> Vec<(TestNode, TestLink)> {
    let mut nodes = Vec::new();
    for number in 1..=count {
        let mut node = TestNode::joined(server, &format!("web-{number}")).await;
        node.verbs = vec!["exec".into(), "docker.stop".into()];
        let link = node.link().await;
        nodes.push((node, link));
    }
    nodes
}

/// How an execution stands, told as the `sequence`th frame.
fn said(order: &CommandOrder, sequence: u64, status: CommandStatus) -> AgentFrame {
    with(order, sequence, status, |_| {})
}

fn with(
    order: &CommandOrder,
    sequence: u64,
    status: CommandStatus,
    change: impl FnOnce(&mut CommandResult),
) -> AgentFrame {
    let mut body = CommandResult {
        command_id: order.command,
        execution_id: Some(order.execution),
        status,
        result: None,
        error_message: None,
        time: None,
        started_at: None,
        not_begun: false,
        output: None,
    };
    change(&mut body);
    AgentFrame::CommandResult(Sequenced { sequence: Some(sequence), body })
}

fn exec(more: &Value) -> Value {
    let mut body = json!({ "verb": "exec", "args": { "argv": ["true"] } });
    for (name, value) in more.as_object().unwrap() {
        body[name] = value.clone();
    }
    body
}

async fn give(server: &TestServer, more: &Value) -> Value {
    let (status, command) = post(server, "/api/v1/commands?wait=0", &exec(more), None).await;
    assert_eq!(status, 202, "{command}");
    command
}

fn path(command: &Value, rest: &str) -> String {
    format!("/api/v1/commands/{}{rest}", command["id"].as_str().unwrap())
}

/// The next CANCEL.
async fn cancelled(link: &mut TestLink) -> worpen::proto::link::Cancel {
    loop {
        if let ServerFrame::Cancel(cancel) = link.next().await {
            return cancel;
        }
    }
}

#[tokio::test]
async fn targets_are_named_selected_or_all_and_never_nobody() {
    let server = TestServer::start().await;
    let _nodes = nodes(&server, 3).await;
    let mut other = TestNode::joined(&server, "db-1").await;
    other.verbs = vec!["backup".into()];
    let _link = other.link().await;
    let targets = |command: &Value| -> Vec<String> {
        let executions = command["executions"].as_array().unwrap();
        executions.iter().map(|one| one["node"].as_str().unwrap().to_owned()).collect()
    };
    let all = give(&server, &json!({ "all": true })).await;
    assert_eq!(targets(&all), ["web-1", "web-2", "web-3"], "whoever announced the verb");
    let some = give(&server, &json!({ "where": "name == \"web-2\" || name == \"web-3\"" })).await;
    assert_eq!(targets(&some), ["web-2", "web-3"]);
    // web-1 has the least to do.
    let any = give(&server, &json!({ "where": "name != \"db-1\"", "any": 1 })).await;
    assert_eq!(targets(&any), ["web-1"]);
    for (body, pointer) in [
        (exec(&json!({})), "/agent_targets"),
        (exec(&json!({ "where": " " })), "/where"),
        (exec(&json!({ "where": "name == \"nobody\"" })), "/where"),
        (exec(&json!({ "where": "nmae == 1" })), "/where"),
        (exec(&json!({ "where": "true", "all": true })), "/agent_targets"),
        (exec(&json!({ "all": true, "precondition": "cpuu > 3" })), "/precondition"),
        (exec(&json!({ "all": true, "expires_at": "2020-01-01T00:00:00Z" })), "/expires_at"),
        (
            exec(&json!({ "all": true, "rollout": { "batch": 1, "max_failures": 0 } })),
            "/rollout/max_failures",
        ),
        (json!({ "verb": "exec", "args": { "argv": [] }, "all": true }), "/args/argv"),
        (json!({ "verb": "exec", "args": { "argv": ["a"], "shell": true }, "all": true }), "/args/shell"),
    ] {
        let (status, problem) = post(&server, "/api/v1/commands", &body, None).await;
        assert_eq!(
            (status, problem["errors"][0]["pointer"].as_str()),
            (400, Some(pointer)),
            "{body}: {problem}"
        );
    }
    let (status, problem) = post(&server, "/api/v1/commands", &exec(&json!({ "where": "true" })), None).await;
    assert_eq!(
        (status, problem["code"].as_str()),
        (409, Some("verb_not_announced")),
        "db-1 does not know it"
    );
    server.stop().await;
}

#[tokio::test]
async fn what_is_urgent_overtakes_what_waits() {
    let server = TestServer::start().await;
    let mut node = TestNode::joined(&server, "web-1").await;
    node.verbs = vec!["exec".into()];
    drop(node.link().await);
    let mut given = Vec::new();
    for priority in ["low", "normal", "critical", "high"] {
        given.push(give(&server, &json!({ "all": true, "priority": priority, "timeout_s": 600 })).await);
    }
    let mut link = node.link().await;
    let mut order = Vec::new();
    for _ in 0..4 {
        order.push(json!(link.order().await.command));
    }
    assert_eq!(order, [2, 3, 1, 0].map(|place: usize| given[place]["id"].clone()));
    server.stop().await;
}

#[tokio::test]
async fn a_failure_is_tried_again_where_that_is_harmless_and_only_as_often_as_was_said() {
    let server = TestServer::start().await;
    let mut nodes = nodes(&server, 1).await;
    let link = &mut nodes[0].1;
    link.say(&TestNode::inventory(1, &[("aaa", Running)])).await;
    link.acknowledged(1).await;
    let stop =
        json!({ "verb": "docker.stop", "args": { "container": "aaa" }, "all": true, "max_retries": 1 });
    let (_, command) = post(&server, "/api/v1/commands?wait=0", &stop, None).await;
    let first = link.order().await;
    link.say(&said(&first, 2, CommandStatus::Failed)).await;
    let second = link.order().await;
    assert_eq!(first.command, second.command);
    assert_ne!(first.execution, second.execution);
    link.say(&said(&second, 3, CommandStatus::Failed)).await;
    link.acknowledged(3).await;
    let (_, ended) = get(&server, &path(&command, "?wait=20")).await;
    assert_eq!(
        (ended["status"].as_str(), ended["executions"].as_array().unwrap().len()),
        (Some("failed"), 2)
    );
    // What acts is not done twice, unless nothing had begun.
    let acts = give(&server, &json!({ "all": true, "max_retries": 3 })).await;
    let order = link.order().await;
    link.say(&with(&order, 4, CommandStatus::Failed, |result| result.not_begun = true)).await;
    let again = link.order().await;
    link.say(&said(&again, 5, CommandStatus::Failed)).await;
    link.acknowledged(5).await;
    let (_, ended) = get(&server, &path(&acts, "?wait=20")).await;
    assert_eq!(
        (ended["status"].as_str(), ended["executions"].as_array().unwrap().len()),
        (Some("failed"), 2)
    );
    assert_eq!(story(&server, "command.retried").await.len(), 2);
    // By hand it can always be given again.
    let (status, retried) = post(&server, &path(&acts, "/retry?wait=0"), &json!({}), None).await;
    assert_eq!((status, retried["verb"].as_str()), (202, Some("exec")), "{retried}");
    assert_ne!(retried["id"], acts["id"]);
    server.stop().await;
}

#[tokio::test]
async fn what_no_node_has_is_stopped_at_once_and_what_one_has_by_the_node() {
    let server = TestServer::start().await;
    let mut nodes = nodes(&server, 2).await;
    let (away, mut here) = (nodes.pop().unwrap(), nodes.pop().unwrap());
    drop(away.1);
    until("web-2 is away", || !server.app.hub.is_linked(away.0.joined.id)).await;
    let command = give(&server, &json!({ "all": true, "timeout_s": 600 })).await;
    let order = here.1.order().await;
    here.1.say(&said(&order, 1, CommandStatus::Started)).await;
    here.1.acknowledged(1).await;
    let (status, stopping) = post(&server, &path(&command, "/cancel?wait=0"), &json!({}), None).await;
    assert_eq!(status, 202, "{stopping}");
    let stands = |node: &str, command: &Value| {
        let executions = command["executions"].as_array().unwrap();
        executions.iter().find(|one| one["node"] == node).unwrap()["status"].as_str().unwrap().to_owned()
    };
    assert_eq!(
        (stands("web-1", &stopping), stands("web-2", &stopping)),
        ("started".into(), "cancelled".into())
    );
    let cancel = cancelled(&mut here.1).await;
    assert_eq!((cancel.command_id, cancel.execution_id), (order.command, Some(order.execution)));
    here.1.say(&said(&order, 2, CommandStatus::Cancelled)).await;
    here.1.acknowledged(2).await;
    let (_, stopped) = get(&server, &path(&command, "?wait=20")).await;
    assert_eq!(stopped["status"], "cancelled");
    // Whoever comes back is told nothing of it.
    let (mut node, _) = (away.0, ());
    let mut link = node.link().await;
    let later = give(&server, &json!({ "agent_targets": ["web-2"] })).await;
    assert_eq!(json!(link.order().await.command), later["id"]);
    server.stop().await;
}

#[tokio::test]
async fn a_node_that_may_have_what_is_stopped_is_told_when_it_comes_back() {
    let server = TestServer::start().await;
    let mut nodes = nodes(&server, 1).await;
    let (mut node, mut link) = nodes.pop().unwrap();
    let command = give(&server, &json!({ "all": true, "timeout_s": 600 })).await;
    let order = link.order().await;
    drop(link);
    until("it is away", || !server.app.hub.is_linked(node.joined.id)).await;
    let (_, stopping) = post(&server, &path(&command, "/cancel?wait=0"), &json!({}), None).await;
    let waits_for = stopping["executions"][0]["waits_for"].as_str().unwrap();
    assert!(waits_for.contains("may have it"), "{waits_for}");
    let mut link = node.link().await;
    let cancel = cancelled(&mut link).await;
    assert_eq!(cancel.execution_id, Some(order.execution));
    link.say(&said(&order, 1, CommandStatus::Succeeded)).await;
    link.acknowledged(1).await;
    let (_, ended) = get(&server, &path(&command, "?wait=20")).await;
    assert_eq!(
        ended["status"], "succeeded",
        "it had ended before it could be stopped, and that is what is told"
    );
    server.stop().await;
}

#[tokio::test]
async fn what_began_before_a_link_is_asked_after_on_the_next() {
    let server = TestServer::start().await;
    let mut nodes = nodes(&server, 1).await;
    let (mut node, mut link) = nodes.pop().unwrap();
    give(&server, &json!({ "all": true, "timeout_s": 600 })).await;
    let order = link.order().await;
    link.say(&said(&order, 1, CommandStatus::Started)).await;
    link.acknowledged(1).await;
    drop(link);
    let mut link = node.link().await;
    let again = link.order().await;
    assert_eq!((again.execution, again.has_begun, order.has_begun), (order.execution, true, false));
    server.stop().await;
}

#[tokio::test]
async fn a_rollout_goes_on_part_by_part_and_stops_itself_after_two_failures() {
    let server = TestServer::start().await;
    let mut nodes = nodes(&server, 6).await;
    let rollout = json!({ "batch": 2, "pause_s": 0, "max_failures": 2 });
    let command = give(&server, &json!({ "all": true, "rollout": rollout, "timeout_s": 600 })).await;
    assert!(command["executions"][2]["waits_for"].as_str().unwrap().contains("part 2"), "{command}");
    let orders = [nodes[0].1.order().await, nodes[1].1.order().await];
    nodes[0].1.say(&said(&orders[0], 1, CommandStatus::Succeeded)).await;
    nodes[0].1.acknowledged(1).await;
    let (_, meanwhile) = get(&server, &path(&command, "")).await;
    assert_eq!(meanwhile["executions"][2]["expires_at"], Value::Null, "its time has not begun");
    nodes[1].1.say(&said(&orders[1], 1, CommandStatus::Failed)).await;
    let orders = [nodes[2].1.order().await, nodes[3].1.order().await];
    nodes[2].1.say(&said(&orders[0], 1, CommandStatus::Failed)).await;
    nodes[2].1.acknowledged(1).await;
    nodes[3].1.say(&said(&orders[1], 1, CommandStatus::Succeeded)).await;
    let (_, ended) = get(&server, &path(&command, "?wait=20")).await;
    let stands: Vec<_> = ended["executions"].as_array().unwrap().iter().map(|one| &one["status"]).collect();
    assert_eq!(stands, ["succeeded", "failed", "failed", "succeeded", "cancelled", "cancelled"], "{ended}");
    let why = ended["executions"][5]["error_message"].as_str().unwrap();
    assert!(why.contains("stopped after 2 failures"), "{why}");
    let told = story(&server, "rollout.ended").await;
    assert_eq!(
        (told[0]["data"]["stopped"].as_bool(), told[0]["data"]["failures"].as_u64()),
        (Some(true), Some(2))
    );
    server.stop().await;
}

#[tokio::test]
async fn what_is_set_for_later_is_not_sent_before() {
    let server = TestServer::start().await;
    let mut nodes = nodes(&server, 1).await;
    let at = Timestamp::now() + Duration::from_millis(1500);
    let command = give(&server, &json!({ "all": true, "scheduled_at": at })).await;
    assert!(command["executions"][0]["waits_for"].as_str().unwrap().starts_with("its time"), "{command}");
    nodes[0].1.order().await;
    assert!(Timestamp::now() >= at);
    server.stop().await;
}

/// A piece of an execution's output.
fn piece(order: &CommandOrder, offset: u64, stream: LogStream, bytes: &[u8]) -> Vec<u8> {
    let piece = Piece { stream, offset, time: Timestamp::now(), bytes: bytes.to_vec() };
    Frame { execution: order.execution, body: Body::Printed(piece) }.encode().0
}

async fn kept(link: &mut TestLink) -> u64 {
    loop {
        if let ServerFrame::Kept(kept) = link.next().await {
            return kept.offset;
        }
    }
}

async fn lines(server: &TestServer, path: &str) -> Vec<Value> {
    let request = http().get(server.at(path)).bearer_auth(server.admin().await);
    let text = request.send().await.unwrap().text().await.unwrap();
    text.lines().filter(|line| !line.is_empty()).map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[tokio::test]
async fn what_is_printed_is_kept_before_it_is_acknowledged_and_told_with_its_holes() {
    let server = TestServer::start().await;
    let mut nodes = nodes(&server, 1).await;
    let link = &mut nodes[0].1;
    let command = give(&server, &json!({ "all": true, "output_bytes": 8 })).await;
    let order = link.order().await;
    assert_eq!(order.output_bytes, 8);
    let output = path(&command, "/output");
    let (told, ()) = tokio::join!(lines(&server, &output), async {
        link.say_bytes(piece(&order, 0, LogStream::Stdout, b"one\n")).await;
        assert_eq!(kept(link).await, 4);
        link.say_bytes(piece(&order, 4, LogStream::Stderr, b"two\xff")).await;
        assert_eq!(kept(link).await, 8);
        // The same again changes nothing; the end of a long output comes with a hole before it.
        link.say_bytes(piece(&order, 4, LogStream::Stderr, b"two\xff")).await;
        link.say_bytes(piece(&order, 1008, LogStream::Stdout, b"end\n")).await;
        while kept(link).await != 1012 {}
        let end = with(&order, 1, CommandStatus::Succeeded, |result| {
            result.result = Some(json!({ "exit_code": 0 }));
            result.started_at = Some(Timestamp::now());
            result.output = Some(OutputSize { bytes: 1012, kept: 12 });
        });
        link.say(&end).await;
        link.acknowledged(1).await;
    });
    let of = |kind: &str| told.iter().filter(|item| item["type"] == kind).collect::<Vec<_>>();
    let printed = of("output");
    assert_eq!((printed[0]["text"].as_str(), printed[0]["stream"].as_str()), (Some("one\n"), Some("stdout")));
    assert_eq!(
        (printed[1]["base64"].as_str(), printed[1]["stream"].as_str()),
        (Some("dHdv/w=="), Some("stderr"))
    );
    assert_eq!(printed[2]["text"], "end\n");
    assert_eq!(printed.len(), 3, "{told:?}");
    assert_eq!((of("gap")[0]["offset"].as_u64(), of("gap")[0]["bytes"].as_u64()), (Some(8), Some(1000)));
    let last = of("status").pop().unwrap();
    assert_eq!((last["status"].as_str(), last["result"]["exit_code"].as_u64()), (Some("succeeded"), Some(0)));
    assert_eq!(told.last().unwrap(), &json!({ "type": "ended", "status": "succeeded" }));
    // Whoever comes later reads the same, and from the middle of a piece.
    let again = lines(&server, &output).await;
    assert_eq!(again.iter().filter(|item| item["type"] == "output").count(), 3);
    let rest = lines(&server, &format!("{output}?from=2")).await;
    assert_eq!(rest.iter().find(|item| item["type"] == "output").unwrap()["text"], "e\n");
    let (_, ended) = get(&server, &path(&command, "")).await;
    assert_eq!(ended["executions"][0]["output"], json!({ "bytes": 1012, "kept": 12 }));
    assert!(ended["executions"][0]["started_at"].is_string(), "told by its end alone: {ended}");
    server.stop().await;
}

#[tokio::test]
async fn a_reader_of_much_output_is_told_no_more_once_its_key_is_revoked() {
    const PIECE: usize = 64 * 1024;
    const PIECES: u64 = 400;
    let server = TestServer::start().await;
    let mut nodes = nodes(&server, 1).await;
    let link = &mut nodes[0].1;
    let command = give(&server, &json!({ "all": true, "output_bytes": PIECE as u64 * PIECES })).await;
    let order = link.order().await;
    for number in 0..PIECES {
        let offset = number * PIECE as u64;
        link.say_bytes(piece(&order, offset, LogStream::Stdout, &[b'a'; PIECE])).await;
        while kept(link).await < offset + PIECE as u64 {}
    }
    let token = server.token(Role::Viewer).await;
    let (_, issued) = post_as(&server, &token, "/api/v1/auth/keys", &json!({ "name": "k" }), None).await;
    let reading =
        http().get(server.at(&path(&command, "/output"))).bearer_auth(issued["secret"].as_str().unwrap());
    let mut answer = reading.send().await.unwrap();
    answer.chunk().await.unwrap().expect("it begins");
    let key = format!("/api/v1/auth/keys/{}", issued["key"]["id"].as_str().unwrap());
    http().delete(server.at(&key)).bearer_auth(server.admin().await).send().await.unwrap();
    // What lay in buffers comes; then the stream breaks, where it went on for as long as there was something to read.
    let mut read = 0;
    let broken = loop {
        match answer.chunk().await {
            Ok(Some(bytes)) => read += bytes.len() as u64,
            Ok(None) => break false,
            Err(_) => break true,
        }
    };
    assert!(broken && read < PIECE as u64 * PIECES, "{broken} {read}");
    server.stop().await;
}

#[tokio::test]
async fn output_of_another_nodes_execution_and_more_than_was_allowed_is_not_kept() {
    let server = TestServer::start().await;
    let mut nodes = nodes(&server, 2).await;
    let command = give(&server, &json!({ "agent_targets": ["web-1"], "output_bytes": 0 })).await;
    let order = nodes[0].1.order().await;
    nodes[1].1.say_bytes(piece(&order, 0, LogStream::Stdout, b"forged")).await;
    assert!(matches!(nodes[1].1.next().await, ServerFrame::Error(_)), "it is not its execution");
    let big = vec![b'x'; 60_000];
    for place in 0..3 {
        nodes[0].1.say_bytes(piece(&order, place * 60_000, LogStream::Stdout, &big)).await;
    }
    while kept(&mut nodes[0].1).await != 180_000 {}
    nodes[0].1.say(&said(&order, 1, CommandStatus::Succeeded)).await;
    nodes[0].1.acknowledged(1).await;
    let told = lines(&server, &path(&command, "/output")).await;
    let bytes: usize = told.iter().filter_map(|item| item["text"].as_str()).map(str::len).sum();
    assert_eq!(bytes, 60_000, "no more than the bound and the end of an output");
    server.stop().await;
}
