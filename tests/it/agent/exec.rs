//! Programs on the node, run by signed orders.

use std::{fs, path::Path, time::Duration};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use jiff::Timestamp;
use serde_json::{Value, json};
use worpen::{
    id::{CommandId, ExecutionId},
    proto::{
        command::CommandStatus,
        link::{AgentFrame, Cancel, CommandResult, ServerFrame},
        output::LogStream,
    },
};

use super::fleet::{Agent, Fleet, Link, soon};

pub(super) async fn linked() -> (Fleet, Agent, Link) {
    let mut fleet = Fleet::start().await;
    let agent = fleet.agent().await;
    let link = fleet.link(0).await;
    (fleet, agent, link)
}

pub(super) fn script(text: &str) -> Value {
    json!({"argv": ["sh", "-c", text]})
}

/// Waits until a file has a whole line.
pub(super) async fn line(path: &Path) -> String {
    soon("a line", async {
        loop {
            match fs::read_to_string(path) {
                Ok(text) if text.ends_with('\n') => return text.trim().to_owned(),
                _ => tokio::time::sleep(Duration::from_millis(5)).await,
            }
        }
    })
    .await
}

pub(super) fn lives(pid: &str) -> bool {
    // A zombie was ended; whoever started it has not looked yet.
    fs::read_to_string(format!("/proc/{pid}/stat"))
        .is_ok_and(|stat| !stat.rsplit(')').next().unwrap_or_default().trim_start().starts_with('Z'))
}

