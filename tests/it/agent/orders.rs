//! Signed orders, and what happens to containers, on a real engine.

use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use worpen::{
    core::{envelope::seal, signing::SigningKey, verb::BUILT_IN},
    proto::{
        command::CommandStatus,
        container::{ContainerFacts, ContainerState},
        envelope::COMMAND_TYPE,
        event::EventKind,
        link::{AgentFrame, Cancel, Inventory, LinkErrorCode, NodeEvent, ServerFrame},
    },
};

use super::{
    docker::{self, Container, Doorway, docker},
    fleet::{Agent, Fleet, Link},
};

/// A server and an agent on the real engine, linked, and the node's first inventory.
async fn linked() -> (Fleet, Agent, Link, Inventory) {
    let mut fleet = Fleet::start().await;
    let agent = engine_agent(&fleet).await;
    let mut link = fleet.link(0).await;
    let taken = link.find("an inventory", inventory).await;
    (fleet, agent, link, taken)
}

async fn engine_agent(fleet: &Fleet) -> Agent {
    let mut config = fleet.config();
    config.docker = docker::socket();
    fleet.agent_with(config).await
}

fn inventory(frame: AgentFrame) -> Option<Inventory> {
    match frame {
        AgentFrame::Inventory(inventory) => Some(inventory.body),
        _ => None,
    }
}

/// An event of one kind about one container.
async fn event(link: &mut Link, kind: EventKind, id: &str) -> NodeEvent {
    link.find(kind.as_str(), |frame| match frame {
        AgentFrame::Event(event)
            if event.body.kind == kind && facts(&event.body).is_some_and(|it| it.id == id) =>
        {
            Some(event.body)
        }
        _ => None,
    })
    .await
}

fn facts(event: &NodeEvent) -> Option<&ContainerFacts> {
    event.container.as_ref()
}

fn kinds(events: &[NodeEvent], id: &str) -> Vec<EventKind> {
    events.iter().filter(|event| facts(event).is_some_and(|it| it.id == id)).map(|event| event.kind).collect()
}

#[tokio::test]
async fn the_inventory_is_what_docker_shows() {
    if !docker::is_here() {
        return;
    }
    let container = Container::obedient();
    let (_fleet, agent, link, inventory) = linked().await;
    let engine = inventory.container_engine.unwrap();
    assert_eq!(engine.version, docker(&["version", "-f", "{{.Server.Version}}"]));
    assert_eq!(link.hello().capabilities, BUILT_IN.map(|verb| verb.name));
    let found = inventory.containers.iter().find(|facts| facts.id == container.id).unwrap();
    let shown = docker(&[
        "ps",
        "-a",
        "--no-trunc",
        "--filter",
        &format!("id={}", container.id),
        "--format",
        "{{.Names}} {{.Image}} {{.State}}",
    ]);
    let state = serde_json::to_value(found.state).unwrap();
    assert_eq!(shown, format!("{} {} {}", found.name, found.image, state.as_str().unwrap()));
    assert_eq!((found.exit_code, found.labels.get("worpen.test")), (None, Some("1")));
    assert!(found.started_at.is_some() && found.finished_at.is_none());
    let image = inventory.images.iter().find(|image| image.id == found.image_id).unwrap();
    assert!(image.tags.contains(&"worpen-test/busybox:latest".into()) && image.size_bytes > 0);
    agent.stop().await.unwrap();
}

