use super::*;
use crate::proto::output::LogStream;

fn id(number: u8) -> ExecutionId {
    format!("0198c0de-0000-7000-8000-0000000000{number:02x}").parse().unwrap()
}

fn output(execution: u8, offset: u64, bytes: &[u8]) -> OutputItem {
    let (text, base64) = spelled(bytes);
    OutputItem::Output {
        node: "web-1".into(),
        execution: id(execution),
        stream: LogStream::Stdout,
        offset,
        time: "2026-03-01T12:00:00Z".parse().unwrap(),
        text,
        base64,
    }
}

fn status(execution: u8, status: CommandStatus) -> OutputItem {
    OutputItem::Status {
        node: "web-1".into(),
        execution: id(execution),
        attempt: 1,
        status,
        waits_for: None,
        result: None,
        error_message: None,
        took_ms: None,
    }
}

fn new_bytes(place: &mut Place, item: OutputItem) -> Option<(u64, Vec<u8>)> {
    match place.take(item) {
        Taken::New(OutputItem::Output { offset, text, base64, .. }) => {
            Some((offset, printed(text.as_deref(), base64.as_deref()).unwrap().into_owned()))
        }
        _ => None,
    }
}

#[test]
fn a_new_link_begins_where_the_least_was_read_and_repeats_nothing() {
    let mut place = Place::default();
    assert_eq!(place.open(), 0);
    assert_eq!(new_bytes(&mut place, output(1, 0, b"hello ")), Some((0, b"hello ".to_vec())));
    assert_eq!(new_bytes(&mut place, output(2, 0, b"hi")), Some((0, b"hi".to_vec())));
    assert_eq!(place.open(), 2);
    assert_eq!(new_bytes(&mut place, output(1, 2, b"llo")), None);
    assert_eq!(new_bytes(&mut place, output(1, 2, b"llo world")), Some((6, b"world".to_vec())));
    assert_eq!(new_bytes(&mut place, output(2, 2, b" there")), Some((2, b" there".to_vec())));
}

#[test]
fn bytes_that_are_cut_within_a_character_stay_bytes() {
    let mut place = Place::default();
    let text = "é".as_bytes();
    assert_eq!(new_bytes(&mut place, output(1, 0, &text[..1])), Some((0, text[..1].to_vec())));
    assert_eq!(new_bytes(&mut place, output(1, 0, text)), Some((1, text[1..].to_vec())));
}

#[test]
fn an_execution_whose_beginning_was_not_asked_for_opens_the_link_again() {
    let mut place = Place::default();
    place.take(output(1, 0, b"abc"));
    assert_eq!(place.open(), 3);
    assert!(matches!(place.take(status(2, CommandStatus::Started)), Taken::TooLate));
    assert_eq!(place.open(), 0);
    assert_eq!(new_bytes(&mut place, output(1, 0, b"abc")), None);
    assert_eq!(new_bytes(&mut place, output(2, 0, b"x")), Some((0, b"x".to_vec())));
}

#[test]
fn gaps_and_states_are_told_once() {
    let mut place = Place { base: 2, ..Place::default() };
    assert_eq!(place.open(), 2);
    let gap = OutputItem::Gap { node: "web-1".into(), execution: id(1), offset: 0, bytes: 10 };
    assert!(matches!(place.take(gap.clone()), Taken::New(OutputItem::Gap { offset: 2, bytes: 8, .. })));
    assert!(matches!(place.take(gap), Taken::Seen));
    assert!(matches!(place.take(status(1, CommandStatus::Started)), Taken::New(_)));
    assert!(matches!(place.take(status(1, CommandStatus::Started)), Taken::Seen));
    assert!(matches!(place.take(status(1, CommandStatus::Succeeded)), Taken::New(_)));
}
