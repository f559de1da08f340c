//! `worpen containers stats`: what containers use.

use jiff::Timestamp;

use super::{
    super::{
        act::{self, Words},
        error::CliError,
        exit::ExitStatus,
        session::Session,
        table::{Cell, Column, Row},
    },
    deed::Targets,
};
use crate::proto::container::{ContainerRef, ContainerStats, GetContainerStats};

/// Arguments of `worpen containers stats`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    targets: Targets,
}

pub(crate) async fn run(args: Args, session: &Session) -> Result<ExitStatus, CliError> {
    let client = session.client()?;
    let targets = args.targets.names(&client).await?;
    if let [one] = targets.as_slice() {
        let waiting = session.printer.waiting("measuring");
        let stats = client.call::<GetContainerStats>(&ContainerRef { id: one.clone() }).await?.body;
        drop(waiting);
        return one_container(&stats, session);
    }
    let words = Words { verb: "measure", done: "measured" };
    let ask = |id: String| {
        let client = &client;
        async move { Ok(client.call::<GetContainerStats>(&ContainerRef { id }).await?.body) }
    };
    act::gather(session, words, targets, ask).await
}

fn one_container(stats: &ContainerStats, session: &Session) -> Result<ExitStatus, CliError> {
    let cells = stats.cells(session.now);
    let [name, cpu, memory, limit, share, received, sent, read, written, processes, cpus, id] =
        <[Cell; 12]>::try_from(cells).unwrap_or_else(|_| std::array::from_fn(|_| Cell::nothing()));
    session.one(
        stats,
        &stats.name,
        [
            ("Name", name),
            ("Id", id),
            ("CPU", cpu),
            ("CPUs", cpus),
            ("Memory", memory),
            ("Memory limit", limit),
            ("Memory share", share),
            ("Network in", received),
            ("Network out", sent),
            ("Block read", read),
            ("Block written", written),
            ("Processes", processes),
        ],
    )?;
    Ok(ExitStatus::Done)
}

impl Row for ContainerStats {
    const COLUMNS: &'static [Column] = &[
        Column::words("NAME"),
        Column::number("CPU"),
        Column::number("MEMORY"),
        Column::number("LIMIT"),
        Column::number("SHARE"),
        Column::number("NET IN"),
        Column::number("NET OUT"),
        Column::number("READ"),
        Column::number("WRITTEN"),
        Column::number("PROCESSES"),
        Column::number("CPUS").wide(),
        Column::words("ID").wide(),
    ];

    fn name(&self) -> String {
        self.name.clone()
    }

    fn cells(&self, _now: Timestamp) -> Vec<Cell> {
        let share = |share: Option<f64>| {
            share.map_or_else(Cell::nothing, |share| Cell::told(format!("{share:.2} %"), share))
        };
        let received = self.networks.values().map(|traffic| traffic.received_bytes).sum();
        let transmitted = self.networks.values().map(|traffic| traffic.transmitted_bytes).sum();
        vec![
            self.name.as_str().into(),
            share(self.cpu_percent),
            Cell::bytes(self.memory_used_bytes),
            Cell::bytes(self.memory_limit_bytes),
            share(self.memory_percent),
            Cell::bytes(Some(received)),
            Cell::bytes(Some(transmitted)),
            Cell::bytes(self.block_read_bytes),
            Cell::bytes(self.block_written_bytes),
            Cell::of(self.pids),
            Cell::of(self.cpu_count),
            self.id.as_str().into(),
        ]
    }
}
