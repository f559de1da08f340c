//! Programs in containers, and containers that are made, on a real engine.

use serde_json::{Value, json};
use worpen::proto::{
    command::CommandStatus,
    event::EventKind,
    link::{Cancel, ServerFrame},
};

use super::{
    docker::{self, Container, IMAGE, docker},
    exec::{gone, started},
    fleet::{Agent, Fleet, Link},
};

/// A server and an agent on the real engine; `None` without one.
async fn linked() -> Option<(Fleet, Agent, Link)> {
    if !docker::is_here() {
        return None;
    }
    let mut fleet = Fleet::start().await;
    let mut config = fleet.config();
    config.docker = docker::socket();
    let agent = fleet.agent_with(config).await;
    let link = fleet.link(0).await;
    Some((fleet, agent, link))
}

/// Removes what a test had made.
struct Made(String);

impl Drop for Made {
    fn drop(&mut self) {
        let _output = std::process::Command::new("docker").args(["rm", "-f", &self.0]).output();
    }
}

fn name(what: &str) -> String {
    format!("worpen-test-{what}-{}", std::process::id())
}

#[tokio::test]
async fn a_program_runs_in_a_container_with_its_input() {
    let Some((fleet, _agent, mut link)) = linked().await else { return };
    let container = Container::obedient();
    let args = json!({"container": container.id, "argv": ["/bin/sh", "-c", "read line; echo got $line $NAME $KEY; read x || echo over; echo bad >&2; exit 4"],
        "env": {"NAME": "a b"}, "secret_env": {"KEY": "hunter22"}, "stdin": "word\n"});
    let (result, output) = link.run(&fleet.key, "docker.exec", args).await;
    assert_eq!((result.status, result.result), (CommandStatus::Failed, Some(json!({"exit_code": 4}))));
    let text = String::from_utf8(output).unwrap();
    // The engine brings two streams, whose order among each other is its own.
    for line in ["got word a b [redacted]", "over", "bad"] {
        assert!(text.lines().any(|it| it == line), "{text:?}");
    }
    let args =
        json!({"container": container.id, "argv": ["/bin/busybox", "pwd"], "folder": "/bin", "user": "0"});
    let (result, output) = link.run(&fleet.key, "docker.exec", args).await;
    assert_eq!((result.status, &*output), (CommandStatus::Succeeded, &b"/bin\n"[..]));
    let args = json!({"container": "no-such-container", "argv": ["true"]});
    let (result, _) = link.run(&fleet.key, "docker.exec", args).await;
    assert_eq!((result.status, result.not_begun), (CommandStatus::Failed, true));
    assert!(result.error_message.unwrap().contains("No such container"));
    let (result, _) =
        link.run(&fleet.key, "docker.exec", json!({"container": container.id, "argv": ["/no-such"]})).await;
    assert_eq!(result.status, CommandStatus::Failed, "{result:?}");
}

#[tokio::test]
async fn a_program_in_a_container_is_ended_by_a_timeout_or_a_cancel() {
    let Some((fleet, _agent, mut link)) = linked().await else { return };
    let container = Container::obedient();
    for is_cancelled in [false, true] {
        let mut order = link.order(
            "docker.exec",
            json!({"container": container.id, "argv": ["/bin/sh", "-c", "echo here; exec sleep 1234"]}),
        );
        if !is_cancelled {
            order.timeout_s = 1;
        }
        link.send_order(&fleet.key, &order).await;
        started(&mut link, order.execution).await;
        while link.output(order.execution) != b"here\n" {
            link.frame().await;
        }
        let top = docker(&["top", &container.id, "-eo", "pid,args"]);
        let pid =
            top.lines().find(|line| line.contains("sleep 1234")).unwrap().split_whitespace().next().unwrap();
        if is_cancelled {
            link.say(&ServerFrame::Cancel(Cancel { command_id: order.command, execution_id: None })).await;
        }
        let (result, _) = link.end(order.execution).await;
        let status = if is_cancelled { CommandStatus::Cancelled } else { CommandStatus::TimedOut };
        assert_eq!(result.status, status);
        assert!(result.error_message.as_ref().unwrap().ends_with("the program was ended"), "{result:?}");
        gone(pid).await;
    }
    assert_eq!(container.state().as_deref(), Some("running"), "only the program was ended");
}

#[tokio::test]
async fn a_container_is_made_and_started() {
    let Some((fleet, _agent, mut link)) = linked().await else { return };
    let made = Made(name("made"));
    let args = json!({"image": IMAGE, "name": made.0, "argv": ["/bin/sh", "-c", "sleep 60"], "env": {"A": "b"},
        "labels": {"worpen.test": "1"}, "ports": ["127.0.0.1:0:80"], "volumes": ["/tmp:/data:ro"],
        "restart": "unless-stopped", "network": "none"});
    let refused = link.run(&fleet.key, "docker.run", args.clone()).await.0;
    assert_eq!(refused.status, CommandStatus::Refused, "a port is from 1 on");
    let mut args = args;
    args["ports"] = json!([]);
    let order = link.order("docker.run", args.clone());
    link.send_order(&fleet.key, &order).await;
    let (result, events) = link.end(order.execution).await;
    assert_eq!(result.status, CommandStatus::Succeeded, "{result:?}");
    let given = result.result.unwrap();
    assert_eq!(given["name"], made.0.as_str());
    let shown = docker(&[
        "inspect",
        "-f",
        "{{.Id}} {{.State.Status}} {{.HostConfig.RestartPolicy.Name}} {{.HostConfig.NetworkMode}} {{.HostConfig.Binds}}",
        &made.0,
    ]);
    assert_eq!(
        shown,
        format!("{} running unless-stopped none [/tmp:/data:ro]", given["id"].as_str().unwrap())
    );
    let caused: Vec<EventKind> = events
        .iter()
        .filter(|event| event.execution == Some(order.execution))
        .map(|event| event.kind)
        .collect();
    assert!(caused.contains(&EventKind::ContainerStarted), "what happens is told with its cause: {caused:?}");
    let (again, _) = link.run(&fleet.key, "docker.run", args).await;
    assert_eq!((again.status, again.not_begun), (CommandStatus::Failed, true), "the name is taken");
    let (missing, _) = link.run(&fleet.key, "docker.run", json!({"image": "worpen-test/none:1"})).await;
    assert_eq!((missing.status, missing.not_begun), (CommandStatus::Failed, true));
    assert!(missing.error_message.unwrap().contains("No such image"));
}

