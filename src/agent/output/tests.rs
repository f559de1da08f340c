use std::{fs, path::Path};

use super::*;

fn open(folder: &Path, limit: u64) -> Arc<Lane> {
    Lane::new(Arc::new(State::open(&folder.join("state.db"), false).unwrap()), limit).unwrap()
}

fn piece(offset: u64, bytes: &[u8]) -> Piece {
    let time = Timestamp::from_microsecond(1_700_000_000_000_001).unwrap();
    Piece { stream: LogStream::Stderr, offset, time, bytes: bytes.to_vec() }
}

fn read(parcels: &[Parcel]) -> Vec<(ExecutionId, Piece)> {
    let read = |parcel: &Parcel| match Frame::decode(&parcel.bytes).unwrap() {
        Frame { execution, body: Body::Printed(piece) } => (execution, piece),
        other => panic!("{other:?}"),
    };
    parcels.iter().map(read).collect()
}

#[test]
fn what_is_kept_comes_back_in_order_until_the_server_has_it() {
    let folder = tempfile::tempdir().unwrap();
    let (one, two) = (ExecutionId::generate(), ExecutionId::generate());
    let lane = open(folder.path(), 1000);
    assert!(lane.keep(one, &[piece(0, b"first"), piece(5, b"second")]));
    assert!(lane.keep(two, &[piece(0, b"other")]));
    drop(lane);
    let lane = open(folder.path(), 1000);
    let parcels = lane.batch(0, usize::MAX).unwrap();
    let expected = [(one, piece(0, b"first")), (one, piece(5, b"second")), (two, piece(0, b"other"))];
    assert_eq!(read(&parcels), expected, "after a restart too");
    let room = parcels[1].cost;
    assert_eq!(read(&lane.batch(parcels[0].number, room).unwrap()), expected[1..2], "as many as fit");
    assert_eq!(read(&lane.batch(parcels[0].number, room - 1).unwrap()), []);
    lane.forget(one, 10).unwrap();
    assert_eq!(read(&lane.batch(0, usize::MAX).unwrap()), expected[1..], "the second is not whole at 10");
    lane.forget(one, 11).unwrap();
    assert!(!lane.holds(one).unwrap() && lane.holds(two).unwrap());
    lane.forget(two, u64::MAX).unwrap();
    assert!(lane.keep(one, &[piece(11, b"third")]));
    let last = lane.batch(0, usize::MAX).unwrap();
    assert!(last[0].number > parcels[2].number, "a place is never given out twice");
}

#[test]
fn the_oldest_of_what_ended_makes_room_and_what_runs_does_not() {
    let folder = tempfile::tempdir().unwrap();
    let (ended, runs) = (ExecutionId::generate(), ExecutionId::generate());
    let lane = open(folder.path(), 100);
    let enter = |id: ExecutionId, result: Option<&str>| {
        lane.state
            .write(Durability::Written, |transaction| {
                transaction.execute(
                    "INSERT INTO execution (id, command, verb, began, result, told) VALUES (?1, '', '', 0, ?2, 0)",
                    params![id.to_string(), result],
                )
            })
            .unwrap()
    };
    enter(ended, Some(r#"{"output":{"bytes":70,"kept":70}}"#));
    enter(runs, None);
    assert!(lane.keep(runs, &[piece(0, &[1; 25])]));
    assert!(lane.keep(ended, &[piece(0, &[2; 35]), piece(35, &[2; 35])]));
    assert!(lane.keep(runs, &[piece(25, &[3; 20])]), "35 bytes of what ended made room");
    let left: Vec<_> =
        read(&lane.batch(0, usize::MAX).unwrap()).into_iter().map(|(id, it)| (id, it.offset)).collect();
    assert_eq!(left, [(runs, 0), (ended, 35), (runs, 25)]);
    let told: String = lane
        .state
        .write(Durability::Written, |transaction| {
            transaction.query_row("SELECT result FROM execution WHERE id = ?1", [ended.to_string()], |row| {
                row.get(0)
            })
        })
        .unwrap();
    assert_eq!(told, r#"{"output":{"bytes":70,"kept":35}}"#, "its end says so");
    assert!(lane.keep(runs, &[piece(45, &[4; 50])]), "and the rest of it");
    assert!(!lane.keep(runs, &[piece(95, &[5; 50])]), "what still runs makes no room");
    assert!(lane.keep(runs, &[piece(95, &[5; 5])]));
}

#[test]
fn a_lane_that_cannot_be_written_says_so_and_gives_its_room_back() {
    let folder = tempfile::tempdir().unwrap();
    let lane = open(folder.path(), 100);
    let drop_table = |transaction: &Transaction<'_>| transaction.execute_batch("DROP TABLE piece");
    lane.state.write(Durability::Written, drop_table).unwrap();
    assert!(!lane.keep(ExecutionId::generate(), &[piece(0, &[1; 90])]));
    assert_eq!(*lane.level(), 0);
    assert!(fs::exists(folder.path().join("state.db")).unwrap(), "nothing is set aside");
}
