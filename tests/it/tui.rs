//! The dashboard in real terminals: what it shows, what keys do, and how it leaves.

pub(crate) mod pty;
mod recovery;
mod restore;
mod screens;
mod slow;
mod tmux;
mod views;

use std::time::Duration;

use tempfile::TempDir;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use worpen::sim::{self, Plan, Report, SimError};

use self::pty::Terminal;
use crate::harness::TestServer;

/// A server with simulated agents, and what a dashboard needs to reach it.
struct Fleet {
    server: Option<TestServer>,
    token: String,
    url: String,
    stop: CancellationToken,
    running: JoinHandle<Result<Report, SimError>>,
    settings: TempDir,
}

impl Fleet {
    /// A fleet of so many agents with 6 containers each.
    async fn start(agents: u32) -> Self {
        let server = TestServer::start().await;
        let token = server.admin().await;
        let plan = Plan {
            token: Some(token.clone()),
            prefix: "web".into(),
            containers: 6,
            ramp: Duration::from_millis(200),
            duration: Duration::from_secs(300),
            log_lines: 60.0,
            ..Plan::new(&server.url, agents, 7)
        };
        let stop = CancellationToken::new();
        let running = tokio::spawn(sim::run(plan, stop.clone(), |_| {}));
        let settings = tempfile::tempdir().unwrap();
        let url = server.url.clone();
        let fleet = Self { server: Some(server), token, url, stop, running, settings };
        let app = fleet.server.as_ref().unwrap().app.clone();
        let all = usize::try_from(agents * 6).unwrap();
        crate::harness::until("all containers are known", || app.fleet.read().containers().count() == all)
            .await;
        fleet
    }

    /// A dashboard in a terminal of this size.
    fn top(&self, size: (u16, u16), arguments: &[&str]) -> Terminal {
        Terminal::open(size, &[&["top", "--server", &self.url], arguments].concat(), |command| {
            self.equip(command);
        })
    }

    fn equip(&self, command: &mut portable_pty::CommandBuilder) {
        command.env("WORPEN_TOKEN", &self.token);
        command.env("WORPEN_CONFIG_DIR", self.settings.path());
    }

    async fn end(mut self) {
        self.stop.cancel();
        let _ = self.running.await;
        self.server.take().unwrap().stop().await;
    }
}
