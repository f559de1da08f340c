//! [`Collector`]: measures the node on its interval, whether there is a link or not.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;
use tokio::{
    sync::{Notify, watch},
    time::Instant,
};

use super::{
    spool::{Report, Spool},
    watcher::Presence,
};
use crate::{infra::telemetry::Sampler, proto::telemetry::Telemetry};

/// The interval until a server tells another.
pub(super) const INTERVAL: Duration = Duration::from_secs(10);
/// The shortest time over which the use of processors can be told.
const SETTLE: Duration = Duration::from_millis(250);

/// The newest measurement: for heartbeats, and for what must hold before an order is obeyed.
pub(super) type Pulse = Option<Arc<Telemetry>>;

/// Measures the node.
pub(super) struct Collector {
    /// The agent's name.
    pub(super) name: String,
    /// Where measurements go.
    pub(super) spool: Arc<Spool>,
    /// How many containers there are.
    pub(super) presence: watch::Receiver<Presence>,
    /// How often to measure.
    pub(super) interval: watch::Receiver<Duration>,
    /// Asks for a measurement now.
    pub(super) now: Arc<Notify>,
    /// Where the newest measurement is shown.
    pub(super) pulse: watch::Sender<Pulse>,
}

impl Collector {
    /// Measures for ever.
    pub(super) async fn run(mut self) {
        let mut sampler = match Sampler::new() {
            Ok(sampler) => sampler,
            Err(error) => {
                tracing::error!(%error, "this system cannot be measured; there will be no telemetry");
                return;
            }
        };
        let mut next = Instant::now() + SETTLE;
        loop {
            tokio::time::sleep_until(next).await;
            let began = Instant::now();
            let containers = self.presence.borrow().containers;
            self.keep(sampler.measure(&self.name, Timestamp::now(), containers));
            next = self.next(began).await;
        }
    }

    /// Waits for the next moment to measure: the interval, another interval, or somebody who asks.
    async fn next(&mut self, began: Instant) -> Instant {
        loop {
            let due = began + *self.interval.borrow_and_update();
            tokio::select! {
                () = tokio::time::sleep_until(due) => return due,
                () = self.now.notified() => return began + SETTLE,
                Ok(()) = self.interval.changed() => {}
            }
        }
    }

    fn keep(&self, telemetry: Telemetry) {
        self.spool.keep(&Report::Telemetry(Box::new(telemetry.clone())));
        self.pulse.send_replace(Some(Arc::new(telemetry)));
    }
}