pub(super) async fn gone(pid: &str) {
    soon("the end of a process", async {
        while lives(pid) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await;
}

pub(super) async fn started(link: &mut Link, execution: ExecutionId) -> CommandResult {
    link.find("the beginning", |frame| match frame {
        AgentFrame::CommandResult(result)
            if result.body.execution_id == Some(execution)
                && result.body.status == CommandStatus::Started =>
        {
            Some(result.body)
        }
        _ => None,
    })
    .await
}

#[tokio::test]
async fn a_node_without_an_engine_runs_programs() {
    let (fleet, _agent, mut link) = linked().await;
    assert_eq!(link.hello().capabilities, ["exec"]);
    let before = Timestamp::now();
    let (result, output) = link.run(&fleet.key, "exec", json!({"argv": ["echo", "a  b", "$HOME"]})).await;
    assert_eq!((result.status, result.result), (CommandStatus::Succeeded, Some(json!({"exit_code": 0}))));
    assert_eq!(String::from_utf8(output).unwrap(), "a  b $HOME\n", "no shell reads the words");
    let size = result.output.unwrap();
    assert_eq!((size.bytes, size.kept), (11, 11));
    assert!(
        result.started_at.unwrap() >= before - Duration::from_millis(1) && result.time >= result.started_at
    );
}

#[tokio::test]
async fn an_exit_code_or_a_signal_is_told() {
    let (fleet, _agent, mut link) = linked().await;
    let (result, output) = link.run(&fleet.key, "exec", script("echo out; echo err >&2; exit 3")).await;
    assert_eq!(
        (result.status, result.error_message.as_deref()),
        (CommandStatus::Failed, Some("exit code 3"))
    );
    assert_eq!((result.result, result.not_begun), (Some(json!({"exit_code": 3})), false));
    assert_eq!(output.len(), 8);
    let pieces = &link.printed[&result.execution_id.unwrap()];
    let of = |stream| {
        let bytes =
            pieces.iter().filter(|piece| piece.stream == stream).flat_map(|piece| piece.bytes.clone());
        String::from_utf8(bytes.collect()).unwrap()
    };
    assert_eq!((of(LogStream::Stdout), of(LogStream::Stderr)), ("out\n".into(), "err\n".into()));
    let (result, _) = link.run(&fleet.key, "exec", script("kill -9 $$")).await;
    assert_eq!((result.status, result.result), (CommandStatus::Failed, Some(json!({"signal": 9}))));
    assert_eq!(result.error_message.as_deref(), Some("ended by signal 9"));
    assert_eq!(result.output, None, "nothing was printed");
}

#[tokio::test]
async fn a_program_has_a_small_environment_a_folder_and_its_input() {
    let (fleet, _agent, mut link) = linked().await;
    let args = json!({"argv": ["sh", "-c", "env | grep -v '^_=' | sort; pwd; cat"], "env": {"NAME": "a b"},
        "secret_env": {"KEY": "hunter22"}, "folder": "/tmp", "stdin": "one\ntwo"});
    let (result, output) = link.run(&fleet.key, "exec", args).await;
    assert_eq!(result.status, CommandStatus::Succeeded);
    let text = String::from_utf8(output).unwrap();
    let names: Vec<&str> =
        text.lines().filter_map(|line| line.split_once('=')).map(|(name, _)| name).collect();
    assert_eq!(names, ["HOME", "KEY", "LANG", "NAME", "PATH", "PWD", "USER"], "{text}");
    assert!(text.contains("NAME=a b\n") && text.ends_with("/tmp\none\ntwo"), "{text}");
    assert!(text.contains("KEY=[redacted]\n") && !text.contains("hunter22"), "a secret is not shown");
    let bytes: Vec<u8> = (0..=255).cycle().take(200_000).collect();
    let args = json!({"argv": ["cat"], "stdin_base64": STANDARD.encode(&bytes[..40_000])});
    let (_, output) = link.run(&fleet.key, "exec", args).await;
    assert!(output == bytes[..40_000], "what is no text passes as it is");
}

#[tokio::test]
async fn a_secret_is_redacted_also_where_it_comes_in_parts() {
    let (fleet, _agent, mut link) = linked().await;
    let mut args = script("printf 'key: hun'; sleep 0.1; printf 'ter22, '; echo $KEY >&2");
    args["secret_env"] = json!({"KEY": "hunter22", "SHORT": "key"});
    let (result, output) = link.run(&fleet.key, "exec", args).await;
    assert_eq!(String::from_utf8(output).unwrap(), "key: [redacted], [redacted]\n");
    assert_eq!(result.output.unwrap().bytes, 28, "offsets count what is shown");
}

#[tokio::test]
async fn a_program_runs_as_the_user_that_is_named() {
    let (fleet, _agent, mut link) = linked().await;
    if !rustix::process::geteuid().is_root() {
        return crate::support::absent("root");
    }
    let mut args = script("id -u; id -g; id -G; echo $HOME $USER");
    args["user"] = json!("nobody");
    let (result, output) = link.run(&fleet.key, "exec", args).await;
    let text = String::from_utf8(output).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(result.status, CommandStatus::Succeeded, "{text}");
    assert_eq!((lines[0], lines[1], lines[2]), ("65534", "65534", "65534"), "no group of root's is left");
    assert!(lines[3].ends_with(" nobody"));
}

#[tokio::test]
async fn what_cannot_begin_says_so() {
    let (fleet, _agent, mut link) = linked().await;
    for (args, words) in [
        (json!({"argv": ["no-such-program"]}), "no program 'no-such-program'"),
        (json!({"argv": ["/etc/passwd"]}), "no program '/etc/passwd'"),
        (json!({"argv": ["id"], "folder": "/nowhere"}), "no folder '/nowhere'"),
        (json!({"argv": ["id"], "user": "no-such-user"}), "no user 'no-such-user'"),
    ] {
        let (result, _) = link.run(&fleet.key, "exec", args).await;
        assert_eq!((result.status, result.not_begun), (CommandStatus::Failed, true));
        assert!(result.error_message.as_ref().unwrap().contains(words), "{:?}", result.error_message);
    }
    let mut order = link.order("docker.ps", json!({}));
    order.is_question = false;
    link.send_order(&fleet.key, &order).await;
    let (result, _) = link.end(order.execution).await;
    assert_eq!((result.status, result.not_begun), (CommandStatus::Failed, true), "there is no engine here");
}

#[tokio::test]
async fn a_precondition_that_nobody_can_check_refuses() {
    let (fleet, _agent, mut link) = linked().await;
    let mut order = link.order("exec", json!({"argv": ["true"]}));
    order.precondition = Some("site == \"moon\"".into());
    link.send_order(&fleet.key, &order).await;
    let (result, _) = link.end(order.execution).await;
    assert_eq!(result.status, CommandStatus::Refused);
}

#[tokio::test]
async fn a_timeout_ends_everything_that_a_program_started() {
    let (fleet, _agent, mut link) = linked().await;
    let note = fleet.folder.path().join("pid");
    // The child ignores the signal that asks, in the same group; its parent does not.
    let text =
        format!("sh -c 'trap \"\" TERM; echo $$ > {0}; sleep 60; sleep 60' & sleep 60", note.display());
    let mut order = link.order("exec", script(&text));
    order.timeout_s = 1;
    link.send_order(&fleet.key, &order).await;
    let child = line(&note).await;
    assert!(lives(&child));
    let (result, _) = link.end(order.execution).await;
    assert_eq!((result.status, result.result), (CommandStatus::TimedOut, Some(json!({"signal": 15}))));
    assert!(result.error_message.unwrap().contains("longer than 1 s"));
    gone(&child).await;
}

#[tokio::test]
async fn a_cancel_ends_a_program_that_runs() {
    let (fleet, _agent, mut link) = linked().await;
    let note = fleet.folder.path().join("pid");
    let order = link.order("exec", script(&format!("echo $$ > {}; exec sleep 60", note.display())));
    link.send_order(&fleet.key, &order).await;
    let begun = started(&mut link, order.execution).await;
    let pid = line(&note).await;
    let cancel = Cancel { command_id: order.command, execution_id: Some(order.execution) };
    link.say(&ServerFrame::Cancel(cancel)).await;
    let (result, _) = link.end(order.execution).await;
    assert_eq!((result.status, result.not_begun), (CommandStatus::Cancelled, false));
    assert_eq!(result.started_at, begun.time);
    gone(&pid).await;
    link.say(&ServerFrame::Cancel(cancel)).await;
    assert_eq!(link.end(order.execution).await.0, result, "of one that ended, its end is told again");
}

#[tokio::test]
async fn what_was_cancelled_before_it_came_never_begins() {
    let (mut fleet, agent, mut link) = linked().await;
    let note = fleet.folder.path().join("pid");
    let mut order = link.order("exec", script(&format!("echo $$ > {}", note.display())));
    let cancel = Cancel { command_id: order.command, execution_id: Some(order.execution) };
    link.say(&ServerFrame::Cancel(cancel)).await;
    let (first, _) = link.end(order.execution).await;
    assert_eq!((first.status, first.not_begun), (CommandStatus::Cancelled, true));
    link.send_order(&fleet.key, &order).await;
    assert_eq!(link.end(order.execution).await.0, first);
    agent.stop().await.unwrap();
    drop(link);
    let _agent = fleet.agent().await;
    let mut link = fleet.link(1_000).await;
    (order.epoch, order.sequence) = (link.epoch, 1);
    link.send_order(&fleet.key, &order).await;
    assert_eq!(link.end(order.execution).await.0, first, "nor after a restart");
    assert!(!note.exists());
    let other = Cancel { command_id: CommandId::generate(), execution_id: None };
    link.say(&ServerFrame::Cancel(other)).await;
    let (result, _) = link.run_as(2, &fleet.key, "exec", script("exit 0")).await;
    assert_eq!(result.status, CommandStatus::Succeeded, "a cancel of another command stops nothing");
}

#[tokio::test]
async fn what_is_slow_is_told_to_have_started_and_what_is_fast_is_not() {
    let (fleet, _agent, mut link) = linked().await;
    let slow = link.order("exec", script("sleep 0.3"));
    let fast = link.order("exec", json!({"argv": ["true"]}));
    link.send_order(&fleet.key, &slow).await;
    link.send_order(&fleet.key, &fast).await;
    let (mut told, mut ended) = (Vec::new(), 0);
    while ended < 2 {
        if let AgentFrame::CommandResult(result) = link.frame().await {
            told.push((result.body.execution_id.unwrap(), result.body.status));
            ended += usize::from(result.body.status != CommandStatus::Started);
        }
    }
    assert!(told.contains(&(slow.execution, CommandStatus::Started)));
    assert_eq!(told.last(), Some(&(slow.execution, CommandStatus::Succeeded)));
    assert!(told.contains(&(fast.execution, CommandStatus::Succeeded)));
}

#[tokio::test]
async fn an_act_that_the_agent_did_not_survive_is_unknown_and_never_runs_again() {
    let (mut fleet, agent, mut link) = linked().await;
    let note = fleet.folder.path().join("runs");
    let mut order = link.order("exec", script(&format!("echo run >> {}; sleep 60", note.display())));
    link.send_order(&fleet.key, &order).await;
    let begun = started(&mut link, order.execution).await;
    line(&note).await;
    agent.kill(fleet.folder.path()).await;
    drop(link);
    let _agent = fleet.agent().await;
    let mut link = fleet.link(0).await;
    let (result, _) = link.end(order.execution).await;
    assert_eq!((result.status, result.started_at), (CommandStatus::Unknown, begun.time));
    (order.epoch, order.sequence, order.has_begun) = (link.epoch, 1, true);
    link.send_order(&fleet.key, &order).await;
    assert_eq!(link.end(order.execution).await.0.status, CommandStatus::Unknown);
    assert_eq!(fs::read_to_string(&note).unwrap(), "run\n");
}

#[tokio::test]
async fn an_act_that_began_elsewhere_in_time_is_not_begun_again() {
    let (fleet, _agent, mut link) = linked().await;
    let mut order = link.order("exec", script("exit 0"));
    order.has_begun = true;
    link.send_order(&fleet.key, &order).await;
    let (result, _) = link.end(order.execution).await;
    assert_eq!((result.status, result.not_begun), (CommandStatus::Unknown, false));
    assert!(result.error_message.unwrap().contains("knows nothing of an execution that began here"));
}

#[tokio::test]
async fn orders_beyond_what_may_run_wait_for_their_turn() {
    let mut fleet = Fleet::start().await;
    let mut config = fleet.config();
    config.max_running = 2;
    let _agent = fleet.agent_with(config).await;
    let mut link = fleet.link(0).await;
    let note = fleet.folder.path().join("order");
    let text = |name: usize| format!("echo {name} >> {}; sleep 0.1", note.display());
    let orders: Vec<_> = (0..6).map(|name| link.order("exec", script(&text(name)))).collect();
    for order in &orders {
        link.send_order(&fleet.key, order).await;
    }
    let stopped = Cancel { command_id: orders[4].command, execution_id: None };
    link.say(&ServerFrame::Cancel(stopped)).await;
    let mut ends = Vec::new();
    while ends.len() < 6 {
        if let AgentFrame::CommandResult(result) = link.frame().await
            && result.body.status != CommandStatus::Started
        {
            ends.push((result.body.execution_id.unwrap(), result.body.status, result.body.not_begun));
        }
    }
    assert_eq!(ends[0], (orders[4].execution, CommandStatus::Cancelled, true), "it is told at once");
    assert!(ends[1..].iter().all(|(_, status, _)| *status == CommandStatus::Succeeded));
    let began = fs::read_to_string(&note).unwrap();
    assert_eq!(began.lines().filter(|name| *name == "4").count(), 0);
    assert_eq!(began.lines().last(), Some("5"), "in the order in which they came: {began:?}");
}

#[tokio::test]
async fn a_look_runs_again_when_it_is_asked_for_again() {
    if !super::docker::is_here() {
        return;
    }
    let mut fleet = Fleet::start().await;
    let mut config = fleet.config();
    config.docker = super::docker::socket();
    let _agent = fleet.agent_with(config).await;
    let mut link = fleet.link(0).await;
    let mut order = link.order("docker.ps", json!({}));
    link.send_order(&fleet.key, &order).await;
    let (first, _) = link.end(order.execution).await;
    order.sequence = link.order("docker.ps", json!({})).sequence;
    order.has_begun = true;
    link.send_order(&fleet.key, &order).await;
    let (second, _) = link.end(order.execution).await;
    assert_eq!(second.status, CommandStatus::Succeeded);
    assert!(second.started_at > first.started_at);
}

#[tokio::test]
async fn what_a_program_leaves_behind_does_not_hold_its_end() {
    let (fleet, _agent, mut link) = linked().await;
    let note = fleet.folder.path().join("pid");
    let text = format!("sh -c 'echo $$ > {}; exec sleep 60' & echo done", note.display());
    let (result, output) = link.run(&fleet.key, "exec", script(&text)).await;
    assert_eq!(result.status, CommandStatus::Succeeded);
    assert_eq!(result.result, Some(json!({"exit_code": 0, "output_held": true})));
    assert_eq!(output, b"done\n");
    let pid = line(&note).await;
    assert!(lives(&pid), "what was left to run runs");
    std::process::Command::new("kill").arg(&pid).status().unwrap();
}

#[tokio::test]
async fn a_node_that_is_busy_says_so() {
    let mut fleet = Fleet::start().await;
    let mut config = fleet.config();
    config.max_running = 1;
    let _agent = fleet.agent_with(config).await;
    let mut link = fleet.link(0).await;
    let runs = link.order("exec", json!({"argv": ["sleep", "60"]}));
    link.send_order(&fleet.key, &runs).await;
    for _ in 0..1024 {
        let waits = link.order("exec", json!({"argv": ["true"]}));
        link.send_order(&fleet.key, &waits).await;
        link.find("its receipt", |frame| matches!(frame, AgentFrame::Ack(_)).then_some(())).await;
    }
    let (result, _) = link.run(&fleet.key, "exec", json!({"argv": ["true"]})).await;
    assert_eq!((result.status, result.not_begun), (CommandStatus::Failed, true));
    assert!(result.error_message.unwrap().contains("busy"));
}

#[tokio::test]
async fn many_orders_at_once_each_run_once() {
    let (fleet, _agent, mut link) = linked().await;
    let note = fleet.folder.path().join("runs");
    let text = format!("echo run >> {}", note.display());
    let orders: Vec<_> = (0..300).map(|_| link.order("exec", script(&text))).collect();
    let begun = std::time::Instant::now();
    for order in &orders {
        link.send_order(&fleet.key, order).await;
    }
    let mut ends = std::collections::HashMap::new();
    while ends.len() < orders.len() {
        if let AgentFrame::CommandResult(result) = link.frame().await
            && result.body.status != CommandStatus::Started
        {
            link.acknowledge(result.sequence.unwrap()).await;
            ends.insert(result.body.execution_id.unwrap(), result.body.status);
        }
    }
    eprintln!("{} programs in {:.0?}", orders.len(), begun.elapsed());
    assert!(orders.iter().all(|order| ends[&order.execution] == CommandStatus::Succeeded));
    assert_eq!(fs::read_to_string(&note).unwrap().lines().count(), orders.len());
}

#[tokio::test]
async fn one_program_after_the_other_takes_milliseconds() {
    let (fleet, _agent, mut link) = linked().await;
    let mut took = Vec::new();
    for _ in 0..50 {
        let begun = std::time::Instant::now();
        let (result, output) = link.run(&fleet.key, "exec", json!({"argv": ["echo", "a"]})).await;
        assert_eq!((result.status, &*output), (CommandStatus::Succeeded, &b"a\n"[..]));
        took.push(begun.elapsed());
    }
    took.sort();
    eprintln!("a program, its output and its end: {:.1?} in the middle, {:.1?} at most", took[25], took[49]);
    assert!(took[25] < Duration::from_millis(500), "{:?}", took[25]);
}
