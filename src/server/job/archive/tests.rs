use async_trait::async_trait;
use serde_json::json;
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

use super::*;
use crate::{
    config::server::ServerConfig,
    core::{
        audit::{RESTORED, hash_of},
        change::{Change, CommitError, Committed},
        port::store::Store,
    },
    infra::audit::HeadsFile,
    server::Server,
};

/// An archivist of a log of 150 entries, and the server that holds it.
async fn archivist() -> (TempDir, Server, Archivist) {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("server");
    let mut config = ServerConfig::resolve(Some("127.0.0.1:0"), data, |_| None).unwrap();
    config.ballast_bytes = 1024 * 1024;
    let server = Server::open(&config, CancellationToken::new()).await.unwrap();
    let app = server.app().clone();
    while app.heads.chain.borrow().number < 150 {
        note(&app, "test.noted").await;
    }
    (folder, server, Archivist { app, kept: Duration::ZERO, ready: None })
}

async fn note(app: &App, action: &str) {
    let entry = Origin::server(clock::now(), "test").done(action, "test", json!({}));
    app.store.commit(Change::new().audit(entry)).await.unwrap();
}

/// Signs a head of the entry that the log ends with, and adds it to the file.
fn sign(app: &App) {
    let chain = *app.heads.chain.borrow();
    let head = SignedHead::sign(&app.trust.current().signing, app.server, chain, clock::now());
    HeadsFile::open(&app.heads.file).unwrap().add(&head.envelope).unwrap();
}

/// What the folder of archives holds.
fn files(app: &App) -> Vec<String> {
    let Ok(found) = fs::read_dir(app.data.join(FOLDER)) else { return Vec::new() };
    found.map(|file| file.unwrap().file_name().into_string().unwrap()).collect()
}

