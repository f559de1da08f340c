use proptest::prelude::*;

use super::*;
use crate::agent::state::State;

fn lane(limit: u64) -> (tempfile::TempDir, Arc<Lane>) {
    let folder = tempfile::tempdir().unwrap();
    let state = Arc::new(State::open(&folder.path().join("state.db"), false).unwrap());
    (folder, Lane::new(state, limit).unwrap())
}

/// Everything that was kept, the last pieces included, and what the end says of it.
fn recorded(head: u32, parts: &[(LogStream, Vec<u8>)]) -> (Vec<Piece>, Option<OutputSize>) {
    let (_folder, lane) = lane(u64::MAX / 2);
    let mut recorder = Recorder::new(lane, ExecutionId::generate(), head, &[]);
    let mut pieces = Vec::new();
    for (stream, bytes) in parts {
        recorder.take(*stream, bytes);
        if recorder.is_full() {
            pieces.append(&mut recorder.pending);
            recorder.kept += std::mem::take(&mut recorder.pending_bytes) as u64;
        }
    }
    let printed = recorder.finish();
    pieces.extend(printed.last);
    (pieces, printed.size)
}

proptest! {
    #[test]
    fn the_first_and_the_last_are_kept_exactly_and_the_rest_is_counted(
        head in 0_u32..100_000,
        sizes in prop::collection::vec((any::<bool>(), 1_usize..90_000), 0..12),
    ) {
        let mut next = 0_u32;
        let parts: Vec<(LogStream, Vec<u8>)> = sizes
            .into_iter()
            .map(|(is_error, size)| {
                let bytes = (0..size).map(|_| { next = next.wrapping_mul(1_664_525).wrapping_add(1_013_904_223); (next >> 24) as u8 });
                (if is_error { LogStream::Stderr } else { LogStream::Stdout }, bytes.collect())
            })
            .collect();
        let whole: Vec<(LogStream, u8)> =
            parts.iter().flat_map(|(stream, bytes)| bytes.iter().map(|byte| (*stream, *byte))).collect();
        let (pieces, size) = recorded(head, &parts);
        let head = usize::try_from(head).unwrap().min(whole.len());
        let tail = whole.len().saturating_sub(OUTPUT_TAIL_BYTES).max(head);
        let mut seen = Vec::new();
        for piece in &pieces {
            let from = usize::try_from(piece.offset).unwrap();
            prop_assert!(piece.bytes.len() <= PIECE_BYTES);
            for (place, byte) in piece.bytes.iter().enumerate() {
                prop_assert_eq!(whole[from + place], (piece.stream, *byte));
                seen.push(from + place);
            }
        }
        let expected: Vec<usize> = (0..head).chain(tail..whole.len()).collect();
        prop_assert_eq!(&seen, &expected);
        let told = OutputSize { bytes: whole.len() as u64, kept: expected.len() as u64 };
        prop_assert_eq!(size, (!whole.is_empty()).then_some(told));
    }
}

#[test]
fn streams_that_take_turns_do_not_grow_without_bound() {
    let turn = |place: usize| {
        (if place.is_multiple_of(2) { LogStream::Stdout } else { LogStream::Stderr }, vec![b'x'])
    };
    let parts: Vec<_> = (0..20_000).map(turn).collect();
    let (pieces, size) = recorded(10, &parts);
    assert!(pieces.len() <= 10 + TAIL_PIECES, "{} pieces", pieces.len());
    assert_eq!(size.unwrap().bytes, 20_000);
    assert_eq!(pieces.last().unwrap().offset, 19_999, "what is left of the end is the very end");
}

#[tokio::test]
async fn what_waits_is_due_after_a_moment_and_written_by_a_flush() {
    let (_folder, lane) = lane(1024 * 1024);
    let execution = ExecutionId::generate();
    let mut recorder = Recorder::new(Arc::clone(&lane), execution, 1024, &[]);
    assert!(!lane.holds(execution).unwrap());
    recorder.take(LogStream::Stdout, b"a line\n");
    recorder.due().await;
    recorder.flush().await;
    assert!(lane.holds(execution).unwrap());
    assert!(recorder.due.is_none());
    let printed = recorder.finish();
    assert_eq!((printed.last.len(), printed.size), (0, Some(OutputSize { bytes: 7, kept: 7 })));
}

#[tokio::test]
async fn what_finds_no_room_is_counted_and_left_out() {
    let (_folder, lane) = lane(10);
    let mut recorder = Recorder::new(lane, ExecutionId::generate(), 1024, &[]);
    for part in [b"12345678".as_slice(), b"abcdefgh", b"x"] {
        recorder.take(LogStream::Stdout, part);
        recorder.flush().await;
    }
    let size = recorder.finish().size;
    assert_eq!(size, Some(OutputSize { bytes: 17, kept: 9 }), "what still fits is kept");
}
