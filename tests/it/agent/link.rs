//! Joining, the link, and what waits on disk while there is none.

use std::{collections::BTreeMap, time::Duration};

use jiff::Timestamp;
use worpen::{
    agent::{Identity, JoinError, RunError},
    core::signing::SigningKey,
    proto::{
        endpoint::Empty,
        event::EventKind,
        link::{AgentFrame, LinkErrorCode, ServerFrame},
        telemetry::Telemetry,
    },
};

use super::fleet::{Fleet, Link};

/// A measurement with its sequence.
fn telemetry(frame: AgentFrame) -> Option<(u64, Telemetry)> {
    match frame {
        AgentFrame::Telemetry(telemetry) => Some((telemetry.sequence.unwrap(), telemetry.body)),
        _ => None,
    }
}

/// Sequence and own time of the next sequenced frames.
async fn sequenced(link: &mut Link, count: usize) -> BTreeMap<u64, Timestamp> {
    let mut found = BTreeMap::new();
    while found.len() < count {
        let (sequence, time) = match link.frame().await {
            AgentFrame::Telemetry(frame) => (frame.sequence, frame.body.timestamp),
            AgentFrame::Inventory(frame) => (frame.sequence, frame.body.time),
            AgentFrame::Event(frame) => (frame.sequence, frame.body.time),
            _ => continue,
        };
        found.insert(sequence.unwrap(), time);
    }
    found
}

#[tokio::test]
async fn joining_again_with_the_same_token_gives_the_same_identity() {
    let fleet = Fleet::start().await;
    let token = fleet.token();
    let first = fleet.join(&token).await.unwrap();
    let again = fleet.join(&token).await.unwrap();
    let kept = Identity::load(fleet.folder.path()).unwrap();
    for identity in [&first, &again, &kept] {
        assert_eq!((identity.agent(), identity.name(), identity.site()), (fleet.joined.id, "web-1", "eu"));
        assert_eq!((identity.url(), identity.trusted()), (fleet.address.as_str(), &[fleet.key.public()][..]));
    }
    assert_eq!(first.public_key(), kept.public_key());
    assert!(matches!(fleet.join(&fleet.token()).await, Err(JoinError::AlreadyJoined { .. })));
}

#[tokio::test]
async fn a_server_that_did_not_invite_the_node_is_not_joined() {
    let (mut fleet, real) = (Fleet::start().await, SigningKey::from_seed(&[1; 32]));
    fleet.key = real;
    let error = fleet.join(&fleet.token()).await.err().unwrap();
    assert!(matches!(error, JoinError::OtherServer { .. }), "{error}");
    assert!(Identity::load(fleet.folder.path()).is_err());
}

#[tokio::test]
async fn a_refused_invitation_says_why_and_what_to_do() {
    let fleet = Fleet::start_spent().await;
    let error = fleet.join(&fleet.token()).await.err().unwrap().to_string();
    assert!(
        error.contains("the invitation was used already") && error.contains("worpen agents invite"),
        "{error}"
    );
    let error = fleet.join("wpi_nonsense").await.err().unwrap().to_string();
    assert!(error.contains("wpi_..."), "{error}");
}

#[tokio::test]
async fn an_unreachable_server_is_named() {
    let fleet = Fleet::start().await;
    let mut config = fleet.config();
    config.server = "http://127.0.0.1:1".into();
    let error = worpen::agent::join(&config, &fleet.token()).await.err().unwrap();
    assert!(error.to_string().contains("http://127.0.0.1:1"), "{error}");
}

#[tokio::test]
async fn the_agent_proves_itself_and_syncs_the_epoch_before_anything_else() {
    let mut fleet = Fleet::start().await;
    let agent = fleet.agent().await;
    let link = fleet.hello().await;
    assert_eq!((link.hello().agent_id.as_str(), link.proof().epoch), ("web-1", 0));
    assert_eq!(fleet.epoch_on_disk(), None);
    drop(link);
    let mut link = fleet.link(0).await;
    link.frame().await;
    assert_eq!(fleet.epoch_on_disk(), Some(1));
    let instance = link.proof().instance_nonce.clone();
    drop(link);
    let next = fleet.link(0).await;
    assert_eq!((next.proof().epoch, &next.proof().instance_nonce), (1, &instance));
    agent.stop().await.unwrap();
}

