//! How far executions are: live, so that what is lost is not missed.

use std::{collections::VecDeque, sync::Arc};

use super::super::app::App;
use crate::{
    core::command::DOCKER_PULL,
    id::{CommandId, ExecutionId},
    proto::{agent::Agent, image::PullProgress, output::Progress},
};

/// The most parts that are shown; no image has so many layers.
const MAX_PARTS: usize = 256;
/// The most characters of a part's name and state.
const MAX_WORD: usize = 100;

/// So many executions of one link are remembered; an agent pulls few images at a time.
const REMEMBERED: usize = 8;

/// The executions whose progress a link told lately.
#[derive(Default)]
pub(super) struct Shown(VecDeque<(ExecutionId, Option<Pull>)>);

/// A pull of this link's agent.
#[derive(Clone)]
struct Pull {
    command: CommandId,
    node: String,
}

impl Shown {
    /// The pull that an execution is; `None` when it is another agent's, or no pull.
    async fn pull(&mut self, app: &App, agent: &Agent, execution: ExecutionId) -> Option<Pull> {
        if let Some((_, known)) = self.0.iter().find(|(known, _)| *known == execution) {
            return known.clone();
        }
        let record = app.records.execution(execution).await.ok()?;
        let record = record.filter(|record| record.agent == agent.id && record.verb == DOCKER_PULL);
        let pull = record.map(|record| Pull { command: record.command, node: record.node });
        if self.0.len() >= REMEMBERED {
            self.0.pop_front();
        }
        self.0.push_back((execution, pull.clone()));
        pull
    }
}

/// Shows watchers, if there are any, how far an execution of this agent is.
pub(super) async fn show(app: &App, agent: &Agent, shown: &mut Shown, progress: Progress) {
    if !app.feed.shows_progress() {
        return;
    }
    let execution = progress.execution_id;
    let Some(Pull { command, node }) = shown.pull(app, agent, execution).await else { return };
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
        command,
        execution,
        node,
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
