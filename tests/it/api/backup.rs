//! Backups by the API, and what a restore refuses, voids and keeps.

use std::{fs, io::Cursor, path::Path};

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use worpen::{
    core::port::records::Records,
    infra::{age::Identity, store::SqliteStore},
    proto::user::Role,
    server::{How, RestoreError, Restored, restore},
};

use crate::{
    harness::{TestServer, http},
    node::TestNode,
};

/// A server that knows whom to encrypt for, and who that is.
async fn keeping() -> (TestServer, Identity) {
    let identity = Identity::generate().unwrap();
    let recipient = identity.recipient();
    let server = TestServer::start_told(|config| config.backup_recipients = vec![recipient]).await;
    (server, identity)
}

async fn backup(server: &TestServer, token: &str) -> Vec<u8> {
    let call =
        http().post(server.at("/api/v1/backups")).bearer_auth(token).json(&json!({ "telemetry": true }));
    let answer = call.send().await.unwrap();
    assert_eq!(answer.status().as_u16(), 200);
    answer.bytes().await.unwrap().to_vec()
}

async fn restored(
    file: &[u8],
    identity: &Identity,
    data: &Path,
    how: How,
    now: Timestamp,
) -> Result<Restored, RestoreError> {
    let identities = Identity::read_all(&identity.expose()).unwrap();
    restore(Cursor::new(file.to_vec()), identities, data, how, now).await
}

fn store(data: &Path) -> SqliteStore {
    struct Unseen;
    impl worpen::core::port::store::Observer for Unseen {
        fn committed(&self, _: &[worpen::proto::event::Event]) {}
    }
    SqliteStore::open(data, std::sync::Arc::new(Unseen)).unwrap()
}