#[tokio::test]
async fn a_server_that_cannot_prove_itself_gets_nothing() {
    let mut fleet = Fleet::start().await;
    let _agent = fleet.agent().await;
    let mut link = fleet.hello().await;
    link.epoch = 9;
    let forged = fleet.welcome(&SigningKey::from_seed(&[66; 32]), &link, 0);
    link.say(&forged).await;
    assert_eq!(link.next().await, None);

    let mut link = fleet.hello().await;
    link.epoch = 9;
    let proof = fleet.welcome(&fleet.key, &link, 0);
    drop(link);
    let mut replayed = fleet.hello().await;
    replayed.say(&proof).await;
    assert_eq!(replayed.next().await, None, "a proof of another link is worth nothing");

    let mut link = fleet.hello().await;
    link.say(&ServerFrame::Sync(Empty {})).await;
    assert_eq!(link.next().await, None, "nothing is heeded before the proof");
    assert_eq!(fleet.epoch_on_disk(), None);
}

/// One unsigned word of whoever answered once ended the agent for good.
#[tokio::test]
async fn a_refusal_that_nobody_proved_does_not_end_the_agent() {
    for code in [LinkErrorCode::Revoked, LinkErrorCode::Quarantined] {
        let mut fleet = Fleet::start().await;
        let agent = fleet.agent().await;
        let mut link = fleet.hello().await;
        link.say_fatal(code, "go away").await;
        assert_eq!(link.next().await, None, "the agent lets go of the link");
        agent.stop().await.expect("it waits to try again until it is told to stop");
    }
}

#[tokio::test]
async fn unacknowledged_frames_come_again_with_their_own_times_and_none_is_missing() {
    let mut fleet = Fleet::start().await;
    let agent = fleet.agent().await;
    let mut link = fleet.link(0).await;
    let first = sequenced(&mut link, 4).await;
    let acknowledged = *first.keys().nth(1).unwrap();
    link.acknowledge(acknowledged).await;
    drop(link);

    let mut link = fleet.link(acknowledged).await;
    let second = sequenced(&mut link, 6).await;
    for (sequence, time) in first.range(acknowledged + 1..) {
        // An inventory gives way to the newer one of this link; everything else is there again.
        assert!(second.get(sequence).is_none_or(|again| again == time), "frame {sequence} changed its time");
    }
    let measured: Vec<u64> = second.keys().copied().collect();
    assert!(measured.windows(2).all(|pair| pair[1] <= pair[0] + 2), "{measured:?}");
    let last = *measured.last().unwrap();
    link.acknowledge(last).await;
    agent.stop().await.unwrap();

    let _agent = fleet.agent().await;
    let mut link = fleet.link(last).await;
    let third = sequenced(&mut link, 2).await;
    assert!(third.keys().all(|sequence| *sequence > last), "numbers go on after a restart: {third:?}");
}

#[tokio::test]
async fn telemetry_goes_on_without_a_link() {
    let mut fleet = Fleet::start().await;
    let _agent = fleet.agent().await;
    let mut link = fleet.link(0).await;
    let (sequence, before) = link.find("telemetry", telemetry).await;
    assert!(before.memory_usage.total_bytes > 0 && !before.cpu_cores.is_empty() && before.uptime_s > Some(0));
    // The link stays open, but nobody reads or answers on it: three intervals of one second make it a lost one.
    let silent = link;
    let mut link = fleet.link(sequence).await;
    drop(silent);
    let mut last = before.timestamp;
    for _ in 0..3 {
        let (_, next) = link.find("telemetry", telemetry).await;
        let distance = next.timestamp.duration_since(last).as_secs_f64();
        assert!(distance > 0.0 && distance < 2.5, "a gap of {distance} s");
        last = next.timestamp;
    }
}