#[tokio::test]
async fn a_container_that_cannot_start_is_removed_again() {
    let Some((fleet, _agent, mut link)) = linked().await else { return };
    let made = Made(name("broken"));
    let args = json!({"image": IMAGE, "name": made.0, "argv": ["/no-such-program"]});
    let (result, _) = link.run(&fleet.key, "docker.run", args).await;
    assert_eq!(result.status, CommandStatus::Failed);
    let why = result.error_message.unwrap();
    assert!(why.contains("no-such-program") && why.ends_with("the container was removed again"), "{why}");
    let left = docker(&["ps", "-aq", "--filter", &format!("name={}", made.0)]);
    assert_eq!(left, "");
}

#[tokio::test]
async fn a_container_that_is_attached_to_gives_its_output_and_its_exit_code() {
    let Some((fleet, _agent, mut link)) = linked().await else { return };
    let made = Made(name("attached"));
    let args = json!({"image": IMAGE, "name": made.0, "attach": true, "remove": true, "network": "none",
        "argv": ["/bin/sh", "-c", "echo one; echo $KEY; exit 5"], "secret_env": {"KEY": "hunter22"}});
    let (result, output) = link.run(&fleet.key, "docker.run", args.clone()).await;
    assert_eq!(
        (result.status, result.error_message.as_deref()),
        (CommandStatus::Failed, Some("exit code 5"))
    );
    assert_eq!(result.result.as_ref().unwrap()["exit_code"], 5);
    assert_eq!(output, b"one\n[redacted]\n");
    assert_eq!(docker(&["ps", "-aq", "--filter", &format!("name={}", made.0)]), "", "it was to be removed");
    let mut args = args;
    args["argv"] = json!([
        "/bin/sh",
        "-c",
        "trap 'echo bye; exit 0' TERM; echo up; while true; do sleep 1 & wait $!; done"
    ]);
    let order = link.order("docker.run", args);
    link.send_order(&fleet.key, &order).await;
    while link.output(order.execution) != b"up\n" {
        link.frame().await;
    }
    link.say(&ServerFrame::Cancel(Cancel { command_id: order.command, execution_id: None })).await;
    let (result, _) = link.end(order.execution).await;
    assert_eq!(
        (result.status, &*link.output(order.execution)),
        (CommandStatus::Cancelled, &b"up\nbye\n"[..])
    );
    assert_eq!(docker(&["ps", "-aq", "--filter", &format!("name={}", made.0)]), "");
}

#[tokio::test]
async fn a_node_looks_at_its_containers() {
    let Some((fleet, _agent, mut link)) = linked().await else { return };
    let container = Container::run("echo one; echo two >&2; sleep 60");
    let named = |field: &str, value: &Value| value[field].as_str() == Some(container.id.as_str());
    let (result, _) = link.run(&fleet.key, "docker.ps", json!({})).await;
    let listed = result.result.unwrap();
    assert!(listed["containers"].as_array().unwrap().iter().any(|it| named("id", it)), "{listed}");
    let (result, _) = link.run(&fleet.key, "docker.inspect", json!({"container": container.id})).await;
    assert!(named("Id", &result.result.unwrap()));
    let (result, _) = link.run(&fleet.key, "docker.stats", json!({"container": container.id})).await;
    assert_eq!(result.status, CommandStatus::Succeeded);
    assert!(result.result.unwrap().is_object());
    let (result, output) = link.run(&fleet.key, "docker.logs", json!({"container": container.id})).await;
    assert_eq!(result.status, CommandStatus::Succeeded);
    let mut lines: Vec<String> = String::from_utf8(output).unwrap().lines().map(str::to_owned).collect();
    lines.sort();
    assert_eq!(lines, ["one", "two"]);
    let mut order = link.order("docker.logs", json!({"container": container.id, "follow": true, "tail": 1}));
    order.timeout_s = 1;
    link.send_order(&fleet.key, &order).await;
    assert_eq!(
        link.end(order.execution).await.0.status,
        CommandStatus::Succeeded,
        "who follows follows until then"
    );
    for verb in ["docker.inspect", "docker.stats", "docker.logs"] {
        let (result, _) = link.run(&fleet.key, verb, json!({"container": "no-such-container"})).await;
        assert_eq!((result.status, result.not_begun), (CommandStatus::Failed, true), "{verb}");
    }
}
