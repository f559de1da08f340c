//! What can be done to a log, and what `worpen audit verify` says of it.

use std::fs;

use super::{Ran, events, export, grow, grown, health, last, offline, rechain, tamper, verify, worpen};

/// The verdict, as a script reads it.
fn kinds(ran: &Ran) -> Vec<(String, u64, Option<u64>)> {
    assert_eq!(ran.code, 5, "{}{}", ran.out, ran.err);
    let report: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(report["sound"], false);
    let found = report["findings"].as_array().unwrap().iter();
    found
        .map(|one| {
            (one["kind"].as_str().unwrap().to_owned(), one["number"].as_u64().unwrap(), one["to"].as_u64())
        })
        .collect()
}

fn one(kind: &str, number: u64, to: Option<u64>) -> Vec<(String, u64, Option<u64>)> {
    vec![(kind.to_owned(), number, to)]
}

/// From where on the log is gone, and up to where. A head may have been signed of entries that the log has anew, which is told
/// beside it.
fn cut_off(found: &[(String, u64, Option<u64>)]) -> (u64, Option<u64>) {
    let (gone, beside): (Vec<_>, Vec<_>) = found.iter().partition(|(kind, ..)| kind == "cut_off");
    assert!(beside.iter().all(|(kind, ..)| kind == "cut_and_continued"), "{found:?}");
    assert_eq!(gone.len(), 1, "{found:?}");
    (gone[0].1, gone[0].2)
}

#[tokio::test]
async fn a_log_that_nobody_touched_is_sound_with_and_without_a_server() {
    let server = grown(20).await.restart_after(|_| ()).await;
    let log = export(&server).await;
    let ran = verify(&log, &[]).await;
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
    assert!(ran.out.contains("sound: entries 1 to "), "{}", ran.out);
    assert!(ran.out.contains("entries/s"), "{}", ran.out);
    let heads = server.data.join("audit-heads.jsonl");
    let ran = verify(&log, &["--heads", heads.to_str().unwrap(), "-o", "json"]).await;
    let report: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!((ran.code, &report["sound"]), (0, &true.into()), "{}", ran.out);
    assert!(report["newest_head"].as_u64() >= Some(20), "{report}");
    let online = worpen(&server, &["audit", "verify"]).await;
    assert_eq!(online.code, 0, "{}{}", online.out, online.err);
    assert_eq!(health(&server).await["audit"], "healthy");
    server.stop().await;
}

#[tokio::test]
async fn an_edit_is_found() {
    let server = grown(20).await;
    let server = server
        .restart_after(|data| {
            tamper(data, |store| {
                let edit =
                    "UPDATE audit SET entry = replace(entry, 'key.issue', 'key.other') WHERE number = 7";
                assert_eq!(store.execute(edit, []).unwrap(), 1);
            });
        })
        .await;
    let log = export(&server).await;
    assert_eq!(kinds(&verify(&log, &["-o", "json"]).await), one("edited", 7, None));
    let ran = worpen(&server, &["audit", "verify"]).await;
    assert_eq!(ran.code, 5, "the server's own export says it too");
    assert!(ran.out.contains("entry 7 was changed: it does not fit its own hash"), "{}", ran.out);
    server.stop().await;
}

#[tokio::test]
async fn a_deletion_is_found() {
    let server = grown(20).await;
    let server = server
        .restart_after(|data| {
            tamper(data, |store| {
                assert_eq!(store.execute("DELETE FROM audit WHERE number IN (7, 8, 12)", []).unwrap(), 3);
            });
        })
        .await;
    let log = export(&server).await;
    let found = kinds(&verify(&log, &["-o", "json"]).await);
    assert_eq!(found, [one("deleted", 7, Some(8)), one("deleted", 12, Some(12))].concat());
    server.stop().await;
}

#[tokio::test]
async fn two_entries_that_were_swapped_are_found() {
    let server = grown(20).await;
    let server = server
        .restart_after(|data| {
            tamper(data, |store| {
                // Of 7 and 8 what they say, of 12 and 15 all but their place.
                let text = |number: i64| -> String {
                    let sql = "SELECT entry FROM audit WHERE number = ?1";
                    store.query_row(sql, [number], |row| row.get(0)).unwrap()
                };
                for (number, text) in [(7, text(8)), (8, text(7))] {
                    store.execute("UPDATE audit SET entry = ?2 WHERE number = ?1", (number, text)).unwrap();
                }
                store
                    .execute_batch(
                        "UPDATE audit SET number = -12 WHERE number = 12;
                         UPDATE audit SET number = 12 WHERE number = 15;
                         UPDATE audit SET number = 15 WHERE number = -12;",
                    )
                    .unwrap();
            });
        })
        .await;
    let log = export(&server).await;
    let found = kinds(&verify(&log, &["-o", "json"]).await);
    assert_eq!(found, [one("swapped", 7, Some(8)), one("swapped", 12, Some(15))].concat());
    server.stop().await;
}

#[tokio::test]
async fn a_truncation_is_found_by_heads_that_lie_elsewhere() {
    let server = grown(20).await;
    let end = last(&server);
    let elsewhere = tempfile::tempdir().unwrap();
    let heads = elsewhere.path().join("heads.jsonl");
    let server = server
        .restart_after(|data| {
            fs::rename(data.join("audit-heads.jsonl"), &heads).unwrap();
            tamper(data, |store| {
                store.execute("DELETE FROM audit WHERE number > 12", []).unwrap();
            });
        })
        .await;
    assert_eq!(last(&server), 12);
    let log = export(&server).await;
    assert_eq!(verify(&log, &[]).await.code, 0, "in itself the log is sound");
    // Exporting writes two entries: a key for the caller, and the export.
    let found = kinds(&verify(&log, &["--heads", heads.to_str().unwrap(), "-o", "json"]).await);
    assert_eq!(cut_off(&found), (15, Some(end)), "{found:?}");
    server.stop().await;
}