#[tokio::test]
async fn a_backup_leaves_encrypted_and_is_written_down() {
    let (server, identity) = keeping().await;
    let token = server.token(Role::Admin).await;
    let file = backup(&server, &token).await;
    assert!(file.starts_with(b"age-encryption.org/v1"));
    let entries = server.app.records.audit(0, 100).await.unwrap();
    let entry = entries.iter().find(|entry| entry.entry.action == "backup.create").unwrap();
    assert!(entry.entry.actor.contains("test-admin"), "{entry:?}");
    assert_eq!(entry.entry.detail["recipients"], json!([identity.recipient().to_string()]));
    let folder = tempfile::tempdir().unwrap();
    let done = restored(&file, &identity, folder.path(), How::default(), Timestamp::now()).await.unwrap();
    assert_eq!(done.manifest.server, server.app.server);
    assert_eq!(done.key, server.app.trust.current().signing.public());
    for name in ["worpen.db", "telemetry.db", "command.key", "admin-password"] {
        use std::os::unix::fs::PermissionsExt;
        let mode = fs::metadata(folder.path().join(name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
    assert!(!folder.path().join("token.key").exists(), "who was signed in is not any more");
    server.stop().await;
}

#[tokio::test]
async fn no_backup_leaves_that_is_encrypted_for_nobody() {
    let server = TestServer::start().await;
    let token = server.token(Role::Admin).await;
    let answer = http().post(server.at("/api/v1/backups")).bearer_auth(token).send().await.unwrap();
    assert_eq!(answer.status().as_u16(), 409);
    let problem: Value = answer.json().await.unwrap();
    assert_eq!(problem["code"], "no_backup_recipient");
    assert!(problem["detail"].as_str().unwrap().contains("worpen backup key"), "{problem}");
    server.stop().await;
}

#[tokio::test]
async fn a_restore_refuses_a_running_server_a_full_folder_and_a_damaged_backup() {
    let (server, identity) = keeping().await;
    let token = server.token(Role::Admin).await;
    let file = backup(&server, &token).await;
    let now = Timestamp::now();
    let running = restored(&file, &identity, &server.data, How { force: true, ..How::default() }, now).await;
    assert!(matches!(running, Err(RestoreError::Running { .. })), "{running:?}");
    server.stop().await;

    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("precious"), "x").unwrap();
    let full = restored(&file, &identity, folder.path(), How::default(), now).await;
    assert!(matches!(full, Err(RestoreError::NotEmpty { .. })), "{full:?}");
    assert!(!folder.path().join("worpen.lock").exists(), "a folder of somebody else's is left as it was");
    let stranger = Identity::generate().unwrap();
    let mut altered = file.clone();
    let middle = altered.len() / 2;
    altered[middle] ^= 1;
    let force = How { force: true, ..How::default() };
    for (what, bytes, with) in [
        ("another key", file.as_slice(), &stranger),
        ("an altered byte", altered.as_slice(), &identity),
        ("a cut", &file[..file.len() - 1], &identity),
        ("nothing", &[], &identity),
    ] {
        let refused = restored(bytes, with, folder.path(), force, now).await;
        assert!(matches!(refused, Err(RestoreError::Backup(_))), "{what}: {refused:?}");
        let left = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name());
        let left: Vec<_> = left.filter(|name| name != "worpen.lock").collect();
        assert_eq!(left, ["precious"], "{what}");
    }
    let done = restored(&file, &identity, folder.path(), force, now).await.unwrap();
    assert_eq!(fs::read_to_string(done.before.unwrap().join("precious")).unwrap(), "x");
    drop(store(folder.path()));
}

#[tokio::test]
async fn a_restore_leaves_alone_what_cannot_be_moved_and_what_another_is_at() {
    let (server, identity) = keeping().await;
    let token = server.token(Role::Admin).await;
    let file = backup(&server, &token).await;
    server.stop().await;
    let now = Timestamp::now();
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    // The root of a file system is never empty.
    fs::create_dir(data.join("lost+found")).unwrap();
    // Another restore is under way: its folder was removed from under it.
    let held = fs::File::create(data.join("worpen.lock")).unwrap();
    held.lock().unwrap();
    fs::create_dir(data.join(".restoring")).unwrap();
    let second = restored(&file, &identity, data, How::default(), now).await;
    assert!(matches!(second, Err(RestoreError::Running { .. })), "{second:?}");
    assert!(data.join(".restoring").exists());
    drop(held);
    let done = restored(&file, &identity, data, How::default(), now).await.unwrap();
    assert_eq!(done.before, None);
    assert!(data.join("lost+found").exists() && !data.join(".restoring").exists());

    // As docs/audit.md advises it.
    let heads = data.join("audit-heads.jsonl");
    fs::write(&heads, "heads\n").unwrap();
    let chattr = |mode: &str| std::process::Command::new("chattr").arg(mode).arg(&heads).status();
    if !chattr("+a").is_ok_and(|status| status.success()) {
        return crate::support::absent("chattr, for a file that can only be added to");
    }
    let force = How { force: true, ..How::default() };
    let done = restored(&file, &identity, data, force, now).await;
    let kept = fs::read_to_string(&heads);
    chattr("-a").unwrap();
    assert!(done.unwrap().before.unwrap().join("worpen.db").exists());
    assert_eq!(kept.unwrap(), "heads\n");
    drop(store(data));
}

#[tokio::test]
async fn what_may_have_been_spent_since_the_backup_is_void() {
    let (server, identity) = keeping().await;
    let token = server.token(Role::Admin).await;
    let post = async |path: &str, body: Value| {
        let answer = http().post(server.at(path)).bearer_auth(&token).json(&body).send().await.unwrap();
        assert!(answer.status().is_success(), "{path}: {}", answer.text().await.unwrap());
        answer.json::<Value>().await.unwrap()
    };
    let mut node = TestNode::joined(&server, "web-1").await;
    node.verbs = vec!["exec".into()];
    let link = node.link().await;
    let invited = post("/api/v1/invitations", json!({ "name": "web-2", "expires_in": 3600 })).await;
    let command = json!({ "verb": "exec", "args": { "argv": ["true"] }, "all": true });
    let schedule =
        json!({ "name": "nightly", "cron": "*/10 * * * *", "time_zone": "UTC", "command": command });
    post("/api/v1/schedules", schedule).await;
    let key = server.admin().await;
    let file = backup(&server, &token).await;
    let last = server.app.feed.last();
    drop(link);
    server.stop().await;

    let folder = tempfile::tempdir().unwrap();
    let later = Timestamp::now() + SignedDuration::from_mins(25);
    let how = How { revoke_keys: true, ..How::default() };
    let done = restored(&file, &identity, folder.path(), how, later).await.unwrap();
    let store = store(folder.path());
    let invitation =
        store.invitation(invited["id"].as_str().unwrap().parse().unwrap()).await.unwrap().unwrap();
    assert!(invitation.expires_at <= later, "an invitation that may have been spent is void");
    let hash = worpen::core::digest::sha256_hex(key.as_bytes());
    let key = store.key_by_hash(&hash).await.unwrap();
    assert!(key.is_none_or(|key| key.revoked_at.is_some()), "every key was revoked");
    let schedule = store.schedule("nightly").await.unwrap().unwrap().schedule;
    assert!(schedule.next_at.unwrap() > later, "{schedule:?}");
    assert!(schedule.last_error.unwrap().contains("restored"));
    let (_, end) = store.event_bounds().await.unwrap().unwrap();
    assert!(end > last + 1_000_000, "{end} is above whatever was given out after {last}");
    assert!(store.skipped_events().await.unwrap() > 1_000_000);
    let entries = store.audit(done.manifest.audit.number, 10).await.unwrap();
    assert_eq!(entries[0].entry.action, "server.restored");
}
