use super::*;
use crate::proto::link::{Ack, AgentFrame};

fn frame(sequence: u64) -> AgentFrame {
    AgentFrame::Ack(Ack { sequence })
}

fn sent(outbox: &mut Outbox) -> Vec<(String, bool)> {
    std::iter::from_fn(|| outbox.next()).map(|frame| (frame.text.to_string(), frame.again)).collect()
}

#[test]
fn what_is_not_acknowledged_is_sent_again_under_its_own_sequence() {
    let mut outbox = Outbox::default();
    for _ in 0..3 {
        assert!(outbox.push(FrameKind::Event, frame));
    }
    let first = sent(&mut outbox);
    assert_eq!(first.len(), 3);
    let mut landed = 0;
    outbox.acknowledge(1, |_| landed += 1);
    assert_eq!((landed, outbox.len()), (1, 2));
    outbox.resume(2);
    assert_eq!(sent(&mut outbox), [(first[2].0.clone(), true)]);
}

#[test]
fn numbers_go_on_above_what_the_server_holds() {
    let mut outbox = Outbox::default();
    outbox.resume(41);
    assert!(outbox.push(FrameKind::Event, frame));
    assert!(sent(&mut outbox)[0].0.contains("42"));
}

#[test]
fn it_is_bounded_and_keeps_every_result() {
    let mut outbox = Outbox::default();
    let kept = (0..1_000).filter(|_| outbox.push(FrameKind::Telemetry, frame)).count();
    assert_eq!(kept, CAPACITY);
    assert!(outbox.push(FrameKind::Result, frame));
    assert_eq!(sent(&mut outbox).len(), WINDOW);
}
