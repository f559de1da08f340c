//! A dashboard outlives its server.

use std::fs;

use super::Fleet;
use crate::harness::http;

#[tokio::test(flavor = "multi_thread")]
async fn ten_times_the_server_goes_and_comes_and_place_and_marks_stay() {
    let mut fleet = Fleet::start(12).await;
    let mut top = fleet.top((120, 40), &[]);
    top.shows("● live").await;
    top.press("3");
    top.shows("1-36 of 72").await;
    top.press("jj j ");
    top.shows("2 marked").await;
    let row =
        |screen: &str| screen.lines().find(|line| line.contains('▌')).map(|line| line.trim().to_owned());
    let name = |screen: &str| row(screen).and_then(|line| line.split_whitespace().nth(1).map(str::to_owned));
    let before = name(&top.text());
    assert!(before.is_some());
    let node = row(&top.text()).and_then(|line| line.split_whitespace().nth(4).map(str::to_owned)).unwrap();
    let target = format!("/api/v1/containers/{node}%2F{}", before.as_ref().unwrap());
    let token = fleet.token.clone();
    for round in 0..10 {
        let restarted = fleet.server.take().unwrap().restart().await;
        assert_eq!(restarted.url, fleet.url);
        // What happens at the new server is seen: what is shown is not just what was left. Later on the agents take ever
        // longer to come back, as they must.
        if round < 3 {
            let (act, state) = if round % 2 == 0 { ("stop", "exited") } else { ("start", "running") };
            let given = || http().post(restarted.at(&format!("{target}/{act}?wait=60"))).bearer_auth(&token);
            let answer = given().json(&serde_json::json!({})).send().await.unwrap();
            assert_eq!(answer.status().as_u16(), 200);
            fleet.server = Some(restarted);
            top.until(state, |screen| row(screen).is_some_and(|line| line.contains(state))).await;
        } else {
            fleet.server = Some(restarted);
        }
        top.shows("● live").await;
        top.until("place and marks", |screen| screen.contains("2 marked") && name(screen) == before).await;
    }
    top.press("j");
    top.until("keys go on to answer", |screen| name(screen) != before).await;
    fleet.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_gone_is_told_at_once_and_keys_go_on() {
    let mut fleet = Fleet::start(12).await;
    let mut top = fleet.top((120, 40), &[]);
    top.shows("● live").await;
    top.press("3");
    top.shows("1-36 of 72").await;
    fleet.server.take().unwrap().stop().await;
    top.shows("no link to").await;
    top.press("jjj/");
    top.press("x");
    top.escape().await;
    top.shows("what is shown is as old").await;
    top.press("q");
    assert!(top.ended().await.success());
    fleet.stop.cancel();
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_and_theme_are_read_anew_while_it_runs() {
    let fleet = Fleet::start(1).await;
    let path = fleet.settings.path().join("config.toml");
    let mut top = fleet.top((120, 40), &[]);
    top.shows("● live").await;
    fs::write(&path, "[dashboard]\ntheme = 'mono'\n[dashboard.keys]\nquit = 'Q'\n").unwrap();
    top.shows("the configuration was read anew").await;
    top.press("q?");
    top.shows("keys here").await;
    top.escape().await;
    top.hides("keys here").await;
    fs::write(&path, "[dashboard.keys]\nquitt = 'Q'\n").unwrap();
    top.shows("there is no such act; did you mean 'quit'?").await;
    top.press("Q");
    assert!(top.ended().await.success());
    fs::write(&path, "[dashboard]\ntheme = 'drak'\n").unwrap();
    let mut top = fleet.top((120, 40), &[]);
    assert_eq!(top.ended().await.exit_code(), 2);
    top.shows("unknown variant `drak`").await;
    fleet.end().await;
}