#[tokio::test]
async fn a_truncation_with_new_entries_is_found_and_the_server_says_so_at_its_start() {
    let server = grown(20).await;
    let end = last(&server);
    let server = server
        .restart_after(|data| {
            tamper(data, |store| {
                store.execute("DELETE FROM audit WHERE number > 12", []).unwrap();
            });
        })
        .await;
    crate::harness::until("the server holds its heads against its log", || {
        server.app.heads.alarm().is_some()
    })
    .await;
    grow(&server, 20).await;
    let told = events(&server, "audit.tampered").await;
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!(told[0]["data"]["witness"], "the file of heads");
    assert_eq!((told[0]["data"]["number"].as_u64(), &told[0]["data"]["found"]), (Some(end), &().into()));
    let health = health(&server).await;
    assert_eq!((&health["status"], &health["audit"]), (&"degraded".into(), &"degraded".into()));
    let log = export(&server).await;
    let found = kinds(&verify(&log, &["-o", "json"]).await);
    // Heads of the time before still hold, and some that were signed since, which vouch for nothing.
    let (kind, from, to) = &found[0];
    assert_eq!((found.len(), kind.as_str(), *to), (1, "cut_and_continued", Some(end)), "{found:?}");
    assert!(*from <= 13, "{found:?}");
    server.stop().await;
}

#[tokio::test]
async fn entries_that_were_changed_and_made_to_fit_are_found() {
    let server = grown(20).await;
    let server = server
        .restart_after(|data| {
            tamper(data, |store| {
                let edit =
                    "UPDATE audit SET entry = replace(entry, 'key.issue', 'key.other') WHERE number = 7";
                assert_eq!(store.execute(edit, []).unwrap(), 1);
                rechain(store, 7);
            });
        })
        .await;
    let log = export(&server).await;
    let found = kinds(&verify(&log, &["-o", "json"]).await);
    assert_eq!((found.len(), found[0].0.as_str()), (1, "rewritten"), "{found:?}");
    assert!(found[0].1 <= 7, "{found:?}");
    assert_eq!(events(&server, "audit.tampered").await.len(), 1);
    server.stop().await;
}

#[tokio::test]
async fn an_old_copy_in_the_place_of_the_log_is_found() {
    let server = grown(6).await;
    let copies = tempfile::tempdir().unwrap();
    let copy = copies.path().join("worpen.db");
    let server = server
        .restart_after(|data| {
            fs::copy(data.join("worpen.db"), &copy).unwrap();
        })
        .await;
    grow(&server, 20).await;
    let end = last(&server);
    let server = server
        .restart_after(|data| {
            fs::copy(&copy, data.join("worpen.db")).unwrap();
        })
        .await;
    crate::harness::until("the server holds its heads against its log", || {
        server.app.heads.alarm().is_some()
    })
    .await;
    let log = export(&server).await;
    let found = kinds(&verify(&log, &["-o", "json"]).await);
    assert_eq!(cut_off(&found).1, Some(end), "{found:?}");
    server.stop().await;
}

#[tokio::test]
async fn a_head_that_was_altered_does_not_pass() {
    let server = grown(20).await.restart_after(|_| ()).await;
    let log = export(&server).await;
    let heads = fs::read_to_string(server.data.join("audit-heads.jsonl")).unwrap();
    let mut altered: serde_json::Value = serde_json::from_str(heads.lines().last().unwrap()).unwrap();
    let other: serde_json::Value = serde_json::from_str(heads.lines().next().unwrap()).unwrap();
    altered["signatures"] = other["signatures"].clone();
    let path = server.data.join("altered.jsonl");
    fs::write(&path, altered.to_string()).unwrap();
    let ran = verify(&log, &["--heads", path.to_str().unwrap()]).await;
    assert_eq!(ran.code, 5, "{}", ran.out);
    assert!(ran.out.contains("has a signature that does not hold"), "{}", ran.out);
    let ran = verify(&log, &["--key", "7d8cSomeOtherKey"]).await;
    assert_eq!(ran.code, 5, "{}", ran.out);
    assert!(ran.out.contains("is one that you trust"), "{}", ran.out);
    server.stop().await;
}

#[tokio::test]
async fn what_is_no_export_or_not_all_of_one_is_not_judged() {
    let server = grown(5).await;
    let log = export(&server).await;
    let text = fs::read_to_string(&log).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    let file = |name: &str, text: String| {
        let path = server.data.join(name);
        fs::write(&path, text).unwrap();
        path
    };
    let short = file("short", lines[..lines.len() - 1].join("\n"));
    let ran = verify(&short, &[]).await;
    assert_eq!(ran.code, 1, "{}", ran.out);
    assert!(ran.err.contains("its last line is missing"), "{}", ran.err);
    for (name, text) in [("other", "{\"a\":1}\n"), ("empty", ""), ("noise", "\u{0}\u{1}\n\n")] {
        let ran = verify(&file(name, text.into()), &[]).await;
        assert_eq!(ran.code, 1, "{name}: {}{}", ran.out, ran.err);
        assert!(ran.err.contains("not an export"), "{}", ran.err);
    }
    let ran = offline(&["audit", "verify", "/nonexistent"]).await;
    assert_eq!(ran.code, 2, "{}", ran.err);
    server.stop().await;
}