#[tokio::test]
async fn a_stop_from_outside_arrives_without_polling() {
    if !docker::is_here() {
        return;
    }
    let container = Container::obedient();
    let (_fleet, _agent, mut link, _) = linked().await;
    let id = container.id.clone();
    let stopped = tokio::task::spawn_blocking(move || {
        docker(&["stop", "-t", "5", &id]);
        Timestamp::now()
    });
    let died = event(&mut link, EventKind::ContainerDied, &container.id).await;
    let arrived = Timestamp::now();
    assert_eq!((died.attributes["exit_code"].as_i64(), died.execution), (Some(0), None));
    assert_eq!(facts(&died).map(|it| (it.state, it.exit_code)), Some((ContainerState::Exited, Some(0))));
    let late = arrived.duration_since(died.time).as_secs_f64();
    assert!(late < 1.0, "it took {late} s from the engine's own time");
    event(&mut link, EventKind::ContainerStopped, &container.id).await;
    stopped.await.unwrap();

    docker(&["start", &container.id]);
    event(&mut link, EventKind::ContainerStarted, &container.id).await;
    docker(&["rm", "-f", &container.id]);
    let killed = event(&mut link, EventKind::ContainerKilled, &container.id).await;
    assert_eq!(killed.attributes["signal"], 9);
    let removed = event(&mut link, EventKind::ContainerRemoved, &container.id).await;
    assert_eq!(
        &*facts(&removed).unwrap().image,
        "worpen-test/busybox:latest",
        "a removed one is told as it last was"
    );
}

#[tokio::test]
async fn an_engine_that_goes_and_comes_back_is_followed_without_a_gap() {
    if !docker::is_here() {
        return;
    }
    let container = Container::obedient();
    let mut fleet = Fleet::start().await;
    let mut config = fleet.config();
    let path = fleet.folder.path().join("docker.sock");
    config.docker = path.to_str().unwrap().into();
    let doorway = Doorway::open(&path);
    let _agent = fleet.agent_with(config).await;
    let mut link = fleet.link(0).await;
    link.find("an inventory", inventory).await;

    doorway.close().await;
    docker(&["stop", "-t", "5", &container.id]);
    let stopped = Timestamp::now();
    let _doorway = Doorway::open(&path);
    let (taken, died) = (
        link.find("an inventory", inventory).await,
        event(&mut link, EventKind::ContainerDied, &container.id).await,
    );
    let found = taken.containers.iter().find(|facts| facts.id == container.id).unwrap();
    assert_eq!((taken.container_engine.is_some(), found.state), (true, ContainerState::Exited));
    assert!(died.time <= stopped, "what was missed is told with the engine's own time");
}

#[tokio::test]
async fn a_container_that_lives_for_a_moment_is_told() {
    if !docker::is_here() {
        return;
    }
    let (_fleet, _agent, mut link, _) = linked().await;
    let container = Container::brief(3);
    docker(&["start", &container.id]);
    let died = event(&mut link, EventKind::ContainerDied, &container.id).await;
    assert_eq!(died.attributes["exit_code"], 3);
    let removed = event(&mut link, EventKind::ContainerRemoved, &container.id).await;
    assert_eq!(facts(&removed).unwrap().image.as_ref(), "worpen-test/busybox:latest");
}

#[tokio::test]
async fn images_that_come_and_go_are_told() {
    if !docker::is_here() {
        return;
    }
    let (_fleet, _agent, mut link, _) = linked().await;
    let name = format!("worpen-test/tagged:{}", std::process::id());
    let has_name = |event: &NodeEvent| {
        event.image.as_ref().is_some_and(|image| image.tags.iter().any(|tag| **tag == *name))
    };
    docker(&["tag", "worpen-test/busybox:latest", &name]);
    let changed = |frame| match frame {
        AgentFrame::Event(event) if event.body.kind == EventKind::ImageUpdated => Some(event.body),
        _ => None,
    };
    let tagged = link.find("the new tag", changed).await;
    assert!(has_name(&tagged));
    docker(&["rmi", &name]);
    let untagged = link.find("the lost tag", changed).await;
    assert!(!has_name(&untagged) && untagged.image.is_some());
}

