//! The dashboard within tmux, as operators run it.

use std::{path::Path, process::Command, time::Duration};

use tokio::time::{Instant, sleep};

use super::Fleet;
use crate::support::absent;

/// A tmux server of its own.
struct Tmux<'a>(&'a Path);

impl Tmux<'_> {
    fn run(&self, arguments: &[&str]) -> String {
        let output = Command::new("tmux")
            .arg("-S")
            .arg(self.0)
            .args(["-f", "/dev/null"])
            .args(arguments)
            .output()
            .unwrap();
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    async fn shows(&self, text: &str) -> String {
        let deadline = Instant::now() + Duration::from_secs(20);
        loop {
            let screen = self.run(&["capture-pane", "-p"]);
            if screen.contains(text) {
                return screen;
            }
            assert!(Instant::now() < deadline, "waited in vain for {text}:\n{screen}");
            sleep(Duration::from_millis(20)).await;
        }
    }
}

impl Drop for Tmux<'_> {
    fn drop(&mut self) {
        let _ = Command::new("tmux").arg("-S").arg(self.0).arg("kill-server").output();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn within_tmux_views_resizing_detaching_and_the_clipboard_work() {
    if Command::new("tmux").arg("-V").output().is_err() {
        return absent("tmux");
    }
    let fleet = Fleet::start(12).await;
    let socket = fleet.settings.path().join("tmux");
    let tmux = Tmux(&socket);
    let line = format!(
        "WORPEN_TOKEN={} WORPEN_CONFIG_DIR={} LANG=C.UTF-8 {} top --server {}; echo it ended with $?; exec sh",
        fleet.token,
        fleet.settings.path().display(),
        env!("CARGO_BIN_EXE_worpen"),
        fleet.url
    );
    tmux.run(&["new-session", "-d", "-x", "110", "-y", "30", &line]);
    tmux.run(&["set", "-g", "set-clipboard", "on"]);
    tmux.shows("live").await;
    tmux.run(&["send-keys", "3"]);
    tmux.shows("1-26 of 72").await;
    tmux.run(&["send-keys", "y"]);
    let screen = tmux.shows("copied web-").await;
    let copied = screen.lines().find_map(|line| line.split("copied ").nth(1)).unwrap().trim().to_owned();
    let deadline = Instant::now() + Duration::from_secs(20);
    while tmux.run(&["list-buffers"]).is_empty() && Instant::now() < deadline {
        sleep(Duration::from_millis(20)).await;
    }
    assert!(copied.starts_with(tmux.run(&["show-buffer"]).trim()), "{copied}");
    tmux.run(&["resize-window", "-x", "80", "-y", "20"]);
    tmux.shows("1-16 of 72").await;
    tmux.run(&["send-keys", "q"]);
    tmux.shows("it ended with 0").await;
    // Its socket lies in the fleet's folder.
    drop(tmux);
    fleet.end().await;
}
