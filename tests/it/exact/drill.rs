//! The drill: a backup under load, the loss of the server, a restore on an empty folder, and a fleet that comes back.

use std::{
    fs,
    path::Path,
    process::Command,
    sync::Arc,
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use worpen::{core::audit::head::SignedHead, infra::store::holding, proto::envelope::Envelope};

use super::pair::{Load, NODES, Place};

/// Commands that are acknowledged before the backup, and between it and the loss.
const COMMANDS: usize = 30;

/// Runs `worpen` and gives what it printed.
fn worpen(place: &Place, arguments: &[&str]) -> String {
    let ran = Command::new(env!("CARGO_BIN_EXE_worpen"))
        .args(arguments)
        .env("WORPEN_CONFIG", "")
        .env("WORPEN_CONFIG_DIR", place.data.join("config"))
        .env("WORPEN_SERVER", format!("http://{}", place.listen))
        .env("WORPEN_TOKEN", &place.token)
        .output()
        .unwrap();
    assert!(ran.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&ran.stderr));
    String::from_utf8(ran.stdout).unwrap()
}

async fn until_acknowledged(load: &Load, wanted: usize) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while load.acknowledged() < wanted {
        assert!(Instant::now() < deadline, "{} of {wanted} commands in 60 s", load.acknowledged());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn ended(place: &Place, id: &str) -> Value {
    for _ in 0..1200 {
        let command = place.get(&format!("/api/v1/commands/{id}")).await.unwrap();
        if !command["ended_at"].is_null() {
            return command;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("{id} does not end");
}

/// The last sequence of the log.
async fn last_sequence(place: &Place) -> u64 {
    place.get("/api/v1/status").await.unwrap()["events"]["last_sequence"].as_u64().unwrap()
}

/// The newest head of the audit log that lies in a data folder.
fn heads(data: &Path) -> u64 {
    let kept = fs::read_to_string(data.join("audit-heads.jsonl")).unwrap_or_default();
    let numbers = kept.lines().filter_map(|line| {
        let envelope: Envelope = serde_json::from_str(line).ok()?;
        SignedHead::claimed(&envelope).map(|head| head.chain.number)
    });
    numbers.max().unwrap_or_default()
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_was_lost_comes_back_from_its_backup_with_its_fleet_and_does_nothing_twice() {
    let folder = tempfile::tempdir().unwrap();
    let mut place = Place::prepare(folder.path().join("data"), folder.path().join("notes")).await;
    let (key, file) = (folder.path().join("backup.key"), folder.path().join("worpen.backup"));
    let recipient = worpen(&place, &["backup", "key", text(&key)]);
    fs::write(place.data.join("recipient"), recipient.trim()).unwrap();
    let (mut server, _) = place.server("").unwrap();
    let agents: Vec<_> = NODES.iter().map(|node| place.agent(node, "")).collect();
    for node in NODES {
        place.until_online(node).await;
    }

    // A backup under load, and more load after it.
    let shared = Arc::new(place);
    let mut load = Load::start(&shared, "d", 3);
    until_acknowledged(&load, COMMANDS).await;
    let before = load.commands();
    worpen(&shared, &["backup", "create", text(&file)]);
    until_acknowledged(&load, load.acknowledged() + COMMANDS).await;
    load.stop().await;
    let after = load.commands();
    // Each node witnessed entries that no backup will bring back. A link is given a head when it begins.
    let end = holding(&shared.data.join("server/worpen.db")).unwrap().audit.number;
    let written = || heads(&shared.data.join("server")) >= end;
    crate::harness::until("the server signed the end of its log", written).await;
    drop(agents);
    let _agents: Vec<_> = NODES.iter().map(|node| shared.agent(node, "")).collect();
    let witnessed = || NODES.iter().all(|node| heads(&shared.data.join(node)) >= end);
    crate::harness::until("the nodes were given that", witnessed).await;
    let last = last_sequence(&shared).await;
    let (data, listen) = (shared.data.clone(), shared.listen.clone());
    place = Place { data, notes: shared.notes.clone(), listen, token: shared.token.clone() };
    drop((load, shared));

    // The loss.
    server.kill();
    let lost = place.data.join("server");
    fs::remove_dir_all(&lost).unwrap();

    // The restore.
    let began = Instant::now();
    let identity = ["--identity", text(&key)];
    worpen(&place, &[&["backup", "verify", text(&file)], identity.as_slice()].concat());
    let restored = worpen(
        &place,
        &[&["restore", text(&file), "--data", text(&lost), "-o", "json"], identity.as_slice()].concat(),
    );
    let restored: Value = serde_json::from_str(&restored).unwrap();
    let (_server, _) = place.server("").unwrap();
    assert!(place.get("/api/v1/auth/me").await.is_none(), "a session of before the restore is over");
    place.sign_in().await;
    for node in NODES {
        place.until_online(node).await;
    }
    let back = began.elapsed();

    // What the backup holds is there and ends; nothing of it, and nothing of later, was done twice.
    for (label, id) in &before {
        let command = ended(&place, id).await;
        assert_eq!(command["id"], **id, "{label}");
    }
    let unknown = after.iter().filter(|(label, _)| !before.contains_key(*label));
    let mut lost = 0;
    for (_, id) in unknown {
        lost += usize::from(place.get(&format!("/api/v1/commands/{id}")).await.is_none());
    }
    assert!(lost > 0, "what was ordered after the backup is not in it");
    let body = json!({ "verb": "exec", "args": { "argv": ["/bin/sh", "-c", format!("echo anew >> {}",
        place.notes.join("acts").display())] }, "agent_targets": NODES, "timeout_s": 20 });
    let anew = place.post("/api/v1/commands?wait=20", &body, None).await.unwrap();
    assert_eq!(ended(&place, anew["id"].as_str().unwrap()).await["status"], "succeeded");
    for (label, count) in place.noted("acts") {
        let targets = if label.contains("both") || label == "anew" { 2 } else { 1 };
        assert!(count <= targets, "{label} was done {count} times on {targets} nodes");
    }

    // Its logs go on, above all that was given out, and the audit log's chain is whole.
    let page = place.get(&format!("/api/v1/events/history?from={last}")).await.unwrap();
    assert_eq!(page["items"][0]["type"], "server.restored", "{page}");
    assert!(last_sequence(&place).await > last);
    let chain = holding(&place.data.join("server/worpen.db")).unwrap();
    let held = restored["audit"]["number"].as_u64().unwrap();
    assert!(held < end && chain.audit.number > held, "{held}, {end}, {}", chain.audit.number);

    // What the nodes witnessed of the time that is gone is explained by the restore, and said.
    let verified: Value = serde_json::from_str(&worpen(&place, &["audit", "verify", "-o", "json"])).unwrap();
    assert_eq!((&verified["sound"], &verified["restores"]), (&true.into(), &json!([held + 1])), "{verified}");
    let explained = "heads are of entries that the restore left out";
    assert!(verified["notes"].to_string().contains(explained), "{verified}");
    let health = place.get("/api/v1/health").await.unwrap();
    assert_eq!(health["audit"], "healthy", "{health}");
    let alarms = place.get("/api/v1/events/history?types=audit.tampered").await.unwrap();
    assert_eq!(alarms["items"], json!([]), "{alarms}");
    eprintln!(
        "RPO: {} s and {lost} commands lost; RTO: {:.1} s from the restore's begin to a fleet that is ONLINE (the \
         restore itself {:.1} s)",
        restored["lost_s"],
        back.as_secs_f64(),
        restored["took_s"].as_f64().unwrap()
    );
}
