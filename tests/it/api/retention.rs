//! What is kept no longer, and how readers hear of it.

use std::{sync::Arc, time::Duration};

use futures_util::StreamExt;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use tokio_tungstenite::{
    connect_async,
    tungstenite::{Message, client::IntoClientRequest},
};
use worpen::{
    core::{
        change::{Change, NewEvent},
        port::store::Store,
        statement::idempotency::{Claim, claim},
        usecase::retention::{Kept, trim},
    },
    proto::event::EventKind,
};

use super::get;
use crate::harness::{TestServer, until};

/// Commits events of another time.
async fn happened(store: &Arc<dyn Store>, count: usize, at: Timestamp) {
    let mut change = Change::new();
    for _ in 0..count {
        change = change.event(NewEvent::new(EventKind::ServerStarted, at, "server", json!({})));
    }
    store.commit(change).await.unwrap();
}

#[tokio::test]
async fn what_is_too_many_is_removed_and_readers_are_told_of_the_gap() {
    let server = TestServer::start_told(|config| config.event_count = 1000).await;
    happened(&server.app.store, 3000, Timestamp::now()).await;
    let app = server.app.clone();
    let last = app.feed.last();
    let deadline = tokio::time::Instant::now() + Duration::from_secs(20);
    let first = loop {
        let (first, _) = app.records.event_bounds().await.unwrap().unwrap();
        if first == last - 999 {
            break first;
        }
        assert!(tokio::time::Instant::now() < deadline, "the first kept is {first} of {last}");
        tokio::task::yield_now().await;
    };
    drop(app);
    let (_, page) = get(&server, "/api/v1/events/history?from=5&limit=10").await;
    // Whoever signs in to look is an event too, for which the oldest makes room.
    let after = |gap: &Value| {
        let to = gap["to"].as_u64().unwrap();
        assert!(gap["from"] == 6 && to >= first - 1, "{gap}");
        format!("{:020}", to + 1)
    };
    assert_eq!(page["items"][0]["sequence"], after(&page["gap"]));
    let (_, page) = get(&server, &format!("/api/v1/events/history?from={}&limit=10", first + 100)).await;
    assert_eq!(page["gap"], Value::Null);

    let url = server.at("/api/v1/events/subscribe?from=5").replace("http", "ws");
    let mut request = url.into_client_request().unwrap();
    let bearer = format!("Bearer {}", server.admin().await);
    request.headers_mut().insert("authorization", bearer.parse().unwrap());
    let mut socket = connect_async(request).await.unwrap().0;
    let mut items = Vec::new();
    while items.len() < 3 {
        if let Message::Text(text) = socket.next().await.unwrap().unwrap() {
            items.push(serde_json::from_str::<Value>(&text).unwrap());
        }
    }
    assert_eq!(items[1]["class"], "gap");
    assert_eq!(items[2]["event"]["sequence"], after(&items[1]));
    until("the watcher is counted", || server.app.feed.last() > 0).await;
    server.stop().await;
}

#[tokio::test]
async fn old_events_and_claims_go_and_the_last_event_stays() {
    let server = TestServer::start().await;
    let app = server.app.clone();
    let now = Timestamp::now();
    let old = now - SignedDuration::from_hours(24 * 31);
    happened(&app.store, 2500, old).await;
    let made = Claim {
        caller: "user:ada".into(),
        endpoint: "POST /x".into(),
        key: "1".into(),
        body_hash: "0".into(),
    };
    for (key, at) in
        [("old", now - SignedDuration::from_hours(25)), ("young", now - SignedDuration::from_hours(1))]
    {
        let made = Claim { key: key.into(), ..made.clone() };
        app.store.commit(Change::new().write(claim(&made, "r".into(), at))).await.unwrap();
    }
    // A claim that no longer holds gives way, one that does not.
    let again = |key: &str| claim(&Claim { key: key.into(), ..made.clone() }, "s".into(), now);
    app.store.commit(Change::new().write(again("old"))).await.unwrap();
    let held = app.store.commit(Change::new().write(again("young"))).await.unwrap_err();
    assert!(held.is_conflict_of("idempotency.claim"), "{held}");
    let renewed = app.records.idempotency("user:ada", "POST /x", "old").await.unwrap().unwrap();
    assert_eq!(renewed.resource, "s");
    let kept = Kept { age: SignedDuration::from_hours(24 * 30), events: 1_000_000 };
    let last = app.feed.last();
    let mut rounds = 0;
    let next = loop {
        // The first events of the log are young: they hold back what a clock that was set back made look older.
        let next =
            trim(&*app.store, &*app.records, kept, now + SignedDuration::from_hours(24 * 40)).await.unwrap();
        rounds += 1;
        if !next.more {
            break next;
        }
    };
    assert!(rounds >= 3, "a thousand at a time");
    assert_eq!(next.first, last, "the last event stays, however old");
    assert_eq!(app.records.event_bounds().await.unwrap(), Some((last, last)));
    assert!(app.records.idempotency("user:ada", "POST /x", "old").await.unwrap().is_none());
    drop(app);
    let server = server.restart().await;
    assert!(server.app.feed.last() > last, "the next event follows the last");
    server.stop().await;
}