#[tokio::test]
async fn frames_survive_a_kill() {
    let mut fleet = Fleet::start().await;
    let agent = fleet.agent().await;
    let mut link = fleet.link(0).await;
    let before = sequenced(&mut link, 4).await;
    agent.kill(fleet.folder.path()).await;
    drop(link);
    let _agent = fleet.agent().await;
    let mut link = fleet.link(0).await;
    let after = sequenced(&mut link, 5).await;
    let again = before.iter().filter(|(sequence, time)| after.get(sequence) == Some(time)).count();
    assert!(again >= before.len() - 2, "all but replaced inventories: {before:?} {after:?}");
}

#[tokio::test]
async fn a_full_spool_tells_of_its_gap() {
    let mut fleet = Fleet::start().await;
    let mut config = fleet.config();
    config.spool_bytes = 4_000;
    let _agent = fleet.agent_with(config).await;
    let mut link = fleet.link(0).await;
    let gap = link
        .find("a gap", |frame| match frame {
            AgentFrame::Event(event) if event.body.kind == EventKind::SpoolTrimmed => {
                Some(event.body.attributes)
            }
            _ => None,
        })
        .await;
    assert!(gap["telemetry"].as_u64().unwrap() > 0, "{gap:?}");
}

#[tokio::test]
async fn no_engine_is_shown_as_null() {
    let mut fleet = Fleet::start().await;
    let agent = fleet.agent().await;
    let mut link = fleet.link(0).await;
    assert_eq!(
        (&link.hello().container_engine, &*link.hello().capabilities),
        (&None, &["exec".to_owned()][..])
    );
    let inventory = |frame| match frame {
        AgentFrame::Inventory(inventory) => Some(inventory.body),
        _ => None,
    };
    let first = link.find("an inventory", inventory).await;
    assert_eq!((first.container_engine, first.containers.len(), first.images.len()), (None, 0, 0));
    link.say(&ServerFrame::Sync(Empty {})).await;
    link.find("another inventory", inventory).await;
    agent.stop().await.unwrap();
}

#[tokio::test]
async fn a_silent_link_still_beats() {
    let mut fleet = Fleet::start().await;
    let _agent = fleet.agent().await;
    let mut link = fleet.link(0).await;
    link.find("telemetry", telemetry).await;
    let beat = link
        .find("a heartbeat with figures", |frame| match frame {
            AgentFrame::Heartbeat(beat) if beat.cpu.is_some() => Some(beat),
            _ => None,
        })
        .await;
    assert_eq!((beat.agent_id.as_str(), beat.status.as_str()), ("web-1", "ONLINE"));
    assert!(beat.ram.unwrap() > 0.0);
}

#[tokio::test]
async fn a_removed_agent_ends_and_says_how_to_come_back() {
    let mut fleet = Fleet::start().await;
    let agent = fleet.agent().await;
    let mut link = fleet.link(0).await;
    link.say_fatal(LinkErrorCode::Revoked, "an operator removed it").await;
    let error = agent.end().await.unwrap_err();
    assert!(matches!(error, RunError::Revoked { .. }));
    let words = error.to_string();
    assert!(words.contains("an operator removed it") && words.contains("fresh invitation"), "{words}");
}

#[tokio::test]
async fn a_data_folder_has_one_agent() {
    let mut fleet = Fleet::start().await;
    let agent = fleet.agent().await;
    let _link = fleet.link(0).await;
    let second = fleet.agent().await.end().await;
    assert!(matches!(second, Err(RunError::AlreadyRunning(_))));
    agent.stop().await.unwrap();
}

#[tokio::test]
async fn an_agent_without_a_server_stops_at_once() {
    let fleet = Fleet::start().await;
    fleet.join(&fleet.token()).await.unwrap();
    let mut config = fleet.config();
    config.server = "http://127.0.0.1:1".into();
    let agent = fleet.agent_with(config).await;
    tokio::time::timeout(Duration::from_secs(10), agent.stop()).await.unwrap().unwrap();
}
