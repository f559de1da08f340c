//! Real agents that are killed at the points where it matters, and what the next process makes of it.

use std::{
    fs,
    path::Path,
    process::{Child, Command, Stdio},
};

use worpen::proto::command::CommandStatus;

use super::{
    exec::script,
    fleet::{Fleet, Link, soon},
};

/// An agent in a process of its own, killed when the test ends.
pub(super) struct Process(Child);

impl Process {
    pub(super) fn start(folder: &Path, failpoints: &str) -> Self {
        let child = Command::new(env!("CARGO_BIN_EXE_worpen"))
            .args(["agent", "--data"])
            .arg(folder)
            .env("FAILPOINTS", failpoints)
            .env("DOCKER_HOST", "/nowhere/docker.sock")
            .env("WORPEN_CONFIG", "")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        Self(child)
    }

    /// The most bytes of memory that it ever held.
    pub(super) fn most_memory(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.0.id())).unwrap();
        let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
        line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() * 1024
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// How often the program ran.
fn runs(note: &Path) -> usize {
    fs::read_to_string(note).map_or(0, |text| text.lines().count())
}

/// Reads frames until the agent is dead.
async fn dies(mut process: Process, mut link: Link) {
    soon("the end of the link", async { while link.next().await.is_some() {} }).await;
    let status = tokio::task::spawn_blocking(move || process.0.wait().unwrap()).await.unwrap();
    assert!(!status.success(), "it was ended at its failpoint: {status}");
}

#[tokio::test]
async fn an_agent_that_dies_at_any_point_loses_nothing_and_does_nothing_twice() {
    let ends = [
        ("agent.order_taken", None, 0),
        ("agent.began", Some(CommandStatus::Unknown), 0),
        ("agent.acted", Some(CommandStatus::Unknown), 1),
        ("agent.done", Some(CommandStatus::Succeeded), 1),
        ("agent.output_kept", Some(CommandStatus::Succeeded), 1),
        ("agent.told", Some(CommandStatus::Succeeded), 1),
    ];
    for (point, end, ran) in ends {
        let mut fleet = Fleet::start().await;
        fleet.join(&fleet.token()).await.unwrap();
        let note = fleet.folder.path().join("runs");
        let process = Process::start(fleet.folder.path(), &format!("{point}=return"));
        let mut link = fleet.link(0).await;
        let mut order = link.order("exec", script(&format!("echo run >> {}; echo out", note.display())));
        link.send_order(&fleet.key, &order).await;
        dies(process, link).await;
        assert_eq!(runs(&note), ran, "{point}");

        let _process = Process::start(fleet.folder.path(), "");
        let mut link = fleet.link(0).await;
        if let Some(end) = end {
            let (result, _) = link.end(order.execution).await;
            assert_eq!((result.status, result.not_begun), (end, false), "{point}");
            assert!(result.started_at.is_some());
            order.has_begun = true;
        }
        (order.epoch, order.sequence) = (link.epoch, 1);
        link.send_order(&fleet.key, &order).await;
        let (result, _) = link.end(order.execution).await;
        assert_eq!(result.status, end.unwrap_or(CommandStatus::Succeeded), "{point}");
        assert_eq!(runs(&note), 1.min(ran + usize::from(end.is_none())), "{point}: and not twice");
    }
}

#[tokio::test]
async fn a_program_whose_agent_was_killed_is_unknown() {
    let mut fleet = Fleet::start().await;
    fleet.join(&fleet.token()).await.unwrap();
    let mut process = Process::start(fleet.folder.path(), "");
    let mut link = fleet.link(0).await;
    let order = link.order("exec", script("echo before; sleep 2"));
    link.send_order(&fleet.key, &order).await;
    while link.output(order.execution) != b"before\n" {
        link.frame().await;
    }
    process.0.kill().unwrap();
    dies(process, link).await;
    let _process = Process::start(fleet.folder.path(), "");
    let mut link = fleet.link(0).await;
    let (result, _) = link.end(order.execution).await;
    assert_eq!((result.status, result.started_at.is_some()), (CommandStatus::Unknown, true));
}
