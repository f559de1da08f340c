//! What follows a command: broken links, Ctrl-C, and coming back.

use std::{
    process::Command,
    sync::atomic::{AtomicUsize, Ordering::SeqCst},
};

use http::Method;
use serde_json::json;

use super::{
    records::COMMAND,
    run::{PLAN, answer, exited, given, over, printed, run, server, stands, three},
    stub::{Answer, Stub, Then, problem},
    terminal::{TOKEN, Terminal, ended},
};
use crate::tui::pty;

#[test]
fn nothing_is_repeated_or_left_out_across_a_broken_link() {
    let links = AtomicUsize::new(0);
    let stub = Stub::new(move |seen| match seen.route().as_slice() {
        ["commands", _, "output"] => match (links.fetch_add(1, SeqCst), seen.query("from")) {
            (0, None) => {
                Answer::Lines(vec![stands(1, "started"), printed(1, "stdout", 0, "one\ntw")], Then::Break)
            }
            (1, Some("6")) => problem(503, "starting"),
            (2, Some("6")) => Answer::Lines(
                vec![stands(1, "started"), printed(1, "stdout", 4, "two\n"), exited(1, 0), over("succeeded")],
                Then::End,
            ),
            other => panic!("{other:?}"),
        },
        _ => answer(seen, 1, &[]),
    });
    let ran = run(&stub, &["run", "--on", "web-1", "--", "x"]);
    assert_eq!((ran.code, ran.out.as_str()), (0, "one\ntwo\n"), "{}", ran.err);
    assert!(ran.err.contains("the command goes on; trying again"), "{}", ran.err);
    assert!(ran.err.contains("linked again"), "{}", ran.err);
}

#[test]
fn a_command_can_be_left_and_come_back_to() {
    let stub = three();
    let left = run(&stub, &["run", "--all", "--detach", "--", "x"]);
    assert_eq!((left.code, left.out), (0, format!("{COMMAND}\n")));
    assert!(
        left.err.contains(&format!("given to 3 nodes; see it with: worpen attach {COMMAND}")),
        "{}",
        left.err
    );
    assert_eq!(stub.seen().len(), 1);
    let one = server(3, vec![printed(1, "stdout", 6, "b-1\nand no end"), exited(1, 0), over("succeeded")]);
    let back = run(&one, &["attach", COMMAND, "--node", "web-1", "--from", "8"]);
    assert_eq!((back.code, back.out.as_str()), (0, "1\nand no end"), "{}", back.err);
    let asked = one.seen().pop().unwrap();
    assert_eq!((asked.query("agent"), asked.query("from")), (Some("web-1"), Some("8")));
}

#[test]
fn output_that_is_only_looked_at_does_not_wait() {
    let stub = server(1, vec![stands(1, "started"), printed(1, "stdout", 0, "so far")]);
    let ran = run(&stub, &["commands", "output", COMMAND]);
    assert_eq!((ran.code, ran.out.as_str(), ran.err.as_str()), (0, "so far", ""));
    assert_eq!(stub.seen().pop().unwrap().query("follow"), Some("false"));
}

#[test]
fn an_interrupt_leaves_the_command_going_and_says_how_to_come_back() {
    let items = vec![stands(1, "started"), printed(1, "stdout", 0, "begun\n")];
    let stub = Stub::new(move |seen| match seen.route().as_slice() {
        ["commands", _, "output"] => Answer::Lines(items.clone(), Then::Silence),
        _ => answer(seen, 1, &[]),
    });
    let terminal = Terminal::of(&stub);
    let mut child = terminal.command(&["run", "--on", "web-1", "--", "sleep", "60"]).spawn().unwrap();
    let mut first = [0; 6];
    std::io::Read::read_exact(child.stdout.as_mut().unwrap(), &mut first).unwrap();
    assert_eq!(&first, b"begun\n");
    let interrupted = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(interrupted.success());
    let ran = ended(child);
    assert_eq!(ran.code, 130);
    assert_eq!(ran.err, format!("still running; worpen attach {COMMAND} --from 6\n"));
}

/// A run in a terminal, of which the command goes on until it is stopped.
fn in_terminal(stub: &Stub, home: &tempfile::TempDir, arguments: &[&str]) -> pty::Terminal {
    pty::Terminal::open((100, 24), arguments, |command| {
        command.env("WORPEN_CONFIG_DIR", home.path());
        command.env("WORPEN_SERVER", stub.url());
        command.env("WORPEN_TOKEN", TOKEN);
    })
}

