use super::*;
use crate::proto::output::Outcome;

fn line(text: &str, stream: LogStream) -> Line {
    Line {
        time: "2026-05-12T09:00:00.123456789Z".parse().unwrap(),
        stream,
        bytes: text.into(),
        continues: text.is_empty(),
    }
}

#[test]
fn every_frame_reads_back_as_it_was_written() {
    let execution = ExecutionId::generate();
    let many = (0..2000).map(|n| line(&format!("line {n}"), LogStream::Stdout)).collect();
    for body in [
        Body::Begun(Timestamp::UNIX_EPOCH),
        Body::Lines(vec![]),
        Body::Lines(vec![line("out", LogStream::Stdout), line("", LogStream::Stderr)]),
        Body::Lines(many),
        Body::Document(b"{}".to_vec()),
        Body::Ended(Ended { outcome: Outcome::Refused, detail: Some("no".into()) }),
    ] {
        let frame = Frame { execution, body };
        let (bytes, cost) = frame.encode();
        let ends = matches!(frame.body, Body::Ended(_));
        assert_eq!(peek(&bytes), Ok(Peek { execution, cost, ends }));
        assert_eq!((cost, Frame::decode(&bytes)), (frame.cost(), Ok(frame)));
    }
}

#[test]
fn a_bomb_is_refused_before_it_goes_off() {
    let execution = ExecutionId::generate();
    let frame = Frame { execution, body: Body::Document(vec![0; MAX_PIECE_BYTES]) };
    let (honest, _) = frame.encode();
    assert!(honest.len() < 1024);
    let huge = zstd::bulk::compress(&vec![0; 64 * MAX_PIECE_BYTES], 1).unwrap();
    let bomb = [&honest[..HEADER_BYTES], &huge].concat();
    assert_eq!(Frame::decode(&bomb), Err(Malformed::Payload));
    let mut liar = bomb;
    liar[20..24].copy_from_slice(&u32::MAX.to_be_bytes());
    assert_eq!(Frame::decode(&liar), Err(Malformed::TooLarge));
}

#[test]
fn what_is_no_frame_is_told_apart() {
    let frame =
        Frame { execution: ExecutionId::generate(), body: Body::Lines(vec![line("out", LogStream::Stdout)]) };
    let (good, _) = frame.encode();
    let with = |at: usize, value: u8| {
        let mut bytes = good.clone();
        bytes[at] = value;
        Frame::decode(&bytes)
    };
    let stuffed = [&good[..], &[0; 1000]].concat();
    assert_eq!(peek(&stuffed), Err(Malformed::Payload), "no frame is larger than what it costs");
    let mut odd = good.clone();
    odd[1] = 9;
    assert_eq!(execution_of(&odd), Some(frame.execution), "whose it is can be told all the same");
    assert_eq!((execution_of(&good[..23]), execution_of(&[9; 64])), (None, None));
    assert_eq!(Frame::decode(&good[..23]), Err(Malformed::Short));
    assert_eq!(with(0, 2), Err(Malformed::Version));
    assert_eq!(with(1, 5), Err(Malformed::Kind));
    assert_eq!(with(2, 2), Err(Malformed::Kind));
    assert_eq!(with(2, 1), Err(Malformed::Payload));
    assert_eq!(with(23, 1), Err(Malformed::Payload));
    assert_eq!(with(24, 9), Err(Malformed::Content));
    assert_eq!(with(37, 200), Err(Malformed::Content));
    assert_eq!(Frame::decode(&good[..good.len() - 1]), Err(Malformed::Payload));
}
