use super::*;

const FIRST: Migration = Migration { name: "0001_a", sql: "CREATE TABLE a (i INTEGER)" };
const SECOND: Migration = Migration { name: "0002_b", sql: "CREATE TABLE b (i INTEGER)" };

fn file() -> (tempfile::TempDir, DatabaseFile, Connection) {
    let dir = tempfile::tempdir().unwrap();
    let file = DatabaseFile::claim(dir.path(), "worpen").unwrap();
    let connection = file.writer().unwrap();
    (dir, file, connection)
}

#[test]
fn each_migration_is_applied_once() {
    let (_dir, file, mut connection) = file();
    migrate(&file, &mut connection, &[FIRST]).unwrap();
    migrate(&file, &mut connection, &[FIRST, SECOND]).unwrap();
    migrate(&file, &mut connection, &[FIRST, SECOND]).unwrap();
    connection.execute_batch("INSERT INTO a VALUES (1); INSERT INTO b VALUES (1)").unwrap();
}

#[test]
fn an_unknown_migration_is_of_a_newer_program() {
    let (_dir, file, mut connection) = file();
    migrate(&file, &mut connection, &[FIRST, SECOND]).unwrap();
    let refused = migrate(&file, &mut connection, &[FIRST]).unwrap_err();
    assert!(matches!(&refused, OpenError::Newer { migration, .. } if migration == "0002_b"), "{refused}");
}

#[test]
fn a_changed_text_is_refused() {
    let (_dir, file, mut connection) = file();
    migrate(&file, &mut connection, &[FIRST]).unwrap();
    let other = Migration { sql: "CREATE TABLE a (i INTEGER, j INTEGER)", ..FIRST };
    assert!(matches!(migrate(&file, &mut connection, &[other]), Err(OpenError::Changed { .. })));
}

#[test]
fn a_migration_that_fails_leaves_nothing() {
    let (_dir, file, mut connection) = file();
    let broken = Migration { name: "0001_a", sql: "CREATE TABLE a (i INTEGER); CREATE TABLE a (i INTEGER)" };
    assert!(matches!(migrate(&file, &mut connection, &[broken]), Err(OpenError::Database { .. })));
    migrate(&file, &mut connection, &[FIRST]).unwrap();
}
