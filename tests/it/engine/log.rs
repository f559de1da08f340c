//! A container's log over HTTP.

use std::{fs, time::Duration};

use serde_json::{Value, json};
use worpen::proto::{container::LogLine, problem::Problem, user::Role};

use super::Whole;
use crate::{
    agent::docker::{self, Container, docker},
    harness::{http, until},
};

fn objects(text: &str) -> Vec<Value> {
    text.lines().filter(|line| !line.is_empty()).map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Waits until a container has ended.
async fn ended(container: &Container) {
    until("the container ends", || container.state().as_deref() == Some("exited")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_is_what_the_container_wrote() {
    if !docker::is_here() {
        return;
    }
    let whole = Whole::start().await;
    let script = "echo one; sleep 1; echo two >&2; sleep 1; printf 'bad \\377 byte\\n'; printf 'no end'";
    let container = Container::run(script);
    whole.knows(&container.id).await;
    ended(&container).await;
    let path = format!("/api/v1/containers/{}/logs", container.id);

    let answer = whole.get(&path).await;
    assert_eq!(answer.status().as_u16(), 200);
    assert_eq!(answer.headers()["content-type"], "text/plain; charset=utf-8");
    assert_eq!(answer.text().await.unwrap(), "one\ntwo\nbad \u{fffd} byte\nno end\n");

    let answer = whole.get_objects(&path).await;
    assert_eq!(answer.headers()["content-type"], "application/x-ndjson");
    let text = answer.text().await.unwrap();
    let lines: Vec<LogLine> =
        objects(&text).into_iter().map(|line| serde_json::from_value(line).unwrap()).collect();
    let told: Vec<(Value, &str)> =
        lines.iter().map(|line| (json!(line.stream), line.line.as_str())).collect();
    assert_eq!(
        told,
        [
            (json!("stdout"), "one"),
            (json!("stderr"), "two"),
            (json!("stdout"), "bad \u{fffd} byte"),
            (json!("stdout"), "no end")
        ]
    );
    let engine = docker(&["logs", "-t", &container.id]);
    let shown = whole.get(&format!("{path}?timestamps=true&tail=3")).await.text().await.unwrap();
    let first_of_engine = engine.lines().find(|line| line.contains("bad")).unwrap();
    assert_eq!(shown.lines().nth(1).unwrap().split(' ').next(), first_of_engine.split(' ').next());

    let between = format!("{path}?since={}&until={}", lines[1].time, lines[1].time);
    assert_eq!(whole.get(&between).await.text().await.unwrap(), "two\n");
    assert_eq!(whole.get(&format!("{path}?tail=1")).await.text().await.unwrap(), "no end\n");
    assert_eq!(whole.get(&format!("{path}?tail=0")).await.text().await.unwrap(), "");

    let audited = whole.server.app.records.audit(0, 1000).await.unwrap();
    let read: Vec<_> = audited.iter().filter(|chained| chained.entry.action == "docker.logs").collect();
    assert_eq!(read.len(), 6, "who read which log is written down");
    assert!(read.iter().all(|chained| chained.entry.resource.starts_with("container/web-1/")));
    whole.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_line_comes_in_one_piece_with_and_without_a_terminal() {
    if !docker::is_here() {
        return;
    }
    let whole = Whole::start().await;
    let script = "x=0123456789abcdef; x=$x$x$x$x; x=$x$x$x$x; x=$x$x$x$x; x=$x$x$x$x; x=$x$x$x$x; x=$x$x$x; echo start$x; echo next";
    let plain = Container::run(script);
    let arguments = ["run", "-d", "-t", "--label", "worpen.test=1", docker::IMAGE, "/bin/sh", "-c", script];
    let terminal = Container { id: docker(&arguments) };
    for container in [&plain, &terminal] {
        whole.knows(&container.id).await;
        ended(container).await;
        let text =
            whole.get(&format!("/api/v1/containers/{}/logs", container.id)).await.text().await.unwrap();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!((lines.len(), lines[0].len(), lines[1]), (2, 5 + 3 * 4096 * 4, "next"));
        let body = &lines[0][5..];
        assert!(
            body.as_bytes().chunks(16).all(|chunk| chunk == b"0123456789abcdef"),
            "nothing stands in between"
        );
    }
    whole.end().await;
}

/// How many files of a container's log the engine has open.
fn open_logs(id: &str) -> usize {
    let name = format!("{id}-json.log");
    let engine = fs::read_dir("/proc").unwrap().filter_map(Result::ok).find(|process| {
        fs::read_to_string(process.path().join("comm")).is_ok_and(|comm| comm.trim() == "dockerd")
    });
    let files = fs::read_dir(engine.unwrap().path().join("fd")).unwrap().filter_map(Result::ok);
    files
        .filter_map(|file| fs::read_link(file.path()).ok())
        .filter(|target| target.file_name().is_some_and(|file| file.to_string_lossy() == name))
        .count()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_followed_log_ends_at_the_engine_when_its_reader_goes() {
    if !docker::is_here() {
        return;
    }
    let whole = Whole::start().await;
    let container = Container::run("echo ready; while true; do sleep 1; done");
    whole.knows(&container.id).await;
    let before = open_logs(&container.id);
    let mut answer = whole.get(&format!("/api/v1/containers/{}/logs?follow=true", container.id)).await;
    assert_eq!(answer.chunk().await.unwrap().unwrap().as_ref(), b"ready\n");
    until("the engine reads the log", || open_logs(&container.id) > before).await;
    drop(answer);
    until("the engine let go of the log", || open_logs(&container.id) == before).await;
    whole.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_that_stalls_stops_the_container_s_log_and_nothing_else() {
    if !docker::is_here() {
        return;
    }
    let whole = Whole::start().await;
    let loud = Container::run("x=0123456789; x=$x$x$x$x$x$x$x$x$x$x; while true; do echo $x; done");
    let other = Container::obedient();
    whole.knows(&loud.id).await;
    whole.knows(&other.id).await;
    let mut stalled = whole.get(&format!("/api/v1/containers/{}/logs?follow=true", loud.id)).await;
    assert!(stalled.chunk().await.unwrap().is_some());
    // Far more is written meanwhile than any window holds; orders and results travel all the same.
    let written = || docker(&["logs", "--tail", "1", &loud.id]).len();
    assert!(written() > 0);
    for verb in ["stop", "start"] {
        let path = format!("/api/v1/containers/{}/{verb}", other.id);
        let (status, command) = whole.post(&path, &json!({})).await;
        assert_eq!((status, command["status"].as_str()), (200, Some("succeeded")), "{command}");
    }
    let mut read = 0;
    while read < 4 * 1024 * 1024 {
        read += stalled.chunk().await.unwrap().unwrap().len();
    }
    drop(stalled);
    docker(&["kill", &loud.id]);
    whole.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_told_is_refused_in_words() {
    if !docker::is_here() {
        return;
    }
    let whole = Whole::start().await;
    let silent =
        ["run", "-d", "--log-driver", "none", "--label", "worpen.test=1", docker::IMAGE, "/bin/sleep", "60"];
    let silent = Container { id: docker(&silent) };
    whole.knows(&silent.id).await;
    let path = format!("/api/v1/containers/{}/logs", silent.id);
    let problem: Problem = whole.get(&path).await.json().await.unwrap();
    assert_eq!((problem.status, problem.code.as_str()), (409, "engine_refused"), "{problem:?}");
    assert!(
        problem.detail.contains("does not support reading"),
        "the engine's own words: {}",
        problem.detail
    );
    let backwards = format!("{path}?since=2026-05-12T10:00:00Z&until=2026-05-12T09:00:00Z");
    let problem: Problem = whole.get(&backwards).await.json().await.unwrap();
    assert_eq!((problem.status, problem.errors[0].pointer.as_str()), (400, "/until"));
    let problem: Problem = whole.get("/api/v1/containers/nothing/logs").await.json().await.unwrap();
    assert_eq!(problem.status, 404);

    let Whole { server, token, stop, agent, .. } = whole;
    stop.cancel();
    agent.await.unwrap().unwrap();
    until("the server noticed", || {
        server
            .app
            .fleet
            .read()
            .agents()
            .all(|agent| agent.status != worpen::proto::agent::AgentStatus::Online)
    })
    .await;
    let answer = http().get(server.at(&path)).bearer_auth(&token).send().await.unwrap();
    let problem: Problem = answer.json().await.unwrap();
    assert_eq!((problem.status, problem.code.as_str()), (503, "node_not_linked"));
    assert!(problem.detail.contains("node web-1 is not linked"), "{}", problem.detail);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_ends_in_words_when_its_key_is_revoked_or_the_server_stops() {
    if !docker::is_here() {
        return;
    }
    let whole = Whole::start().await;
    let container = Container::run("echo ready; while true; do sleep 1; done");
    whole.knows(&container.id).await;
    let viewer = whole.server.token(Role::Viewer).await;
    let issue = http().post(whole.server.at("/api/v1/auth/keys")).bearer_auth(&viewer);
    let issued: Value = issue.json(&json!({ "name": "reader" })).send().await.unwrap().json().await.unwrap();
    let path = format!("/api/v1/containers/{}/logs?follow=true", container.id);
    let read = http().get(whole.server.at(&path)).bearer_auth(issued["secret"].as_str().unwrap());
    let mut objects_of_key = read.header("accept", "application/x-ndjson").send().await.unwrap();
    assert!(objects_of_key.chunk().await.unwrap().is_some());
    let mut text = whole.get(&path).await;
    assert!(text.chunk().await.unwrap().is_some());

    let key = format!("/api/v1/auth/keys/{}", issued["key"]["id"].as_str().unwrap());
    let revoked = http().delete(whole.server.at(&key)).bearer_auth(&viewer).send().await.unwrap();
    assert_eq!(revoked.status().as_u16(), 200);
    let last = tokio::time::timeout(Duration::from_secs(20), objects_of_key.text()).await.unwrap().unwrap();
    assert_eq!(objects(&last).last().unwrap()["error"]["code"], "not_allowed");

    let objects_of_token = whole.get_objects(&path).await;
    let Whole { server, stop, agent, .. } = whole;
    server.app.shutdown.cancel();
    let last = tokio::time::timeout(Duration::from_secs(20), objects_of_token.text()).await.unwrap().unwrap();
    assert_eq!(objects(&last).last().unwrap()["error"]["code"], "server_stopping");
    let broken = tokio::time::timeout(Duration::from_secs(20), async {
        while text.chunk().await?.is_some() {}
        Ok::<_, reqwest::Error>(())
    });
    assert!(broken.await.unwrap().is_err(), "nobody takes a text that broke off for a whole one");
    stop.cancel();
    agent.await.unwrap().unwrap();
    server.stop().await;
}
