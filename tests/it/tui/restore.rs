//! The terminal is left as it was found, however the dashboard ends.

use std::{fs, time::Duration};

use rustix::process::Signal;

use super::{Fleet, pty::Terminal};

fn assert_restored(top: &Terminal) {
    let modes = top.screen(|screen| {
        (
            screen.alternate_screen(),
            screen.hide_cursor(),
            screen.bracketed_paste(),
            screen.mouse_protocol_mode(),
        )
    });
    assert_eq!(modes, (false, false, false, vt100::MouseProtocolMode::None));
    assert!(top.is_cooked(), "lines are edited and shown again");
}

async fn opened(fleet: &Fleet) -> Terminal {
    let mut top = fleet.top((80, 24), &["--mouse"]);
    top.shows("● live").await;
    assert!(top.screen(vt100::Screen::alternate_screen) && !top.is_cooked());
    top
}

async fn over(top: &mut Terminal) -> u32 {
    let status = top.ended().await;
    crate::harness::until("everything it wrote was read", || top.is_over() || top.is_cooked()).await;
    status.exit_code()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_and_each_signal_leave_the_terminal_as_it_was() {
    let fleet = Fleet::start(1).await;
    for (signal, code) in
        [(None, 0), (Some(Signal::TERM), 130), (Some(Signal::HUP), 130), (Some(Signal::INT), 130)]
    {
        let mut top = opened(&fleet).await;
        match signal {
            Some(signal) => top.signal(signal),
            None => top.press("q"),
        }
        assert_eq!(over(&mut top).await, code, "{signal:?}");
        assert_restored(&top);
    }
    fleet.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_gives_the_terminal_back_and_tells_its_story() {
    let fleet = Fleet::start(1).await;
    let mut top = Terminal::open((80, 24), &["top", "--server", &fleet.url], |command| {
        fleet.equip(command);
        command.env("WORPEN_PANIC_KEY", "!");
    });
    top.shows("● live").await;
    top.press("!");
    assert_ne!(over(&mut top).await, 0);
    assert_restored(&top);
    let told = String::from_utf8_lossy(&top.bytes()).into_owned();
    let (before, after) = told.rsplit_once("\x1b[?1049l").expect("it left the other screen");
    assert!(
        !before.contains("panicked") && after.contains("panicked"),
        "the story is told on the shell's screen: {after}"
    );
    fleet.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn stopped_it_gives_the_terminal_back_and_continued_it_takes_it_again() {
    let fleet = Fleet::start(1).await;
    for by_key in [true, false] {
        let mut top = opened(&fleet).await;
        top.press("2");
        top.shows("1-1 of 1").await;
        if by_key {
            top.press("\x1a");
        } else {
            top.signal(Signal::TSTP);
        }
        let state = format!("/proc/{}/stat", top.pid().as_raw_nonzero());
        let is_stopped = || {
            fs::read_to_string(&state)
                .is_ok_and(|stat| stat.rsplit(')').next().is_some_and(|rest| rest.starts_with(" T")))
        };
        crate::harness::until("it is stopped", is_stopped).await;
        crate::harness::until("the terminal is cooked", || top.is_cooked()).await;
        crate::harness::until("the screen is the shell's", || !top.screen(vt100::Screen::alternate_screen))
            .await;
        assert_restored(&top);
        top.signal(Signal::CONT);
        crate::harness::until("the terminal is raw", || !top.is_cooked()).await;
        top.shows("1-1 of 1").await;
        top.press("q");
        assert_eq!(over(&mut top).await, 0);
        assert_restored(&top);
    }
    fleet.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_terminal_that_goes_away_ends_it() {
    let fleet = Fleet::start(1).await;
    let top = opened(&fleet).await;
    let pid = top.pid();
    drop(top);
    let gone = || !fs::exists(format!("/proc/{}", pid.as_raw_nonzero())).unwrap_or(true);
    crate::harness::until("it is gone", gone).await;
    fleet.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_terminal_without_a_cursor_gets_an_error_and_no_escape() {
    let fleet = Fleet::start(1).await;
    for term in ["dumb", ""] {
        let mut top = Terminal::open((80, 24), &["top", "--server", &fleet.url], |command| {
            fleet.equip(command);
            command.env("TERM", term);
        });
        assert_eq!(top.ended().await.exit_code(), 2);
        crate::harness::until("its words were read", || top.text().contains("hint")).await;
        assert!(!top.bytes().contains(&0x1b), "{:?}", String::from_utf8_lossy(&top.bytes()));
        assert!(top.text().contains("worpen events tail"));
    }
    fleet.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_screen_comes_before_any_server() {
    let settings = tempfile::tempdir().unwrap();
    // A server that takes the connection and never answers.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", silent.local_addr().unwrap());
    let mut top = Terminal::open((80, 24), &["top", "--server", &url], |command| {
        command.env("WORPEN_TOKEN", "wpk_nobody");
        command.env("WORPEN_CONFIG_DIR", settings.path());
    });
    top.shows("fleet").await;
    top.shows("connecting to").await;
    top.press("?");
    top.shows("keys here").await;
    top.escape().await;
    tokio::time::timeout(Duration::from_secs(10), top.hides("keys here")).await.unwrap();
    top.press("q");
    assert_eq!(over(&mut top).await, 0);
}
