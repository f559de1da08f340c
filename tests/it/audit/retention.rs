//! A log whose beginning is kept no longer.

use std::{
    fs::{self, File},
    time::Duration,
};

use jiff::Timestamp;
use serde_json::json;
use worpen::{
    core::audit::head::{SignedHead, heads_in},
    infra::{
        age::Identity,
        audit::export::{Outside, Unverified, verify as verified},
    },
    server::{How, restore},
};

use super::{export, grow, grown, heads::restored, last, offline, tamper, verify};
use crate::harness::{TestServer, http, until};

#[tokio::test]
async fn what_is_kept_no_longer_lies_in_an_archive_and_the_rest_goes_on_from_a_signed_head() {
    let server = grown(120).await;
    let server = server.restart_told(|config| config.audit_retention = Some(Duration::from_millis(1))).await;
    let archives = server.data.join("audit-archive");
    let archive = || {
        let mut files = fs::read_dir(&archives).ok()?.map(|file| file.unwrap().path());
        files.find(|path| path.extension().is_some_and(|ending| ending == "ndjson"))
    };
    until("an archive is there", || archive().is_some()).await;
    let base = loop {
        if let Some(base) = server.app.records.audit_base().await.unwrap() {
            break base.chain.number;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    };
    assert!(base >= 100);
    grow(&server, 5).await;
    let ran = verify(&export(&server).await, &["-o", "json"]).await;
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
    let report: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!((report["base"].as_u64(), report["first"].as_u64()), (Some(base), Some(base + 1)), "{report}");
    let ran = offline(&["audit", "verify", archive().unwrap().to_str().unwrap(), "-o", "json"]).await;
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
    let report: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(report["entries"].as_u64(), Some(base), "the archive holds what is gone");
    assert_eq!(report["newest_head"].as_u64(), Some(base), "and the head that the log goes on from");

    let server = server.restart_after(|_| ()).await;
    assert_eq!(server.app.heads.alarm(), None, "heads of what was trimmed accuse nobody");
    let before = last(&server);
    grow(&server, 1).await;
    assert_eq!(last(&server), before + 1);
    server.stop().await;
}

#[tokio::test]
async fn a_log_that_was_tampered_with_is_not_tidied_away() {
    let server = grown(120).await;
    let server = server
        .restart_after(|data| {
            tamper(data, |store| {
                store.execute("DELETE FROM audit WHERE number = 4", []).unwrap();
            });
        })
        .await;
    let archives = server.data.join("audit-archive");
    let server = server.restart_told(|config| config.audit_retention = Some(Duration::from_millis(1))).await;
    until("an archive was tried", || archives.exists()).await;
    let ran = verify(&export(&server).await, &[]).await;
    assert_eq!(ran.code, 5);
    assert!(ran.out.contains("entry 4 is missing"), "{}", ran.out);
    assert_eq!(server.app.records.audit_base().await.unwrap(), None);
    server.stop().await;
}

/// Starts a server anew that keeps less, and waits until its log is trimmed up to this entry at least.
async fn trimmed(server: TestServer, at_least: u64) -> (TestServer, u64) {
    let server = server.restart_told(|config| config.audit_retention = Some(Duration::from_millis(1))).await;
    loop {
        let base = server.app.records.audit_base().await.unwrap().map_or(0, |base| base.chain.number);
        if base >= at_least {
            return (server, base);
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// After the first trim no backup could be taken, verified or restored: the chain was sought from its first entry on.
#[tokio::test]
async fn a_log_that_was_trimmed_is_backed_up_verified_and_restored() {
    let (server, base) = trimmed(grown(120).await, 100).await;
    let identity = Identity::generate().unwrap();
    let recipient = identity.recipient();
    let server = server.restart_told(|config| config.backup_recipients = vec![recipient]).await;
    let call = http().post(server.at("/api/v1/backups")).bearer_auth(server.admin().await);
    let answer = call.json(&json!({})).send().await.unwrap();
    assert_eq!(answer.status().as_u16(), 200);
    let copies = tempfile::tempdir().unwrap();
    let (file, key) = (copies.path().join("worpen.backup"), copies.path().join("backup.key"));
    fs::write(&file, answer.bytes().await.unwrap()).unwrap();
    fs::write(&key, &*identity.expose()).unwrap();
    server.stop().await;
    let ran =
        offline(&["backup", "verify", file.to_str().unwrap(), "--identity", key.to_str().unwrap()]).await;
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
    let data = copies.path().join("server");
    let done = restore(File::open(&file).unwrap(), vec![identity], &data, How::default(), Timestamp::now())
        .await
        .unwrap();
    assert!(done.manifest.audit.number > base);

    let server = TestServer::start_told(|config| config.data = data).await;
    assert_eq!(server.app.records.audit_base().await.unwrap().unwrap().chain.number, base);
    let ran = verify(&export(&server).await, &[]).await;
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
    server.stop().await;
}

/// A head that had been given away passed for the server's word that it trimmed the log up to there: whoever deleted the
/// beginning wrote it into the store, and neither the server nor its export told.
#[tokio::test]
async fn a_beginning_that_was_deleted_under_a_head_as_its_base_is_found() {
    let server = grown(20).await.restart_after(|_| ()).await;
    grow(&server, 20).await;
    let mut cut = 0;
    let server = server
        .restart_after(|data| {
            let heads = heads_in(&fs::read(data.join("audit-heads.jsonl")).unwrap()).0;
            let mut heads = heads.iter().filter_map(SignedHead::claimed);
            let head = heads.rfind(|head| head.chain.number < 35).unwrap();
            cut = head.chain.number;
            tamper(data, |store| {
                store.execute("DELETE FROM audit WHERE number <= ?1", [cut.cast_signed()]).unwrap();
                let base = "INSERT INTO audit_base (one, number, hash, head) VALUES (1, ?1, ?2, ?3)";
                let envelope = serde_json::to_string(&head.envelope).unwrap();
                store.execute(base, (cut.cast_signed(), head.chain.hash, envelope)).unwrap();
            });
        })
        .await;
    until("the server holds its heads against its log", || server.app.heads.alarm().is_some()).await;
    let ran = verify(&export(&server).await, &[]).await;
    assert_eq!(ran.code, 5, "{}{}", ran.out, ran.err);
    assert!(ran.out.contains(&format!("entries 1 to {cut} are missing")), "{}", ran.out);
    assert!(ran.out.contains("nothing that holds is signed of where the log was trimmed to"), "{}", ran.out);
    server.stop().await;
}

/// Once the entry that told of a restore was trimmed, heads of what the restore had left out raised the alarm.
#[tokio::test(flavor = "multi_thread")]
async fn a_restore_explains_heads_after_the_log_was_trimmed_beyond_it() {
    let (server, lost) = restored(200).await;
    grow(&server, 120).await;
    let (server, base) = trimmed(server, 100).await;
    assert!(base < lost, "{base} and {lost}");
    let server = server.restart().await;
    server.app.heads.hold_file(&server.app).await.unwrap();
    assert_eq!(server.app.heads.alarm(), None);
    let ran = verify(&export(&server).await, &[]).await;
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
    assert!(ran.err.contains("are of entries that the restore left out"), "{}", ran.err);
    server.stop().await;
}

/// An export read the base twice, and when the log was trimmed in between, it told of a deletion.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_export_while_the_log_is_trimmed_is_sound_or_cut_short() {
    let server = grown(400).await;
    let token = server.admin().await;
    let server = server.restart_told(|config| config.audit_retention = Some(Duration::from_millis(1))).await;
    let mut was_trimmed = false;
    while !was_trimmed {
        was_trimmed = server.app.records.audit_base().await.unwrap().is_some();
        let call = http().get(server.at("/api/v1/audit/export")).bearer_auth(&token);
        let Ok(export) = call.send().await.unwrap().bytes().await else { continue };
        match verified(&*export, &Outside::default(), 1) {
            Ok(verified) => assert_eq!(verified.report.findings, []),
            Err(Unverified::CutShort(_)) => {}
            Err(error) => panic!("{error}"),
        }
    }
    server.stop().await;
}