fn endless(nodes: usize) -> Stub {
    let items = vec![
        stands(1, "started"),
        printed(1, "stdout", 0, "begun\u{1b}]0;mine\u{7}\n"),
        stands(2, "started"),
    ];
    Stub::new(move |seen| match seen.route().as_slice() {
        ["commands", _, "output"] => Answer::Lines(items.clone(), Then::Silence),
        ["commands", _, "cancel"] => {
            let mut stopped = given(nodes);
            stopped["status"] = json!("cancelled");
            Answer::Json(200, stopped)
        }
        _ => answer(seen, nodes, &[]),
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ctrl_c_once_leaves_and_twice_stops() {
    let (stub, home) = (endless(2), tempfile::tempdir().unwrap());
    let mut once = in_terminal(&stub, &home, &["run", "--all", "--yes", "--", "sleep", "60"]);
    once.shows("2 running").await;
    assert!(!once.text().contains("\u{1b}"));
    once.shows("web-1 | begun").await;
    once.press("\x03");
    once.shows(&format!("still running; worpen attach {COMMAND}")).await;
    assert_eq!(once.ended().await.exit_code(), 130);
    assert!(!stub.seen().iter().any(|seen| seen.route().last() == Some(&"cancel")));
    let mut twice = in_terminal(&stub, &home, &["attach", COMMAND]);
    twice.shows("2 running").await;
    twice.press("\x03");
    twice.shows("once more").await;
    twice.press("\x03");
    twice.shows("the command was cancelled").await;
    assert_eq!(twice.ended().await.exit_code(), 130);
    assert!(stub.seen().iter().any(|seen| seen.route().last() == Some(&"cancel")));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn somebody_at_a_terminal_is_asked_before_several_nodes_are_hit() {
    let (stub, home) = (three(), tempfile::tempdir().unwrap());
    let mut no = in_terminal(&stub, &home, &["run", "--all", "--", "uname", "-a"]);
    no.shows("run uname -a on 3 nodes: web-1, web-2, web-3. Type 3 to go on:").await;
    no.press("2\r");
    assert_eq!(no.ended().await.exit_code(), 1);
    assert!(stub.seen().iter().all(|seen| seen.route() == ["plans"]));
    let mut yes = in_terminal(&stub, &home, &["run", "--all", "--", "uname", "-a"]);
    yes.shows("Type 3 to go on:").await;
    yes.press("3\r");
    yes.shows("2 succeeded, 1 failed").await;
    assert_eq!(yes.ended().await.exit_code(), 6);
    assert!(
        stub.seen().iter().any(|seen| seen.route() == ["plans", PLAN, "apply"]),
        "what was agreed to is given"
    );
}

#[test]
fn a_reader_that_goes_away_ends_a_run_quietly() {
    let many = (0..2_000).map(|at| printed(1, "stdout", at * 6, "line!\n"));
    let stub = server(1, many.chain([exited(1, 0), over("succeeded")]).collect());
    let terminal = Terminal::of(&stub);
    let mut child = terminal.command(&["run", "--on", "web-1", "--", "yes"]).spawn().unwrap();
    drop(child.stdout.take());
    let ran = ended(child);
    assert_eq!(ran.code, 0);
    assert!(!ran.err.contains("error"), "{}", ran.err);
}

#[test]
fn what_is_waited_for_is_said_when_nothing_goes_on() {
    let calls = AtomicUsize::new(0);
    let stub = Stub::new(move |seen| match (&seen.method, seen.route().as_slice()) {
        (_, ["commands", _, "output"]) if calls.fetch_add(1, SeqCst) == 0 => {
            Answer::Lines(vec![stands(1, "queued")], Then::Silence)
        }
        (&Method::GET, ["commands", _]) => {
            let mut waits = given(1);
            waits["executions"][0]["waits_for"] = json!("its node, which is not linked");
            Answer::Json(200, waits)
        }
        _ => answer(seen, 1, &[]),
    });
    let terminal = Terminal::of(&stub);
    let child = terminal.command(&["run", "--on", "web-1", "--", "x"]).spawn().unwrap();
    stub.wait_for(|seen| seen.method == Method::GET && seen.route().len() == 2);
    // What was asked for is told before the next thing is heard.
    std::thread::sleep(std::time::Duration::from_millis(200));
    Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    let ran = ended(child);
    assert!(ran.err.starts_with("web-1 waits for its node, which is not linked\n"), "{}", ran.err);
}
