//! Heads that agents keep, and a restore that is one.

use std::{fs, sync::Arc};

use jiff::Timestamp;
use serde_json::json;
use worpen::{
    config::agent::AgentConfig,
    core::{
        audit::head::{SignedHead, heads_in},
        backup::AuditHead,
        change::Change,
        digest::hex,
        port::store::{Observer, Store},
        usecase::{Origin, witness},
    },
    infra::store::SqliteStore,
    proto::{envelope::AuditWitness, event::Event, link::ServerFrame},
};

use super::{events, export, grow, grown, health, last, tamper, verify};
use crate::{harness::until, node::TestNode};

#[tokio::test]
async fn an_agent_is_given_heads_and_what_it_gives_back_unmasks_a_log_that_was_cut_off() {
    let server = grown(10).await.restart_after(|_| ()).await;
    let mut node = TestNode::joined(&server, "web-1").await;
    node.witness = Some(AuditWitness::default());
    let mut link = node.link().await;
    let ServerFrame::AuditHead(head) = link.next().await else { panic!("expected AUDIT_HEAD") };
    let signed = SignedHead::open(&server.app.audit_keys(), &head).unwrap();
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

#[tokio::test(flavor = "multi_thread")]
async fn a_restore_that_the_log_tells_of_is_no_tampering_and_is_shown() {
    let server = grown(6).await;
    let copies = tempfile::tempdir().unwrap();
    let copy = copies.path().join("worpen.db");
    let server = server
        .restart_after(|data| {
            fs::copy(data.join("worpen.db"), &copy).unwrap();
        })
        .await;
    let mut node = TestNode::joined(&server, "web-1").await;
    grow(&server, 20).await;
    let (id, end) = (server.app.server, last(&server));
    let server = server
        .restart_after(|data| {
            fs::copy(&copy, data.join("worpen.db")).unwrap();
            let store = SqliteStore::open(data, Arc::new(Nobody)).unwrap();
            let from = *store.audit_chain().borrow();
            assert!(from.number < end);
            let origin = Origin::server(Timestamp::now(), "restore");
            let from = AuditHead { number: from.number, hash: hex(&from.hash) };
            let entry = witness::restored(id, &from, &json!({ "taken_at": "2026-05-12T11:00:00Z" }), &origin);
            let change = Change::new().audit(entry);
            tokio::task::block_in_place(|| {
                tokio::runtime::Handle::current().block_on(store.commit(change)).unwrap();
            });
        })
        .await;
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
