//! The event stream across broken links.

use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::json;
use worpen::{
    client::{Client, News},
    config::secret::Secret,
    proto::event::{StreamItem, SubscribeRequest},
};

use super::{
    records::event,
    stub::{Answer, Stub, problem},
    terminal::TOKEN,
};

const LAST: u64 = 9;

/// Sends three events from one before the place asked for, then drops the socket; refuses every other attempt.
fn broken() -> Stub {
    let attempts = AtomicUsize::new(0);
    Stub::new(move |seen| {
        if attempts.fetch_add(1, Ordering::SeqCst) % 2 == 1 {
            return problem(503, "starting");
        }
        let after: u64 = seen.query("from").unwrap_or("0").parse().unwrap();
        let numbers = after.max(1)..=(after + 3).min(LAST);
        let event = |number| event(number, "agent.online", None, &json!({})).to_string();
        Answer::Texts(numbers.map(event).collect())
    })
}

#[tokio::test]
async fn a_dropped_socket_costs_no_event_and_brings_none_twice() {
    let stub = broken();
    let client = Client::new(&stub.url(), Some(Secret::new(TOKEN))).unwrap();
    let mut stream = client.stream(SubscribeRequest { from: Some(0), ..SubscribeRequest::default() });
    let (mut numbers, mut lost, mut linked) = (Vec::new(), 0, 0);
    while numbers.last() != Some(&LAST) {
        match stream.next().await.unwrap() {
            News::Item(StreamItem::Events { event }) => numbers.push(event.sequence.parse::<u64>().unwrap()),
            News::Item(other) => panic!("{other:?}"),
            News::Linked => linked += 1,
            News::Lost { .. } => lost += 1,
        }
    }
    assert_eq!(numbers, (1..=LAST).collect::<Vec<_>>());
    assert_eq!(stream.position(), Some(LAST));
    assert_eq!((linked, lost), (3, 4), "two dropped sockets, two refused attempts");
    let bearer = format!("Bearer {TOKEN}");
    assert!(stub.seen().iter().all(|seen| seen.bearer.as_ref() == Some(&bearer)));
}

#[tokio::test]
async fn a_refusal_that_stays_one_ends_the_stream() {
    let stub = Stub::new(|_| problem(403, "viewers only"));
    let client = Client::new(&stub.url(), None).unwrap();
    let error = client.stream(SubscribeRequest::default()).next().await.unwrap_err();
    assert_eq!(error.to_string(), "viewers only");
}
