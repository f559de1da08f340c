//! [`How`]: in which order, how long, how often and in which parts a command is done.

use super::super::{measure, words};
use crate::proto::command::{Batch, GiveCommandRequest, Priority, Rollout};

/// How a command is done.
#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "How")]
pub(crate) struct How {
    /// What goes first: critical, high, normal or low.
    #[arg(long, value_parser = words::<Priority>(&["critical", "high", "normal", "low"]), ignore_case = true,
        hide_possible_values = true)]
    priority: Option<Priority>,
    /// Seconds that each node may take, or such as 5m.
    #[arg(long, value_name = "TIME", value_parser = measure::seconds)]
    timeout: Option<u32>,
    /// How often a node tries again where that does no harm.
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(..=10))]
    retries: Option<u32>,
    /// Only where this expression holds right before the start, over the node's own facts.
    #[arg(long = "if", value_name = "EXPRESSION")]
    precondition: Option<String>,
    /// So many nodes at once, or a share of them such as 10%, one part after the other.
    #[arg(long, value_name = "SIZE")]
    batch: Option<Batch>,
    /// Seconds between two parts, or such as 5m.
    #[arg(long, value_name = "TIME", value_parser = measure::seconds, requires = "batch")]
    pause: Option<u32>,
    /// With so many failures no further part starts; 1 unless told.
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(1..=1_000_000), requires = "batch")]
    max_failures: Option<u32>,
    /// Bytes of output that are kept of each node; 1,048,576 unless told.
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(..=268_435_456))]
    output_bytes: Option<u32>,
}

impl How {
    /// Writes it into a request.
    pub(crate) fn put(self, request: &mut GiveCommandRequest) {
        let Self { priority, timeout, retries, precondition, batch, pause, max_failures, output_bytes } =
            self;
        request.priority = priority.unwrap_or_default();
        request.timeout_s = timeout;
        request.max_retries = retries.unwrap_or(0);
        request.precondition = precondition;
        request.rollout = batch.map(|batch| Rollout {
            batch,
            pause_s: pause.unwrap_or(0),
            max_failures: max_failures.unwrap_or(1),
        });
        request.output_bytes = output_bytes;
    }
}
