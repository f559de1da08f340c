//! Images pulled from a registry on loopback, and cleaned up.

use std::{
    fs,
    net::TcpListener,
    process::{Child, Command, Stdio},
};

use serde_json::{Value, json};
use worpen::{
    client::{Client, News},
    config::secret::Secret,
    proto::event::{StreamItem, SubscribeRequest},
};

use super::Whole;
use crate::{
    agent::docker::{self, docker},
    harness::{http, until},
    support::absent,
};

/// Debian's registry on a free port, with its data in a folder that goes with it.
pub(super) struct Registry {
    process: Child,
    address: String,
    _folder: tempfile::TempDir,
}

impl Drop for Registry {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Registry {
    /// `None` where there is no such program.
    pub(super) async fn start() -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let address = format!("127.0.0.1:{}", free.port());
        let config = folder.path().join("config.yml");
        let root = folder.path().join("data");
        let text = format!(
            "version: 0.1\nlog:\n  level: error\nstorage:\n  filesystem:\n    rootdirectory: {}\nhttp:\n  addr: {address}\n",
            root.display()
        );
        fs::write(&config, text).unwrap();
        let process = Command::new("docker-registry")
            .args(["serve", config.to_str().unwrap()])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        let Ok(process) = process else {
            absent("docker-registry");
            return None;
        };
        let url = format!("http://{address}/v2/");
        let registry = Self { process, address, _folder: folder };
        for _ in 0..400 {
            if http().get(&url).send().await.is_ok_and(|answer| answer.status().is_success()) {
                return Some(registry);
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        panic!("the registry does not answer at {url}");
    }

    /// Pushes an image that nobody else has, and removes it here.
    pub(super) fn push(&self, name: &str) -> String {
        let image = format!("{}/{name}", self.address);
        let script = format!(
            "cd \"$(mktemp -d)\" && head -c 20000000 /dev/urandom > noise && tar c noise | docker import - {image}"
        );
        assert!(Command::new("sh").args(["-c", &script]).stdout(Stdio::null()).status().unwrap().success());
        docker(&["push", &image]);
        docker(&["rmi", &image]);
        image
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_image_comes_from_a_registry_and_its_progress_is_seen() {
    if !docker::is_here() {
        return;
    }
    let Some(registry) = Registry::start().await else { return };
    let image = registry.push("shop/web:1");
    let whole = Whole::start().await;
    let client = Client::new(&whole.server.url, Some(Secret::new(whole.token.clone()))).unwrap();
    let live = SubscribeRequest { live: Some("progress".into()), ..SubscribeRequest::default() };
    let mut watcher = client.stream(live);
    watcher.connect().await.unwrap();

    // The documents' body alone: every linked node with an engine.
    let (status, command) = whole.post("/api/v1/images/pull?wait=120", &json!({ "image": image })).await;
    assert_eq!((status, command["status"].as_str()), (200, Some("succeeded")), "{command}");
    let result = &command["executions"][0]["result"];
    assert_eq!(result["changed"], true);
    let known = docker(&["inspect", "-f", "{{.Id}} {{index .RepoDigests 0}}", &image]);
    let (id, digest) = known.split_once(' ').unwrap();
    assert_eq!(result["image_id"].as_str(), Some(id));
    assert!(digest.ends_with(result["digest"].as_str().unwrap()));

    let progress = tokio::time::timeout(std::time::Duration::from_secs(20), async {
        loop {
            if let News::Item(StreamItem::Live { progress: Some(progress), .. }) =
                watcher.next().await.unwrap()
            {
                return progress;
            }
        }
    });
    let progress = progress.await.unwrap();
    assert_eq!((progress.node.as_str(), &progress.image), ("web-1", &image));
    assert_eq!(progress.command.to_string(), command["id"].as_str().unwrap());
    assert!(!progress.layers.is_empty());
    let app = whole.server.app.clone();
    until("the server knows the image", || {
        app.fleet.read().images().any(|known| known.facts.tags.iter().any(|tag| **tag == *image))
    })
    .await;
    drop(app);

    let (_, again) =
        whole.post("/api/v1/images/pull?wait=120", &json!({ "image": image, "node": "web-1" })).await;
    assert_eq!(again["executions"][0]["result"]["changed"], false, "{again}");
    docker(&["rmi", &image]);
    whole.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_image_that_does_not_come_fails_in_the_engine_s_words() {
    if !docker::is_here() {
        return;
    }
    let Some(registry) = Registry::start().await else { return };
    let whole = Whole::start().await;
    let reason = async |image: String| -> String {
        let (status, command) =
            whole.post("/api/v1/images/pull?wait=120", &json!({ "image": image, "agents": ["web-1"] })).await;
        assert_eq!((status, command["status"].as_str()), (200, Some("failed")), "{command}");
        command["executions"][0]["error_message"].as_str().unwrap().to_owned()
    };
    let unknown = reason(format!("{}/shop/none:1", registry.address)).await;
    assert!(unknown.contains("manifest unknown") || unknown.contains("not found"), "{unknown}");
    let nobody = reason("127.0.0.1:1/shop/none:1".into()).await;
    assert!(nobody.contains("connection refused"), "{nobody}");
    for body in [
        json!({ "image": "not an image" }),
        json!({ "image": "a", "timeout_s": 0 }),
        json!({ "image": "a", "node": "web-1", "agents": ["web-1"] }),
        json!({ "image": "a", "tag": "b" }),
    ] {
        let (status, problem) = whole.post("/api/v1/images/pull", &body).await;
        assert_eq!(status, 400, "{problem}");
        assert!(problem["errors"][0]["pointer"].is_string(), "{problem}");
    }
    let (status, _) = whole.post("/api/v1/images/pull", &json!({ "image": "a", "node": "nobody" })).await;
    assert_eq!(status, 404);
    whole.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_has_no_name_and_no_user_goes() {
    if !docker::is_here() {
        return;
    }
    let whole = Whole::start().await;
    let _alone = super::CLEANING.lock().await;
    let import =
        "cd \"$(mktemp -d)\" && head -c 100000 /dev/urandom > noise && tar c noise | docker import -";
    let nameless = Command::new("sh").args(["-c", import]).output().unwrap();
    let nameless = String::from_utf8(nameless.stdout).unwrap().trim().to_owned();
    let network = format!("worpen-test-{}", std::process::id());
    docker(&["network", "create", "--label", "worpen.test=1", &network]);
    let (status, command) = whole.post("/api/v1/docker/prune?wait=120", &json!({ "node": "web-1" })).await;
    assert_eq!((status, command["status"].as_str()), (200, Some("succeeded")), "{command}");
    let result: &Value = &command["executions"][0]["result"];
    let went = |field: &str, what: &str| result[field].as_array().unwrap().iter().any(|item| item == what);
    assert!(
        result["changed"] == true && went("images_deleted", &nameless) && went("networks_deleted", &network)
    );
    assert!(result["reclaimed_bytes"].as_u64().unwrap() >= 100_000, "{result}");
    docker(&["image", "inspect", docker::IMAGE]);
    whole.end().await;
}
