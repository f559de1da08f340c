use super::*;

/// Whether an order that was made then is known to have begun or not.
fn vouches_for(state: &State, made_at_ms: u64) -> bool {
    state.write(Durability::Written, |transaction| vouches(transaction, Some(made_at_ms))).unwrap()
}

fn forget(state: &State, counter: &str) {
    let sql = "DELETE FROM counter WHERE name = ?1";
    state.write(Durability::Synced, |transaction| transaction.execute(sql, [counter]).map(drop)).unwrap();
}

#[test]
fn a_new_file_of_an_agent_that_was_linked_vouches_for_nothing_before_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.db");
    assert!(vouches_for(&State::open(&path, false).unwrap(), 1), "it began nothing yet");
    assert!(vouches_for(&State::open(&path, true).unwrap(), 1), "and the file is there since then");
    fs::remove_file(&path).unwrap();
    let state = State::open(&path, true).unwrap();
    assert!(!vouches_for(&state, 1));
    state.vouch_from(Timestamp::from_millisecond(1000).unwrap()).unwrap();
    assert!(vouches_for(&state, 1000) && !vouches_for(&state, 999));
    drop(state);
    let state = State::open(&path, true).unwrap();
    assert!(vouches_for(&state, 1000), "the loss was one, and is not found again");
}

#[test]
fn a_file_that_was_made_without_the_note_of_a_loss_counts_as_lost() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.db");
    // As it was left by a process that ended between making the file and noting the loss, when these were two writes.
    let state = State::open(&path, true).unwrap();
    forget(&state, VOUCHES);
    forget(&state, BORN);
    assert!(vouches_for(&state, 1), "such a file vouches for everything");
    drop(state);
    assert!(!vouches_for(&State::open(&path, true).unwrap(), 1));
}

#[test]
fn the_note_of_a_loss_is_made_with_the_file_or_not_at_all() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.db");
    // A process that ends before the first commit leaves a file without a table.
    let connection = Connection::open(&path).unwrap();
    connection.pragma_update(None, "journal_mode", "WAL").unwrap();
    drop(connection);
    assert!(!vouches_for(&State::open(&path, true).unwrap(), 1));
}

#[test]
fn a_state_that_could_not_be_begun_anew_is_begun_when_that_works_again() {
    let folder = tempfile::tempdir().unwrap();
    let (data, away) = (folder.path().join("data"), folder.path().join("away"));
    fs::create_dir(&data).unwrap();
    let path = data.join("state.db");
    let state = State::open(&path, true).unwrap();
    state.vouch_from(Timestamp::from_millisecond(1000).unwrap()).unwrap();
    // The file turns out to be damaged while its folder cannot be used.
    fs::rename(&data, &away).unwrap();
    let mut damaged = false;
    let spoil = |_: &Transaction<'_>| {
        if std::mem::replace(&mut damaged, true) {
            return Ok(());
        }
        let corrupt = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_CORRUPT);
        Err(rusqlite::Error::SqliteFailure(corrupt, None))
    };
    assert!(state.write(Durability::Written, spoil).is_err());
    assert!(!state.is_well(), "there is no file");
    fs::rename(&away, &data).unwrap();
    fs::remove_file(&path).unwrap();
    // It stayed without a table for as long as the process lived.
    assert!(state.is_well());
    assert!(!vouches_for(&state, 2000), "and what was begun before is not known");
    assert!(path.exists());
}