#[tokio::test]
async fn signed_orders_act_on_a_real_container() {
    if !docker::is_here() {
        return;
    }
    let container = Container::obedient();
    let (fleet, _agent, mut link, _) = linked().await;
    let name = docker(&["inspect", "-f", "{{.Name}}", &container.id]);

    let stop = link.order("docker.stop", json!({"container": container.id, "timeout_s": 5}));
    link.send_order(&fleet.key, &stop).await;
    let (result, events) = link.end(stop.execution).await;
    assert_eq!((result.status, result.command_id), (CommandStatus::Succeeded, stop.command));
    assert_eq!(result.result, Some(json!({"changed": true, "state": "exited"})));
    let told = kinds(&events, &container.id);
    assert!(
        told.ends_with(&[EventKind::ContainerDied, EventKind::ContainerStopped]),
        "events come first: {told:?}"
    );
    assert!(events.iter().all(|event| facts(event).is_none_or(|it| it.id != container.id)
        || event.execution == Some(stop.execution)));
    assert_eq!(container.state().as_deref(), Some("exited"));

    let again = link.order("docker.stop", json!({"container": container.id}));
    link.send_order(&fleet.key, &again).await;
    let (result, _) = link.end(again.execution).await;
    assert_eq!(
        (result.status, result.result.unwrap()["changed"].as_bool()),
        (CommandStatus::Succeeded, Some(false))
    );

    let start = link.order("docker.start", json!({"container": name.trim_start_matches('/')}));
    link.send_order(&fleet.key, &start).await;
    let (result, _) = link.end(start.execution).await;
    assert_eq!(result.result, Some(json!({"changed": true, "state": "running"})));

    let before = container.started_at();
    let restart = link.order("docker.restart", json!({"container": container.id, "timeout_s": 5}));
    link.send_order(&fleet.key, &restart).await;
    assert_eq!(link.end(restart.execution).await.0.status, CommandStatus::Succeeded);
    assert_ne!(container.started_at(), before);

    let gentle = link.order("docker.rm", json!({"container": container.id}));
    link.send_order(&fleet.key, &gentle).await;
    let (result, _) = link.end(gentle.execution).await;
    assert_eq!(result.status, CommandStatus::Failed);
    assert!(
        result.error_message.unwrap().contains("cannot remove a running container"),
        "the engine's own words"
    );

    let force = link.order("docker.rm", json!({"container": container.id, "force": true}));
    link.send_order(&fleet.key, &force).await;
    let (result, events) = link.end(force.execution).await;
    assert_eq!(result.result, Some(json!({"changed": true, "state": null})));
    assert!(kinds(&events, &container.id).contains(&EventKind::ContainerRemoved));
    assert_eq!(container.state(), None);
}

#[tokio::test]
async fn an_altered_or_forged_order_is_refused_and_nothing_happens() {
    if !docker::is_here() {
        return;
    }
    let container = Container::obedient();
    let (fleet, _agent, mut link, _) = linked().await;
    let before = container.started_at();

    let order = link.order("docker.rm", json!({"container": container.id, "force": true}));
    link.send_order(&SigningKey::from_seed(&[66; 32]), &order).await;
    assert_eq!(link.error().await.code, LinkErrorCode::Refused);

    let mut altered = seal(&fleet.key, COMMAND_TYPE, &order);
    altered.payload.replace_range(8..9, if altered.payload[8..9] == *"A" { "B" } else { "A" });
    link.send_envelope(altered).await;
    assert_eq!(link.error().await.code, LinkErrorCode::Refused);

    let mut late = link.order("docker.stop", json!({"container": container.id}));
    late.expires_at = Timestamp::now() - SignedDuration::from_secs(2);
    link.send_order(&fleet.key, &late).await;
    assert_eq!(link.end(late.execution).await.0.status, CommandStatus::Expired);

    let unknown = link.order("shell.exec", json!({"command": "reboot"}));
    link.send_order(&fleet.key, &unknown).await;
    let (result, _) = link.end(unknown.execution).await;
    assert_eq!(result.status, CommandStatus::Refused);
    assert!(result.error_message.unwrap().contains("shell.exec"));

    assert_eq!((container.state().as_deref(), container.started_at()), (Some("running"), before));
}

