//! [`Report`]: what the simulated agents did and how the server answered.

use std::{collections::BTreeMap, fmt};

use serde::Serialize;

/// What the simulated agents did so far.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Report {
    /// What it can be had again from.
    pub seed: u64,
    /// What the names of the agents have in common.
    pub names: String,
    /// Agents that were asked for.
    pub agents: u32,
    /// Seconds since the start.
    pub seconds: f64,
    /// Agents that are linked now.
    pub linked: u64,
    /// The most that were linked at a time.
    pub peak: u64,
    /// Agents that joined in this run.
    pub joins: u64,
    /// Links that the server welcomed.
    pub links: u64,
    /// Those of them that were not an agent's first.
    pub reconnects: u64,
    /// Links that were cut on purpose.
    pub cuts: u64,
    /// Frames sent, by kind.
    pub frames: BTreeMap<&'static str, u64>,
    /// Frames sent again after a reconnect.
    pub resent: u64,
    /// Measurements and events for which the window had no room.
    pub shed: u64,
    /// Frames that were not acknowledged at the end.
    pub unacknowledged: u64,
    /// Bytes of all frames sent, without WebSocket and TCP.
    pub bytes_sent: u64,
    /// Bytes of all frames received.
    pub bytes_received: u64,
    /// Acknowledgements received.
    pub acks: u64,
    /// Orders taken.
    pub orders: Orders,
    /// Questions asked, and what was told.
    pub questions: Questions,
    /// From sending a frame to its acknowledgement, which comes after the server's commit.
    pub ack_latency: Latency,
    /// From opening a connection to WELCOME.
    pub welcome_latency: Latency,
    /// What went wrong, by kind.
    pub errors: BTreeMap<&'static str, Errors>,
}

/// What became of orders.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Orders {
    /// They did what they should.
    pub succeeded: u64,
    /// They did not.
    pub failed: u64,
    /// They were not to be obeyed.
    pub refused: u64,
}

/// What became of questions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Questions {
    /// Their answers began, whether or not somebody read them to their end.
    pub answered: u64,
    /// They were answered with a no.
    pub refused: u64,
    /// Lines of logs that were sent.
    pub lines: u64,
}

/// How long something took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Latency {
    /// How often it was measured.
    pub count: u64,
    /// Half were as fast.
    pub p50_ms: f64,
    /// 99 of 100 were as fast.
    pub p99_ms: f64,
    /// The slowest.
    pub max_ms: f64,
}

/// Errors of a kind.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Errors {
    /// How many.
    pub count: u64,
    /// What the first one said.
    pub example: String,
}

impl Report {
    /// How it goes, on one line.
    #[must_use]
    pub fn progress(&self) -> String {
        let errors: u64 = self.errors.values().map(|errors| errors.count).sum();
        format!(
            "{:.0} s: {} of {} linked, {} frames, ack p99 {:.1} ms, {} orders, {errors} errors",
            self.seconds,
            self.linked,
            self.agents,
            self.frames.values().sum::<u64>(),
            self.ack_latency.p99_ms,
            self.orders.succeeded + self.orders.failed,
        )
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let frames: u64 = self.frames.values().sum();
        let kinds: Vec<String> = self.frames.iter().map(|(kind, count)| format!("{kind} {count}")).collect();
        writeln!(f, "agents    {} named {}-NNNNN, seed {}", self.agents, self.names, self.seed)?;
        writeln!(f, "time      {:.1} s", self.seconds)?;
        writeln!(f, "linked    {} at the end, {} at most", self.linked, self.peak)?;
        writeln!(
            f,
            "links     {} joined, {} links, {} reconnects, {} cut on purpose",
            self.joins, self.links, self.reconnects, self.cuts
        )?;
        writeln!(f, "frames    {frames} ({})", kinds.join(", "))?;
        writeln!(
            f,
            "window    {} sent again, {} shed, {} not acknowledged at the end",
            self.resent, self.shed, self.unacknowledged
        )?;
        writeln!(f, "bytes     {} sent, {} received", self.bytes_sent, self.bytes_received)?;
        writeln!(f, "acks      {}; {}", self.acks, self.ack_latency)?;
        writeln!(f, "welcome   {}", self.welcome_latency)?;
        let Orders { succeeded, failed, refused } = self.orders;
        writeln!(f, "orders    {succeeded} succeeded, {failed} failed, {refused} refused")?;
        let Questions { answered, refused, lines } = self.questions;
        writeln!(f, "questions {answered} answered, {refused} refused, {lines} lines of logs")?;
        if self.errors.is_empty() {
            return writeln!(f, "errors    none");
        }
        self.errors.iter().try_for_each(|(kind, errors)| {
            writeln!(f, "errors    {} {kind}: {}", errors.count, errors.example)
        })
    }
}

impl fmt::Display for Latency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { count, p50_ms, p99_ms, max_ms } = self;
        write!(f, "p50 {p50_ms:.1} ms, p99 {p99_ms:.1} ms, at most {max_ms:.1} ms, of {count}")
    }
}
