//! The same from a terminal.

use std::{
    process::{Command, Stdio},
    time::Duration,
};

use serde_json::Value;

use super::{Whole, image::Registry};
use crate::agent::docker::{self, Container, docker};

/// How a run of the program ended: its exit code, what it said, what it noted.
async fn run(whole: &Whole, arguments: &[&str]) -> (i32, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_worpen"));
    command.args(arguments).env("WORPEN_SERVER", &whole.server.url).env("WORPEN_TOKEN", &whole.token);
    command.env("WORPEN_CONFIG_DIR", whole.server.data.join("nobody")).stdin(Stdio::null());
    let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_container_is_looked_at_from_a_terminal() {
    if !docker::is_here() {
        return;
    }
    let whole = Whole::start().await;
    let container = Container::run("echo one; echo two >&2; while true; do sleep 1; done");
    whole.knows(&container.id).await;
    let id = container.id.as_str();
    let (code, out, _) = run(&whole, &["containers", "logs", id]).await;
    let mut lines: Vec<&str> = out.lines().collect();
    lines.sort_unstable();
    assert_eq!((code, lines), (0, vec!["one", "two"]));
    let (code, out, _) =
        run(&whole, &["containers", "logs", id, "-t", "--since", "1h", "-o", "ndjson"]).await;
    let first: Value = serde_json::from_str(out.lines().next().unwrap()).unwrap();
    assert!(code == 0 && first["time"].is_string() && first["stream"].is_string(), "{out}");
    let (code, out, _) = run(&whole, &["containers", "stats", id]).await;
    assert!(code == 0 && out.contains("Memory"), "{out}");
    let (code, out, _) = run(&whole, &["containers", "inspect", id]).await;
    let inspected: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((code, inspected["Id"].as_str()), (0, Some(id)));
    let (code, _, err) = run(&whole, &["containers", "logs", "nothing"]).await;
    assert_eq!(code, 3, "{err}");
    docker(&["kill", id]);
    let (code, _, err) = run(&whole, &["containers", "stats", id]).await;
    assert!(code == 5 && err.contains("does not run"), "{err}");
    whole.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn images_are_pulled_and_cleaned_up_from_a_terminal() {
    if !docker::is_here() {
        return;
    }
    let Some(registry) = Registry::start().await else { return };
    let image = registry.push("shop/cli:1");
    let whole = Whole::start().await;
    let (code, out, err) = run(&whole, &["images", "pull", &image, "--on", "web-1"]).await;
    assert_eq!(code, 0, "{out}{err}");
    assert!(out.starts_with(&format!("web-1: {image} pulled (sha256:")), "{out}");
    // The node tells what it holds once the engine told of the pull, which can be after the command's end.
    let listed = async || {
        let (code, out, _) = run(&whole, &["images", "ls", "-o", "name"]).await;
        code == 0 && out.lines().any(|name| name == image)
    };
    let deadline = tokio::time::Instant::now() + Duration::from_secs(20);
    while !listed().await {
        assert!(tokio::time::Instant::now() < deadline, "{image} is not listed");
    }
    let (code, out, _) = run(&whole, &["images", "pull", "127.0.0.1:1/none"]).await;
    assert!(code == 1 && out.contains("connection refused"), "{out}");
    let _alone = super::CLEANING.lock().await;
    let (code, _, err) = run(&whole, &["images", "prune"]).await;
    assert!(code == 2 && err.contains("--yes"), "{err}");
    let (code, out, err) = run(&whole, &["images", "prune", "--on", "web-1", "--yes"]).await;
    assert!(code == 0 && out.contains("reclaimed"), "{out}{err}");
    docker(&["rmi", &image]);
    whole.end().await;
}
