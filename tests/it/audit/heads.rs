//! Heads that agents keep, and a restore that is one.

use std::{
    fs,
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use jiff::Timestamp;
use serde_json::json;
use worpen::{
    config::agent::AgentConfig,
    core::{
        audit::{
            ChainHead,
            head::{SignedHead, heads_in},
        },
        backup::AuditHead,
        change::Change,
        digest::hex,
        port::store::{Observer, Store},
        usecase::{Origin, witness},
    },
    id::ServerId,
    infra::store::SqliteStore,
    proto::{envelope::AuditWitness, event::Event, link::ServerFrame, user::Role},
};

use super::{events, export, grow, grown, health, last, rechain, tamper, verify};
use crate::{
    harness::{TestServer, http, until},
    node::TestNode,
};

#[tokio::test]
async fn an_agent_is_given_heads_and_what_it_gives_back_unmasks_a_log_that_was_cut_off() {
    let server = grown(10).await.restart_after(|_| ()).await;
    let mut node = TestNode::joined(&server, "web-1").await;
    node.witness = Some(AuditWitness::default());
    let mut link = node.link().await;
    let ServerFrame::AuditHead(head) = link.next().await else { panic!("expected AUDIT_HEAD") };
    let signed = SignedHead::open_by(&server.app.audit_keys(), &head).unwrap();
    assert!(signed.chain.number >= 10);
    drop(link);
    node.witness = Some(AuditWitness { last: Some(*head) });

    let server = server
        .restart_after(|data| {
            // Whoever can write here removes what tells of it here.
            fs::remove_file(data.join("audit-heads.jsonl")).unwrap();
            tamper(data, |store| {
                store.execute("DELETE FROM audit WHERE number > 4", []).unwrap();
            });
        })
        .await;
    assert_eq!(health(&server).await["audit"], "healthy", "nothing here can tell");
    drop(node.link().await);
    until("the server holds the agent's head against its log", || server.app.heads.alarm().is_some()).await;
    let told = events(&server, "audit.tampered").await;
    assert_eq!((told.len(), &told[0]["data"]["witness"]), (1, &"agent:web-1".into()), "{told:?}");
    assert_eq!(health(&server).await["status"], "degraded");
    let ran = verify(&export(&server).await, &[]).await;
    assert_eq!(ran.code, 5, "{}", ran.out);
    assert!(ran.out.contains("kept by agents (given back 1 times) tells"), "{}", ran.out);
    drop(node.link().await);
    assert_eq!(events(&server, "audit.tampered").await.len(), 1, "one head raises one alarm");

    // The agent has a newer head now. The alarm was gone with the process that had heard of the old one.
    let server = server.restart().await;
    server.app.heads.hold_file(&server.app).await.unwrap();
    assert!(server.app.heads.alarm().is_some());
    assert_eq!(verify(&export(&server).await, &[]).await.code, 5);
    server.stop().await;
}

#[tokio::test]
async fn a_hostile_agent_cannot_raise_the_alarm() {
    let server = grown(5).await;
    let mut node = TestNode::joined(&server, "web-1").await;
    let forged = SignedHead::sign(
        &worpen::core::signing::SigningKey::from_seed(&[3; 32]),
        server.app.server,
        worpen::core::audit::ChainHead { number: 999, hash: [1; 32] },
        Timestamp::now(),
    );
    node.witness = Some(AuditWitness { last: Some(forged.envelope) });
    let mut link = node.link().await;
    // Its head was looked at before anything is said to it.
    let ServerFrame::AuditHead(_) = link.next().await else { panic!("expected AUDIT_HEAD") };
    assert_eq!(server.app.heads.alarm(), None);
    assert_eq!(events(&server, "audit.tampered").await.len(), 0);
    server.stop().await;
}

#[tokio::test]
async fn a_real_agent_keeps_heads_in_a_file_that_verifies() {
    let server = grown(10).await.restart_after(|_| ()).await;
    let invitation = worpen::server::invite_locally(&server.app, "web-1").await.unwrap();
    let data = server.data.join("agent");
    worpen::agent::join(&AgentConfig::new(&server.url, &data), &invitation.token).await.unwrap();
    let stop = tokio_util::sync::CancellationToken::new();
    let agent = tokio::spawn(worpen::agent::run(AgentConfig::new(&server.url, &data), stop.clone()));
    let heads = data.join("audit-heads.jsonl");
    until("the agent keeps a head", || heads.exists()).await;
    stop.cancel();
    agent.await.unwrap().unwrap();
    assert_eq!(heads_in(&fs::read(&heads).unwrap()).0.len(), 1);
    let log = export(&server).await;
    let ran = verify(&log, &["--heads", heads.to_str().unwrap()]).await;
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
    server.stop().await;
}

struct Nobody;

impl Observer for Nobody {
    fn committed(&self, _: &[Event]) {}
}

/// Commits the entry of a restore to the store of a server that is stopped, dated so.
fn tell_restored(data: &Path, server: ServerId, time: Timestamp) {
    let store = SqliteStore::open(data, Arc::new(Nobody)).unwrap();
    let from = *store.audit_chain().borrow();
    let from = AuditHead { number: from.number, hash: hex(&from.hash) };
    let origin = Origin::server(time, "restore");
    let entry = witness::restored(server, &from, &json!({ "taken_at": "2026-05-12T11:00:00Z" }), &origin);
    tokio::task::block_in_place(|| {
        tokio::runtime::Handle::current().block_on(store.commit(Change::new().audit(entry))).unwrap();
    });
}

/// A server that was put back to a few entries after it had so many more, and the last of those.
pub(super) async fn restored(more: usize) -> (TestServer, u64) {
    let server = grown(6).await;
    let copies = tempfile::tempdir().unwrap();
    let copy = copies.path().join("worpen.db");
    let server = server
        .restart_after(|data| {
            fs::copy(data.join("worpen.db"), &copy).unwrap();
        })
        .await;
    grow(&server, more).await;
    let (id, end) = (server.app.server, last(&server));
    let server = server
        .restart_after(|data| {
            fs::copy(&copy, data.join("worpen.db")).unwrap();
            tell_restored(data, id, Timestamp::now());
        })
        .await;
    assert!(last(&server) < end);
    (server, end)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restore_that_the_log_tells_of_is_no_tampering_and_is_shown() {
    let (server, end) = restored(20).await;
    let mut node = TestNode::joined(&server, "web-1").await;
    let heads = fs::read(server.data.join("audit-heads.jsonl")).unwrap();
    let lost = heads_in(&heads)
        .0
        .into_iter()
        .rfind(|head| SignedHead::claimed(head).is_some_and(|head| head.chain.number == end));
    node.witness = Some(AuditWitness { last: lost });
    assert!(node.witness.as_ref().unwrap().last.is_some());
    server
        .app
        .heads
        .take(&server.app, node.witness.as_ref().unwrap().last.as_ref().unwrap(), "agent:web-1")
        .await
        .unwrap();
    assert_eq!(server.app.heads.alarm(), None);
    let ran = verify(&export(&server).await, &[]).await;
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
    assert!(ran.err.contains("tells that the server was restored from a backup"), "{}", ran.err);
    assert!(ran.err.contains("are of entries that the restore left out"), "{}", ran.err);
    assert_eq!(events(&server, "audit.tampered").await.len(), 0);

    // What was lost after the restore is no part of it.
    grow(&server, 10).await;
    let server = server
        .restart_after(|data| {
            tamper(data, |store| {
                store.execute("DELETE FROM audit WHERE number > 12", []).unwrap();
            });
        })
        .await;
    until("the server holds its heads against its log", || server.app.heads.alarm().is_some()).await;
    server.stop().await;
}

/// An entry that was made up, dated far ahead, explained whatever was cut off after it.
#[tokio::test(flavor = "multi_thread")]
async fn a_restore_that_is_dated_ahead_explains_nothing_that_is_lost_later() {
    let server = grown(6).await;
    let id = server.app.server;
    let ahead = "2999-01-01T00:00:00Z".parse().unwrap();
    let server = server.restart_after(|data| tell_restored(data, id, ahead)).await;
    let made_up = last(&server);
    grow(&server, 20).await;
    let server = server
        .restart_after(|data| {
            tamper(data, |store| {
                let cut = "DELETE FROM audit WHERE number > ?1";
                store.execute(cut, [made_up.cast_signed() + 4]).unwrap();
            });
        })
        .await;
    until("the server holds its heads against its log", || server.app.heads.alarm().is_some()).await;
    let ran = verify(&export(&server).await, &[]).await;
    assert_eq!(ran.code, 5, "{}{}", ran.out, ran.err);
    assert!(
        ran.out.contains(" tells of a restore at 2999-01-01T00:00:00Z, and was in the log at "),
        "{}",
        ran.out
    );
    assert!(ran.out.contains("the log was cut off"), "{}", ran.out);
    server.stop().await;
}

/// What accuses the log lay too far from the end of the file after a while, and then neither the server nor its export told.
#[tokio::test]
async fn a_head_that_accuses_does_so_wherever_in_the_file_it_lies() {
    let server = grown(20).await;
    let (end, id, key) = (last(&server), server.app.server, server.app.trust.current());
    let entry = server.app.records.audit(4, 1).await.unwrap().remove(0);
    let chain = ChainHead { number: 5, hash: entry.hash };
    let sound = SignedHead::sign(&key.signing, id, chain, Timestamp::now()).envelope;
    let sound = serde_json::to_string(&sound).unwrap() + "\n";
    let server = server
        .restart_after(|data| {
            let file = data.join("audit-heads.jsonl");
            let heads = fs::read_to_string(&file).unwrap();
            // Ten times what the export has of the end of the file.
            fs::write(&file, heads + &*sound.repeat(10 * 64 * 1024 / sound.len())).unwrap();
            tamper(data, |store| {
                store.execute("DELETE FROM audit WHERE number > 12", []).unwrap();
            });
        })
        .await;
    until("the server holds its heads against its log", || server.app.heads.alarm().is_some()).await;
    let ran = verify(&export(&server).await, &[]).await;
    assert_eq!(ran.code, 5, "{}{}", ran.out, ran.err);
    assert!(ran.out.contains(&format!("to {end} are gone")), "{}", ran.out);
    // Until somebody looked into it and moved the file away.
    let away = |data: &Path| fs::rename(data.join("audit-heads.jsonl"), data.join("away.jsonl")).unwrap();
    let server = server.restart_after(away).await;
    server.app.heads.hold_file(&server.app).await.unwrap();
    assert_eq!(server.app.heads.alarm(), None);
    assert_eq!(verify(&export(&server).await, &[]).await.code, 0);
    server.stop().await;
}

/// A command key that had been stolen and retired went on to accuse the server whose it had been.
#[tokio::test]
async fn a_key_that_was_retired_accuses_nobody_of_what_came_after() {
    let server = grown(5).await;
    let (stolen, id) = (server.app.trust.current(), server.app.server);
    let token = server.token(Role::Admin).await;
    for step in ["prepare", "activate", "retire"] {
        let body = json!({ "step": step, "force": true, "compromised": step == "retire" });
        let call = http().post(server.at("/api/v1/trust/signing")).bearer_auth(&token).json(&body);
        let answer = call.send().await.unwrap();
        assert_eq!(answer.status().as_u16(), 200, "{step}: {}", answer.text().await.unwrap());
    }
    let retired = server.app.audit_keys().into_iter().find(|key| key.key == stolen.signing.public());
    let until = retired.unwrap().until.unwrap();
    let entries = server.app.records.audit(until, 1).await.unwrap();
    assert_eq!(
        entries[0].entry.action, "trust.turn",
        "the retirement is the entry after the last that counts"
    );
    let forged = |number| {
        let chain = ChainHead { number, hash: [7; 32] };
        SignedHead::sign(&stolen.signing, id, chain, Timestamp::now()).envelope
    };
    server.app.heads.take(&server.app, &forged(until + 1), "agent:web-1").await.unwrap();
    assert_eq!((server.app.heads.alarm(), server.app.heads.told()), (None, vec![]));
    // Of what it signed while it was the server's, it is still a witness, also after a start.
    let server = server.restart().await;
    server.app.heads.take(&server.app, &forged(until + 1), "agent:web-1").await.unwrap();
    assert_eq!(server.app.heads.alarm(), None);
    server.app.heads.take(&server.app, &forged(until), "agent:web-1").await.unwrap();
    assert!(server.app.heads.alarm().is_some());
    let text = fs::read_to_string(export(&server).await).unwrap();
    let header: serde_json::Value = serde_json::from_str(text.lines().next().unwrap()).unwrap();
    assert_eq!(header["until"], json!({ stolen.signing.public().to_string(): until }));
    server.stop().await;
}

/// A head that this process had signed counted as held for as long as it ran, whatever was done to the log meanwhile.
#[tokio::test]
async fn a_log_that_is_changed_under_a_running_server_is_seen_by_who_links_then() {
    let server = grown(20).await;
    let chain = *server.app.heads.chain.borrow();
    let head =
        SignedHead::sign(&server.app.trust.current().signing, server.app.server, chain, Timestamp::now());
    server.app.heads.publish(head.clone());
    server.app.heads.take(&server.app, &head.envelope, "agent:web-1").await.unwrap();
    assert_eq!(server.app.heads.alarm(), None);
    tamper(&server.data, |store| {
        let edit = "UPDATE audit SET entry = replace(entry, 'key.issue', 'key.other') WHERE number = 7";
        assert_eq!(store.execute(edit, []).unwrap(), 1);
        rechain(store, 7);
    });
    let deadline = Instant::now() + Duration::from_secs(20);
    while server.app.heads.alarm().is_none() {
        assert!(Instant::now() < deadline, "who links is not asked again");
        server.app.heads.take(&server.app, &head.envelope, "agent:web-1").await.unwrap();
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    server.stop().await;
}
