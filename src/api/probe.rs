//! [`Probe`]: tries whether the store can do its work by doing some.

use std::time::{Duration, Instant};

use tokio::{sync::Mutex, time::timeout};

use super::{app::App, clock};
use crate::{
    core::{change::Change, error::Error, statement},
    id::AgentId,
};

/// A store that takes longer cannot do its work.
const PATIENCE: Duration = Duration::from_secs(5);
/// Whoever asks again so soon is told the same: anybody may ask, and each probe is a write.
const HOLDS_FOR: Duration = Duration::from_secs(1);

/// The latest probe of the control data.
#[derive(Default)]
pub struct Probe(Mutex<Option<(Instant, Option<Took>)>>);

/// How long a probe took.
#[derive(Clone, Copy, Debug)]
pub(super) struct Took {
    /// From handing in a change to its being on disk.
    pub(super) write: Duration,
    /// Reading where the event log begins and ends.
    pub(super) read: Duration,
}

impl Probe {
    /// Writes to the control data and reads from it, once for all who ask within a second.
    pub(super) async fn database(&self, app: &App) -> Result<Took, Error> {
        let mut latest = self.0.lock().await;
        let known = latest.filter(|(at, _)| at.elapsed() < HOLDS_FOR);
        let took = match known {
            Some((_, took)) => took,
            None => {
                let took = match timeout(PATIENCE, try_out(app)).await {
                    Ok(Ok(took)) => Some(took),
                    Ok(Err(error)) => {
                        tracing::error!("the store failed its probe: {error}");
                        None
                    }
                    Err(_) => {
                        tracing::error!("the store did not answer its probe within {} s", PATIENCE.as_secs());
                        None
                    }
                };
                *latest = Some((Instant::now(), took));
                took
            }
        };
        took.ok_or_else(|| Error::Unavailable("the store failed its latest probe".into()))
    }
}

async fn try_out(app: &App) -> Result<Took, Error> {
    let begun = Instant::now();
    app.store.commit(Change::new().vital().write(statement::probe::probe(clock::now()))).await?;
    let written = Instant::now();
    app.records.event_bounds().await?;
    Ok(Took { write: written - begun, read: written.elapsed() })
}

/// Reads from the telemetry store; how long it took, or `None` when it does not answer, or did not store what came last.
pub(super) async fn telemetry(app: &App) -> Option<Duration> {
    let begun = Instant::now();
    let now = clock::now();
    // An agent that is not there: the index is read, and no rows.
    let read = app.telemetry.history(AgentId::generate(), now, now, 1);
    match timeout(PATIENCE, read).await {
        Ok(Ok(_)) if !app.meters.telemetry_fails() => Some(begun.elapsed()),
        _ => None,
    }
}
