//! A log whose beginning is kept no longer.

use std::{fs, time::Duration};

use super::{export, grow, grown, last, offline, tamper, verify};
use crate::harness::until;

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
