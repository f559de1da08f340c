use super::*;

#[test]
fn an_event_within_a_run_has_a_cause_and_others_have_none() {
    let claims = Claims::default();
    let (execution, before) = (ExecutionId::generate(), Timestamp::now() - SignedDuration::from_secs(5));
    let held = claims.hold("abc", execution);
    assert_eq!(claims.cause("abc", Timestamp::now()), Some(execution));
    assert_eq!(claims.cause("abc", before), None);
    assert_eq!(claims.cause("def", Timestamp::now()), None);
    let within = Timestamp::now();
    drop(held);
    assert_eq!(claims.cause("abc", within), Some(execution), "an event may come after the end");
    assert_eq!(claims.cause("abc", Timestamp::now() + SignedDuration::from_secs(5)), None);
}

#[tokio::test]
async fn waiting_ends_when_the_event_is_on_its_way() {
    let claims = Claims::default();
    let execution = ExecutionId::generate();
    let held = claims.hold("abc", execution);
    let wait = held.until_seen(EventKind::ContainerStopped, Duration::from_secs(60));
    let tell = async {
        claims.saw(execution, EventKind::ContainerDied);
        tokio::task::yield_now().await;
        claims.saw(execution, EventKind::ContainerStopped);
    };
    tokio::join!(wait, tell);
}