#[tokio::test]
async fn an_order_that_comes_twice_runs_once_and_is_answered_from_the_journal() {
    if !docker::is_here() {
        return;
    }
    let container = Container::obedient();
    let (mut fleet, agent, mut link, _) = linked().await;
    let mut order = link.order("docker.restart", json!({"container": container.id, "timeout_s": 5}));
    link.send_order(&fleet.key, &order).await;
    let (first, _) = link.end(order.execution).await;
    let started = container.started_at();

    link.send_order(&fleet.key, &order).await;
    assert_eq!(
        link.error().await.code,
        LinkErrorCode::Refused,
        "the same order of the same link is a replay"
    );

    agent.stop().await.unwrap();
    drop(link);
    let _agent = engine_agent(&fleet).await;
    let mut link = fleet.link(u64::from(u32::MAX)).await;
    (order.epoch, order.sequence) = (link.epoch, 1);
    link.send_order(&fleet.key, &order).await;
    let (second, _) = link.end(order.execution).await;
    assert_eq!(
        (second, container.started_at()),
        (first, started),
        "even after a restart it does not run again"
    );
}

#[tokio::test]
async fn an_execution_that_the_agent_did_not_survive_is_unknown() {
    if !docker::is_here() {
        return;
    }
    let container = Container::stubborn();
    let (mut fleet, agent, mut link, _) = linked().await;
    let order = link.order("docker.stop", json!({"container": container.id, "timeout_s": 20}));
    link.send_order(&fleet.key, &order).await;
    link.find("the beginning", |frame| match frame {
        AgentFrame::CommandResult(result) if result.body.status == CommandStatus::Started => Some(()),
        _ => None,
    })
    .await;
    agent.kill(fleet.folder.path()).await;
    drop(link);
    let _agent = engine_agent(&fleet).await;
    let mut link = fleet.link(0).await;
    let (result, _) = link.end(order.execution).await;
    assert_eq!((result.status, result.command_id), (CommandStatus::Unknown, order.command));
}

#[tokio::test]
async fn a_result_that_came_while_there_was_no_link_comes_later() {
    if !docker::is_here() {
        return;
    }
    let container = Container::stubborn();
    let (mut fleet, _agent, mut link, _) = linked().await;
    let order = link.order("docker.stop", json!({"container": container.id, "timeout_s": 1}));
    link.send_order(&fleet.key, &order).await;
    link.find("the order's receipt", |frame| matches!(frame, AgentFrame::Ack(_)).then_some(())).await;
    drop(link);
    let mut link = fleet.link(0).await;
    let (result, events) = link.end(order.execution).await;
    assert_eq!(result.status, CommandStatus::Succeeded);
    assert!(kinds(&events, &container.id).contains(&EventKind::ContainerDied));
}

#[tokio::test]
async fn a_running_execution_can_be_cancelled_or_runs_out_of_time() {
    if !docker::is_here() {
        return;
    }
    let (first, second) = (Container::stubborn(), Container::stubborn());
    let (fleet, _agent, mut link, _) = linked().await;
    let cancelled = link.order("docker.stop", json!({"container": first.id, "timeout_s": 20}));
    link.send_order(&fleet.key, &cancelled).await;
    link.say(&ServerFrame::Cancel(Cancel { command_id: cancelled.command, execution_id: None })).await;
    assert_eq!(link.end(cancelled.execution).await.0.status, CommandStatus::Cancelled);

    let mut short = link.order("docker.stop", json!({"container": second.id, "timeout_s": 20}));
    short.timeout_s = 1;
    link.send_order(&fleet.key, &short).await;
    assert_eq!(link.end(short.execution).await.0.status, CommandStatus::TimedOut);
}

#[tokio::test]
async fn an_unknown_container_fails_in_the_engines_words() {
    if !docker::is_here() {
        return;
    }
    let (fleet, _agent, mut link, _) = linked().await;
    let order = link.order("docker.start", json!({"container": "no-such-container"}));
    link.send_order(&fleet.key, &order).await;
    let (result, _) = link.end(order.execution).await;
    assert_eq!(result.status, CommandStatus::Failed);
    assert!(result.error_message.unwrap().contains("No such container"));
}
