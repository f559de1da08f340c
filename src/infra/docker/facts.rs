//! The engine's answers in our words.

use std::{collections::HashMap, sync::Arc};

use bollard::models::{
    ContainerState as Inspected, ContainerStateStatusEnum as Status, ContainerSummary,
    ContainerSummaryStateEnum as Listed, ImageInspect, ImageSummary, PortSummary,
};
use jiff::Timestamp;

use crate::proto::{
    container::{ContainerFacts, ContainerState},
    image::ImageFacts,
    labels::Labels,
};

/// A listed container with the state that inspecting it gave. Names and images are the list's, as `docker ps` shows
/// them; the state is the inspection's, since the list still tells the old one for a moment after an event.
pub(super) fn container(summary: ContainerSummary, inspected: Inspected) -> ContainerFacts {
    let state = inspected.status.and_then(inspected_state).unwrap_or_else(|| listed_state(summary.state));
    let ended = matches!(state, ContainerState::Exited | ContainerState::Dead | ContainerState::Restarting);
    let health = inspected.health.and_then(|health| health.status).map(|status| status.to_string());
    ContainerFacts {
        id: summary.id.unwrap_or_default(),
        name: name(summary.names.unwrap_or_default()),
        image: summary.image.unwrap_or_default().into(),
        image_id: summary.image_id.unwrap_or_default().into(),
        command: summary.command.map(Into::into),
        state,
        health: health.filter(|status| !status.is_empty() && status != "none").map(Into::into),
        exit_code: inspected.exit_code.filter(|_| ended),
        created_at: summary.created.and_then(|seconds| Timestamp::from_second(seconds).ok()),
        started_at: moment(inspected.started_at.as_deref()),
        finished_at: moment(inspected.finished_at.as_deref()),
        ports: ports(summary.ports.unwrap_or_default()).into_iter().map(Into::into).collect(),
        labels: labels(summary.labels.unwrap_or_default()),
    }
}

/// A listed image.
pub(super) fn image(summary: ImageSummary) -> ImageFacts {
    ImageFacts {
        id: summary.id.into(),
        tags: named(summary.repo_tags),
        digests: named(summary.repo_digests),
        size_bytes: u64::try_from(summary.size).unwrap_or(0),
        created_at: Timestamp::from_second(summary.created).ok().filter(|time| *time > Timestamp::UNIX_EPOCH),
    }
}

/// An inspected image, told exactly as the list would: its time has whole seconds.
pub(super) fn inspected_image(image: ImageInspect) -> ImageFacts {
    let created = moment(image.created.as_deref());
    ImageFacts {
        id: image.id.unwrap_or_default().into(),
        tags: named(image.repo_tags.unwrap_or_default()),
        digests: named(image.repo_digests.unwrap_or_default()),
        size_bytes: image.size.and_then(|size| u64::try_from(size).ok()).unwrap_or(0),
        created_at: created.and_then(|time| Timestamp::from_second(time.as_second()).ok()),
    }
}

/// The primary name: the one without a further slash, which would be a link's alias.
fn name(names: Vec<String>) -> String {
    let mut names: Vec<String> =
        names.into_iter().map(|name| name.trim_start_matches('/').to_owned()).collect();
    let primary = names.iter().position(|name| !name.contains('/')).unwrap_or(0);
    if names.is_empty() { String::new() } else { names.swap_remove(primary) }
}

/// The state as an inspection says it; `None` where it says none.
const fn inspected_state(status: Status) -> Option<ContainerState> {
    match status {
        Status::CREATED => Some(ContainerState::Created),
        Status::RUNNING | Status::STOPPING => Some(ContainerState::Running),
        Status::PAUSED => Some(ContainerState::Paused),
        Status::RESTARTING => Some(ContainerState::Restarting),
        Status::REMOVING => Some(ContainerState::Removing),
        Status::EXITED => Some(ContainerState::Exited),
        Status::DEAD => Some(ContainerState::Dead),
        Status::EMPTY => None,
    }
}

/// The state as the list says it. A newer engine's `stopping` still runs.
const fn listed_state(listed: Option<Listed>) -> ContainerState {
    match listed {
        Some(Listed::CREATED) => ContainerState::Created,
        Some(Listed::RUNNING | Listed::STOPPING) => ContainerState::Running,
        Some(Listed::PAUSED) => ContainerState::Paused,
        Some(Listed::RESTARTING) => ContainerState::Restarting,
        Some(Listed::REMOVING) => ContainerState::Removing,
        Some(Listed::EXITED) => ContainerState::Exited,
        Some(Listed::DEAD | Listed::EMPTY) | None => ContainerState::Dead,
    }
}

/// A time; the engine writes the year 1 for never.
fn moment(text: Option<&str>) -> Option<Timestamp> {
    text?.parse::<Timestamp>().ok().filter(|time| *time > Timestamp::UNIX_EPOCH)
}

/// Published ports, in a steady order: `127.0.0.1:8080->80/tcp`, or `80/tcp` where it is only exposed.
fn ports(ports: Vec<PortSummary>) -> Vec<String> {
    let mut told: Vec<String> = ports
        .into_iter()
        .map(|port| {
            let inside = format!(
                "{}/{}",
                port.private_port,
                port.typ.map_or_else(|| "tcp".into(), |typ| typ.to_string())
            );
            match (port.ip, port.public_port) {
                (Some(ip), Some(public)) if ip.contains(':') => format!("[{ip}]:{public}->{inside}"),
                (Some(ip), Some(public)) => format!("{ip}:{public}->{inside}"),
                (None, Some(public)) => format!("{public}->{inside}"),
                (_, None) => inside,
            }
        })
        .collect();
    told.sort_unstable();
    told.dedup();
    told
}

/// The most bytes of a container's labels that are told; the server takes 64 KiB of a whole container.
const MAX_LABELS_BYTES: usize = 32 * 1024;
/// The label that tells how many others were too much.
const LABELS_LEFT_OUT: &str = "worpen.labels-left-out";

/// As many labels, in the order of their names, as there is room for; the number of the others is a label of its own.
fn labels(all: HashMap<String, String>) -> Labels {
    let mut sorted: Vec<(String, String)> = all.into_iter().collect();
    sorted.sort_unstable();
    let mut room = MAX_LABELS_BYTES;
    let count = sorted.len();
    sorted.retain(|(name, value)| {
        let fits = name.len() + value.len() <= room;
        room -= if fits { name.len() + value.len() } else { 0 };
        fits
    });
    let left_out = count - sorted.len();
    if left_out > 0 {
        sorted.push((LABELS_LEFT_OUT.to_owned(), left_out.to_string()));
    }
    sorted.into_iter().collect()
}

/// Names without the engine's `<none>` placeholders.
fn named(names: Vec<String>) -> Vec<Arc<str>> {
    names.into_iter().filter(|name| !name.contains("<none>")).map(Into::into).collect()
}

#[cfg(test)]
mod tests;
