//! How far executions are: live, so that what is lost is not missed.

use std::sync::Arc;

use super::super::app::App;
use crate::{
    core::command::DOCKER_PULL,
    proto::{agent::Agent, image::PullProgress, output::Progress},
};

/// The most parts that are shown; no image has so many layers.
const MAX_PARTS: usize = 256;
/// The most characters of a part's name and state.
const MAX_WORD: usize = 100;

/// Shows watchers how far an execution of this agent is.
pub(super) async fn show(app: &App, agent: &Agent, progress: Progress) {
    let record = app.records.execution(progress.execution_id).await.ok().flatten();
    let Some(record) = record.filter(|record| record.agent == agent.id && record.verb == DOCKER_PULL) else {
        return;
    };
    let mut layers = progress.parts;
    layers.truncate(MAX_PARTS);
    for layer in &mut layers {
        shorten(&mut layer.id, MAX_WORD);
        shorten(&mut layer.status, MAX_WORD);
    }
    let mut image = progress.subject;
    shorten(&mut image, 4 * MAX_WORD);
    let sized =
        || layers.iter().filter_map(|layer| Some((layer.done_bytes.unwrap_or(0), layer.total_bytes?)));
    app.feed.progressed(Arc::new(PullProgress {
        command: record.command,
        execution: record.id,
        node: record.node,
        image,
        time: progress.time,
        done_bytes: sized().map(|(done, total)| done.min(total)).fold(0, u64::saturating_add),
        total_bytes: sized().map(|(_, total)| total).fold(0, u64::saturating_add),
        layers,
    }));
}

/// Cuts a text after so many characters.
fn shorten(text: &mut String, most: usize) {
    if let Some((at, _)) = text.char_indices().nth(most) {
        text.truncate(at);
    }
}
