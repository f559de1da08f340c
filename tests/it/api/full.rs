//! A disk that is full to its last byte.

use std::{
    env, fs,
    io::Write,
    path::Path,
    process::Command,
    time::{Duration, Instant},
};

use jiff::Timestamp;
use serde_json::{Value, json};
use worpen::{
    infra::store::holding,
    proto::{
        command::CommandStatus,
        container::ContainerState::{Exited, Running},
        user::Role,
    },
};

use super::command::result;
use crate::{
    harness::{TestServer, http},
    node::TestNode,
    support::absent,
};

const TEST: &str =
    "api::full::on_a_full_disk_what_must_go_on_does_and_the_rest_does_when_there_is_room_again";
/// Says that this process has mounts of its own.
const APART: &str = "WORPEN_TEST_OWN_MOUNTS";
const MIB: u64 = 1024 * 1024;

#[test]
fn on_a_full_disk_what_must_go_on_does_and_the_rest_does_when_there_is_room_again() {
    if env::var_os(APART).is_some() {
        // The first meets the end of the disk itself, the second sees it come.
        for least in [1, 4 * MIB] {
            let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
            runtime.unwrap().block_on(fill(least));
        }
        return;
    }
    let can_mount = Command::new("unshare").args(["-m", "sh", "-c", "mount -t tmpfs none /mnt"]).status();
    if !can_mount.is_ok_and(|status| status.success()) {
        return absent("the right to mount, for a disk that is full");
    }
    let ended = Command::new("unshare")
        .arg("-m")
        .arg(env::current_exe().unwrap())
        .args(["--exact", TEST, "--nocapture"])
        .env(APART, "1")
        .status()
        .unwrap();
    assert!(ended.success());
}

/// Writes until there is no room for another byte.
fn fill_up(path: &Path) {
    let mut file = fs::File::create(path).unwrap();
    for block in [MIB as usize, 4096, 1] {
        while file.write_all(&vec![7; block]).is_ok() {}
    }
}

struct Caller<'a>(&'a TestServer, String);

