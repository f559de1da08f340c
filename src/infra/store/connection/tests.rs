use std::os::unix::fs::PermissionsExt;

use super::*;

#[test]
fn a_sqlite_with_the_wal_reset_bug_is_refused() {
    let refused = refuse_old_sqlite(3_051_002, "3.51.2").unwrap_err().to_string();
    assert!(refused.contains("SQLite 3.51.2") && refused.contains("3.51.3"), "{refused}");
    assert!(refuse_old_sqlite(OLDEST_SQLITE, "3.51.3").is_ok());
}

#[test]
fn only_the_owner_may_look() {
    let parent = tempfile::tempdir().unwrap();
    let dir = parent.path().join("data");
    let file = DatabaseFile::claim(&dir, "worpen").unwrap();
    let connection = file.writer().unwrap();
    connection.execute_batch("CREATE TABLE t (i INTEGER)").unwrap();
    let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&dir), 0o700);
    for name in ["worpen.db", "worpen.db-wal", "worpen.db-shm", "worpen.lock"] {
        assert_eq!(mode(&dir.join(name)), 0o600, "{name}");
    }
}

#[test]
fn a_commit_is_synced_and_a_reader_cannot_write() {
    let dir = tempfile::tempdir().unwrap();
    let file = DatabaseFile::claim(dir.path(), "worpen").unwrap();
    let writer = file.writer().unwrap();
    let pragma = |name| writer.pragma_query_value(None, name, |row| row.get::<_, i64>(0)).unwrap();
    assert_eq!((pragma("synchronous"), pragma("foreign_keys")), (2, 1));
    writer.execute_batch("CREATE TABLE t (i INTEGER)").unwrap();
    assert!(file.reader().unwrap().execute("INSERT INTO t VALUES (1)", []).is_err());
}
