//! `worpen containers stats`: what a container uses.

use super::super::{error::CliError, exit::ExitStatus, measure, session::Session, table::Cell};
use crate::proto::container::{ContainerRef, GetContainerStats};

/// Arguments of `worpen containers stats`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Id, name, or NODE/NAME of the container.
    container: String,
}

pub(crate) async fn run(args: Args, session: &Session) -> Result<ExitStatus, CliError> {
    let waiting = session.printer.waiting("measuring");
    let request = ContainerRef { id: args.container };
    let stats = session.client()?.call::<GetContainerStats>(&request).await?.body;
    drop(waiting);
    let bytes = |count: Option<u64>| count.map_or_else(measure::dash, measure::bytes);
    let share = |share: Option<f64>| share.map_or_else(measure::dash, |share| format!("{share:.2} %"));
    let pair = |one: Option<u64>, other: Option<u64>| format!("{} / {}", bytes(one), bytes(other));
    let received = stats.networks.values().map(|traffic| traffic.received_bytes).sum();
    let transmitted = stats.networks.values().map(|traffic| traffic.transmitted_bytes).sum();
    let count = |count: Option<String>| -> Cell { count.unwrap_or_else(measure::dash).into() };
    session.one(
        &stats,
        &stats.name,
        [
            ("Name", stats.name.as_str().into()),
            ("Id", stats.id.as_str().into()),
            ("CPU", share(stats.cpu_percent).into()),
            ("CPUs", count(stats.cpu_count.map(|count| count.to_string()))),
            ("Memory", pair(stats.memory_used_bytes, stats.memory_limit_bytes).into()),
            ("Memory share", share(stats.memory_percent).into()),
            ("Network in / out", pair(Some(received), Some(transmitted)).into()),
            ("Block read / written", pair(stats.block_read_bytes, stats.block_written_bytes).into()),
            ("Processes", count(stats.pids.map(|pids| pids.to_string()))),
        ],
    )?;
    Ok(ExitStatus::Done)
}