impl Caller<'_> {
    async fn post(&self, path: &str, body: &Value) -> (u16, Value) {
        let answer = http().post(self.0.at(path)).bearer_auth(&self.1).json(body).send().await.unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap_or_default())
    }

    async fn get(&self, path: &str) -> (u16, Value) {
        let answer = http().get(self.0.at(path)).bearer_auth(&self.1).send().await.unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap_or_default())
    }

    async fn until_event(&self, kind: &str) -> Value {
        let deadline = Instant::now() + Duration::from_secs(20);
        loop {
            let (_, page) = self.get(&format!("/api/v1/events/history?types={kind}")).await;
            if let Some(event) = page["items"].as_array().and_then(|items| items.first()) {
                return event.clone();
            }
            assert!(Instant::now() < deadline, "{kind} does not happen");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

async fn fill(least: u64) {
    let folder = tempfile::tempdir().unwrap();
    let disk = folder.path().join("disk");
    fs::create_dir(&disk).unwrap();
    let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", "size=48m", "none"]).arg(&disk).status();
    assert!(mounted.unwrap().success());
    let data = disk.join("server");
    let server = TestServer::start_told(|config| {
        config.data = data.clone();
        config.ballast_bytes = 8 * MIB;
        config.min_free_bytes = least;
    })
    .await;
    assert_eq!(fs::metadata(data.join("ballast")).unwrap().len(), 8 * MIB);
    let admin = Caller(&server, server.token(Role::Admin).await);
    let (_, key) = admin.post("/api/v1/auth/keys", &json!({ "name": "old" })).await;
    let mut node = TestNode::joined(&server, "web-1").await;
    let mut other = TestNode::joined(&server, "db-1").await;
    drop(other.link().await);
    let mut link = node.link().await;
    link.say(&TestNode::inventory(1, &[("aaa", Running)])).await;
    link.acknowledged(1).await;
    let (_, command) = admin.post("/api/v1/containers/aaa/stop?wait=0", &json!({})).await;
    let order = link.order().await;

    fill_up(&disk.join("fill"));
    let user = |name: &str| json!({ "username": name, "password": "correct horse 1", "role": "viewer" });
    // The log has room of its own for a while.
    let mut names = (0..).map(|number| format!("user-{number}"));
    let problem = loop {
        let (status, problem) = admin.post("/api/v1/users", &user(&names.next().unwrap())).await;
        if status != 201 {
            assert_eq!((status, &problem["code"]), (507, &json!("disk_full")), "{problem}");
            break problem;
        }
    };
    assert!(problem["detail"].as_str().unwrap().contains(data.to_str().unwrap()), "{problem}");

    // What must go on does.
    let body = json!({ "username": "test-admin", "password": "test-admin-password-1" });
    assert_eq!(admin.post("/api/v1/auth/login", &body).await.0, 200, "signing in goes on");
    let id = key["key"]["id"].as_str().unwrap();
    let rotate = format!("/api/v1/auth/keys/{id}/rotate");
    assert_eq!(admin.post(&rotate, &json!({ "overlap": 3600 })).await.0, 507, "nothing ends at once by this");
    let (status, rotated) = admin.post(&rotate, &json!({})).await;
    assert!((200..300).contains(&status), "a stolen secret can be ended: {rotated}");
    for step in ["prepare", "activate", "retire"] {
        let (status, answer) =
            admin.post("/api/v1/trust/authority", &json!({ "step": step, "force": true })).await;
        assert_eq!(status, 200, "a stolen key can be retired: {answer}");
    }
    drop(other.link().await);
    let revoked =
        http().delete(server.at(&format!("/api/v1/auth/keys/{id}"))).bearer_auth(&admin.1).send().await;
    assert!(revoked.unwrap().status().is_success(), "revoking goes on");
    assert_eq!(admin.get("/api/v1/agents").await.0, 200, "reading goes on");
    assert_eq!(admin.get("/api/v1/health").await.1["status"], "degraded");
    admin.until_event("server.disk_full").await;
    // A frame that can wait is not acknowledged; an end is written all the same, and told to whoever waits.
    link.say(&TestNode::inventory(2, &[("aaa", Exited)])).await;
    link.say(&result(&order, 3, CommandStatus::Succeeded)).await;
    let path = format!("/api/v1/commands/{}?wait=20", command["id"].as_str().unwrap());
    assert_eq!(admin.get(&path).await.1["status"], "succeeded", "the ends of what runs go on");
    assert_eq!(
        admin.get("/api/v1/containers/aaa").await.1["state"],
        "running",
        "what waits is not half known"
    );
    link.say(&node.telemetry(4, Timestamp::now())).await;
    crate::harness::until("a measurement is left out", || server.app.room.telemetry.get() == 1).await;

    // Somebody makes room; nobody tells the server.
    fs::remove_file(disk.join("fill")).unwrap();
    let recovered = admin.until_event("server.disk_recovered").await;
    assert!(recovered["data"]["left_out"]["changes_refused"].as_u64() > Some(0), "{recovered}");
    assert_eq!(recovered["data"]["left_out"]["measurements"], 1);
    assert_eq!(admin.post("/api/v1/users", &user("later")).await.0, 201);
    assert_eq!(fs::metadata(data.join("ballast")).unwrap().len(), 8 * MIB, "the ballast is back");
    // The link is opened anew, and what was not acknowledged comes again.
    link.say(&node.heartbeat()).await;
    assert!(link.idle().await.is_some(), "the link ends, to begin anew");
    let mut link = node.link().await;
    assert_eq!(link.welcome.acknowledged, 1);
    link.say(&TestNode::inventory(2, &[("aaa", Exited)])).await;
    link.say(&result(&order, 3, CommandStatus::Succeeded)).await;
    link.acknowledged(3).await;
    assert_eq!(admin.get("/api/v1/containers/aaa").await.1["state"], "exited");
    drop((link, admin));
    server.stop().await;
    holding(&data.join("worpen.db")).unwrap();
    assert!(Command::new("umount").arg(&disk).status().unwrap().success());
}