/// Changes an entry and makes the hashes of all that follow fit.
fn rewrite(app: &App, number: i64) {
    let store = rusqlite::Connection::open(app.data.join("worpen.db")).unwrap();
    let edit = "UPDATE audit SET entry = replace(entry, 'test.noted', 'test.other') WHERE number = ?1";
    assert_eq!(store.execute(edit, [number]).unwrap(), 1);
    let mut rows = store
        .prepare("SELECT number, entry, previous FROM audit WHERE number >= ?1 ORDER BY number")
        .unwrap();
    let rows: Vec<(i64, String, [u8; 32])> = rows
        .query_map([number], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    let mut previous = rows[0].2;
    for (number, text, _) in rows {
        let hash = hash_of(app.server, number.cast_unsigned(), &previous, text.as_bytes());
        let fit = "UPDATE audit SET previous = ?2, hash = ?3 WHERE number = ?1";
        store.execute(fit, (number, previous, hash)).unwrap();
        previous = hash;
    }
}

#[tokio::test]
async fn the_oldest_entries_move_into_an_archive_with_the_restores_that_they_tell_of() {
    let (_folder, _server, mut archivist) = archivist().await;
    let app = archivist.app.clone();
    note(&app, RESTORED).await;
    note(&app, "test.noted").await;
    sign(&app);
    assert!(archivist.archive_oldest().await.unwrap());
    let stored = app.records.audit_base().await.unwrap().unwrap();
    let base = witness::base(&*app.records, app.server, &app.audit_keys()).await.unwrap().unwrap();
    assert_eq!((base.chain, stored.chain.number), (stored.chain, 152));
    assert_eq!(base.restores.iter().map(|told| told.number).collect::<Vec<_>>(), [151]);
    let tells = &app.records.audit(152, 10).await.unwrap()[0].entry;
    assert_eq!((tells.action.as_str(), &tells.detail["up_to"]), ("audit.trimmed", &json!(152)));
    assert_eq!(files(&app), ["audit-000000000001-000000000152.ndjson"]);
    assert!(!archivist.archive_oldest().await.unwrap(), "what is left is too little");
}

/// A log that had been rewritten, with hashes that fit, was archived and trimmed: what accused it was trimmed away with it.
#[tokio::test]
async fn a_log_that_was_rewritten_is_not_archived() {
    let (_folder, _server, mut archivist) = archivist().await;
    let app = archivist.app.clone();
    sign(&app);
    rewrite(&app, 7);
    let refused = archivist.archive_oldest().await.unwrap_err().to_string();
    assert!(refused.contains("was changed before or at entry 150"), "{refused}");
    assert_eq!((files(&app).len(), app.records.audit_base().await.unwrap()), (0, None));
    // It is not the alarm alone that says so: the change may have come after the file was looked at.
    let (_folder, _server, mut archivist) = self::archivist().await;
    let app = archivist.app.clone();
    sign(&app);
    app.heads.hold_file(&app).await.unwrap();
    rewrite(&app, 7);
    assert_eq!(app.heads.alarm(), None);
    let refused = archivist.archive_oldest().await.unwrap_err().to_string();
    assert!(
        refused.contains("the log was tampered with: entries 1 to 150 are not those that were"),
        "{refused}"
    );
    assert_eq!((files(&app).len(), app.records.audit_base().await.unwrap()), (0, None));
}

/// Whoever could write to the store put a head there as the base.
#[tokio::test]
async fn a_log_whose_base_nobody_signed_is_not_archived() {
    let (_folder, _server, mut archivist) = archivist().await;
    let app = archivist.app.clone();
    let chain = app.records.audit_older(Timestamp::MAX, 10).await.unwrap().unwrap();
    let head = SignedHead::sign(&app.trust.current().signing, app.server, chain, clock::now());
    let store = rusqlite::Connection::open(app.data.join("worpen.db")).unwrap();
    let base = "INSERT INTO audit_base (one, number, hash, head) VALUES (1, ?1, ?2, ?3)";
    let envelope = serde_json::to_string(&head.envelope).unwrap();
    store.execute(base, (chain.number.cast_signed(), chain.hash, envelope)).unwrap();
    let refused = archivist.archive_oldest().await.unwrap_err().to_string();
    assert!(refused.contains("nothing proves where the log was trimmed to"), "{refused}");
}

/// An archive was written into the ballast of a full disk each hour, and the trim that would have made room was refused.
#[tokio::test]
async fn a_full_disk_takes_a_trim_and_no_archive() {
    let (_folder, _server, mut archivist) = archivist().await;
    let app = archivist.app.clone();
    app.room.note(true, 0, 1);
    let refused = archivist.archive_oldest().await.unwrap_err();
    assert!(matches!(refused, Error::Full { .. }), "{refused}");
    assert_eq!(files(&app).len(), 0);

    struct Full(std::sync::Mutex<Option<Change>>);
    #[async_trait]
    impl Store for Full {
        async fn commit(&self, change: Change) -> Result<Committed, CommitError> {
            *self.0.lock().unwrap() = Some(change);
            Err(CommitError::Full("no room".into()))
        }
    }
    let full = Full(std::sync::Mutex::default());
    let due = archivist.due(1, clock::now()).await.unwrap().unwrap();
    let base = SignedBase::sign(&app.trust.current().signing, app.server, due.chain, vec![], clock::now());
    let origin = Origin::server(clock::now(), "test");
    retention::audit::trim(&full, &base, "archive", &origin).await.unwrap_err();
    assert!(full.0.lock().unwrap().take().unwrap().is_vital());
}

#[tokio::test]
async fn an_archive_whose_entries_were_not_removed_is_what_the_next_try_removes_by() {
    let (_folder, _server, mut archivist) = archivist().await;
    let app = archivist.app.clone();
    let due = archivist.due(1, clock::now()).await.unwrap().unwrap();
    keep(&app, &due, None, clock::now()).await.unwrap();
    let (first, end) = (files(&app), due.chain.number);
    archivist.ready = Some(due);
    note(&app, "test.noted").await;
    app.room.note(true, 0, 1);
    assert!(archivist.archive_oldest().await.unwrap(), "an archive that is there needs no room");
    assert_eq!(app.records.audit_base().await.unwrap().unwrap().chain.number, end);
    assert_eq!(files(&app), first);
}
