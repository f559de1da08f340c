//! What holds of SQLite's files alone.

use std::{
    path::Path,
    sync::{Arc, Mutex},
};

use rusqlite::Connection;
use tempfile::tempdir;
use worpen::{
    core::{
        change::{Change, CommitError, Value},
        port::{
            records::Records,
            store::{Observer, Store},
        },
    },
    infra::store::{OpenError, SqliteStore, SqliteTelemetry},
    proto::event::Event,
};

use super::{
    changes::{claiming, event, statement},
    engine::{Seen, all_events, assert_whole},
};

fn open(dir: &Path) -> Result<SqliteStore, OpenError> {
    SqliteStore::open(dir, Arc::new(Seen::default()))
}

fn edit(dir: &Path, sql: &str) {
    Connection::open(dir.join("worpen.db")).unwrap().execute_batch(sql).unwrap();
}

#[test]
fn two_stores_on_one_directory_are_refused() {
    let dir = tempdir().unwrap();
    let (store, telemetry) = (open(dir.path()).unwrap(), SqliteTelemetry::open(dir.path()).unwrap());
    let refused = open(dir.path()).unwrap_err();
    assert!(matches!(refused, OpenError::Locked { .. }), "{refused}");
    assert!(refused.to_string().contains("is held by another worpen server"), "{refused}");
    assert!(matches!(SqliteTelemetry::open(dir.path()), Err(OpenError::Locked { .. })));
    drop((store, telemetry));
    open(dir.path()).unwrap();
}

#[test]
fn a_newer_database_is_refused_with_its_reason() {
    let dir = tempdir().unwrap();
    drop(open(dir.path()).unwrap());
    edit(dir.path(), "INSERT INTO migrations VALUES ('9999_beyond', 'checksum', 0)");
    let refused = open(dir.path()).unwrap_err().to_string();
    assert!(
        refused.contains("was written by a newer worpen") && refused.contains("9999_beyond"),
        "{refused}"
    );
}

#[test]
fn a_changed_migration_is_refused() {
    let dir = tempdir().unwrap();
    drop(open(dir.path()).unwrap());
    edit(dir.path(), "UPDATE migrations SET checksum = 'other'");
    assert!(matches!(open(dir.path()), Err(OpenError::Changed { .. })));
}

#[test]
fn the_server_keeps_the_id_of_its_first_start() {
    let dir = tempdir().unwrap();
    let first = open(dir.path()).unwrap().server_id();
    assert_eq!(open(dir.path()).unwrap().server_id(), first);
}

#[test]
fn closing_folds_the_log_into_the_file() {
    let dir = tempdir().unwrap();
    let store = open(dir.path()).unwrap();
    assert!(dir.path().join("worpen.db-wal").exists());
    drop(store);
    assert!(!dir.path().join("worpen.db-wal").exists());
}

/// Sets how many pages the writer's file may have; that the pragma answers is what the caller is told of.
async fn limit_pages(store: &SqliteStore, sql: &'static str) {
    let limited = store.commit(Change::new().write(statement("test.limit", sql, Vec::new()))).await;
    assert!(matches!(limited, Err(CommitError::Unavailable(_))), "{limited:?}");
}

#[tokio::test]
async fn a_full_disk_acknowledges_nothing_and_once_there_is_room_the_next_change_goes_on() {
    let dir = tempdir().unwrap();
    let seen = Arc::new(Seen::default());
    let store = SqliteStore::open(dir.path(), seen.clone()).unwrap();
    store.commit(claiming("before", 1)).await.unwrap();
    limit_pages(&store, "PRAGMA max_page_count = 1").await;
    let large = || {
        let text = Value::from("x".repeat(100_000));
        statement("settings.put", "INSERT INTO settings (name, value) VALUES ('large', ?1)", vec![text])
    };
    for _ in 0..2 {
        let (small, refused) = tokio::join!(
            store.commit(Change::new().event(event(&"x".repeat(100_000)))),
            store.commit(claiming("full", 1).write(large())),
        );
        assert!(matches!(&small, Err(CommitError::Unavailable(why)) if why.contains("full")), "{small:?}");
        assert!(
            matches!(&refused, Err(CommitError::Unavailable(why)) if why.contains("full")),
            "{refused:?}"
        );
    }
    limit_pages(&store, "PRAGMA max_page_count = 1000000").await;
    assert_eq!(store.commit(claiming("full", 1).write(large())).await.unwrap().sequence, 2);
    assert_whole(&all_events(&store).await, 1);
    assert_eq!(seen.events(), all_events(&store).await);
    assert_eq!(store.audit(0, 10).await.unwrap().len(), 2);
}

/// Panics at the second batch.
#[derive(Default)]
struct Faulty(Mutex<bool>);

impl Observer for Faulty {
    fn committed(&self, _: &[Event]) {
        let mut seen = self.0.lock().unwrap();
        assert!(!*seen, "the observer's fault");
        *seen = true;
    }
}

#[tokio::test]
async fn after_a_panic_the_writer_says_so_and_reads_go_on() {
    let dir = tempdir().unwrap();
    let store = SqliteStore::open(dir.path(), Arc::new(Faulty::default())).unwrap();
    store.commit(claiming("a", 1)).await.unwrap();
    for key in ["b", "c"] {
        let refused = store.commit(claiming(key, 1)).await;
        assert!(
            matches!(&refused, Err(CommitError::Unavailable(why)) if why.contains("stopped after a fault")),
            "{refused:?}"
        );
    }
    assert!(store.idempotency("user:ada", "Test", "a").await.unwrap().is_some());
    drop(store);
    open(dir.path()).unwrap();
}
