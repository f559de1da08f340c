//! What a container uses, and what the engine knows of it.

use serde_json::Value;
use worpen::proto::{container::ContainerStats, problem::Problem, user::Role};

use super::Whole;
use crate::agent::docker::{self, Container, docker};

#[tokio::test(flavor = "multi_thread")]
async fn what_a_container_uses_is_measured_on_its_node() {
    if !docker::is_here() {
        return;
    }
    let whole = Whole::start().await;
    let busy = Container::run("while true; do true; done");
    whole.knows(&busy.id).await;
    let path = format!("/api/v1/containers/{}/stats", busy.id);
    let answer = whole.get(&path).await;
    assert_eq!(answer.status().as_u16(), 200);
    let stats: ContainerStats = answer.json().await.unwrap();
    assert_eq!(stats.id, busy.id);
    assert_eq!(stats.name, docker(&["inspect", "-f", "{{.Name}}", &busy.id]).trim_start_matches('/'));
    assert!(stats.cpu_percent.is_none_or(|percent| percent > 0.0), "{stats:?}");
    assert!(stats.cpu_percent.is_some() || stats.memory_used_bytes.is_some(), "{stats:?}");
    docker(&["kill", &busy.id]);
    let problem: Problem = whole.get(&path).await.json().await.unwrap();
    assert_eq!(problem.status, 409);
    assert!(problem.detail.contains("does not run"), "{}", problem.detail);
    whole.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn viewers_see_no_values_of_the_environment() {
    if !docker::is_here() {
        return;
    }
    let whole = Whole::start().await;
    let arguments = [
        "run",
        "-d",
        "-e",
        "PASSWORD=hunter2",
        "--label",
        "worpen.test=1",
        docker::IMAGE,
        "/bin/sleep",
        "60",
    ];
    let container = Container { id: docker(&arguments) };
    whole.knows(&container.id).await;
    let path = format!("/api/v1/containers/{}/inspect", container.id);
    let all: Value = whole.get(&path).await.json().await.unwrap();
    assert_eq!(all["Id"].as_str(), Some(container.id.as_str()));
    assert!(all["Config"]["Env"].as_array().unwrap().contains(&"PASSWORD=hunter2".into()));
    let viewer = whole.server.token(Role::Viewer).await;
    let shown = whole.get_as(&viewer, &path).await.text().await.unwrap();
    assert!(shown.contains("PASSWORD=***") && !shown.contains("hunter2"));
    whole.end().await;
}
