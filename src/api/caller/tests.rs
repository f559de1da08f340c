//! What is remembered of callers, and when it is forgotten.

use jiff::SignedDuration;
use serde_json::json;

use super::*;
use crate::{
    id::{EventId, UserId},
    proto::{event::EventKind, user::Role},
};

fn ada() -> Caller {
    Caller { user: UserId::generate(), username: "ada".into(), role: Role::Viewer, key: None, session: None }
}

fn event(kind: EventKind) -> Event {
    Event {
        specversion: "1.0".into(),
        id: EventId::generate(),
        source: "/servers/1".into(),
        kind,
        subject: None,
        time: Timestamp::UNIX_EPOCH,
        sequence: "1".into(),
        actor: "server".into(),
        correlationid: None,
        causationid: None,
        datacontenttype: "application/json".into(),
        data: json!({}),
    }
}

#[test]
fn a_caller_is_remembered_until_the_credentials_expire_or_any_caller_changes() {
    let (callers, ada, now) = (Callers::default(), ada(), Timestamp::UNIX_EPOCH);
    let until = now + SignedDuration::from_secs(10);
    callers.shown.remember([1; 32], &ada, until, 0);
    assert_eq!(callers.shown.recall(&[1; 32], now), (Some(ada.clone()), 0));
    assert_eq!(callers.shown.recall(&[2; 32], now).0, None);
    assert_eq!(callers.shown.recall(&[1; 32], until).0, None, "expired");
    callers.committed(&[event(EventKind::UserSignedIn), event(EventKind::ContainerDied)]);
    assert_eq!(callers.shown.recall(&[1; 32], now).0, Some(ada));
    callers.committed(&[event(EventKind::ContainerDied), event(EventKind::KeyRevoked)]);
    assert_eq!(callers.shown.recall(&[1; 32], now), (None, 1));
}

#[test]
fn what_the_store_said_before_a_revocation_is_not_remembered_after_it() {
    let (callers, now) = (Callers::default(), Timestamp::UNIX_EPOCH);
    let (_, asked) = callers.shown.recall(&[1; 32], now);
    callers.committed(&[event(EventKind::KeyRevoked)]);
    callers.shown.remember([1; 32], &ada(), Timestamp::MAX, asked);
    assert_eq!(callers.shown.recall(&[1; 32], now).0, None);
}

#[test]
fn no_more_are_remembered_than_there_is_room_for() {
    let callers = Callers::default();
    for number in 0..3000_u32 {
        let mut hash = [0; 32];
        hash[..4].copy_from_slice(&number.to_le_bytes());
        callers.shown.remember(hash, &ada(), Timestamp::MAX, 0);
        assert!(callers.shown.count() <= remembered::MOST);
    }
}
