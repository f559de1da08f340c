//! [`Meters`]: what a server counts of its own work while it works.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use jiff::Timestamp;

use super::{clock, traffic::Traffic};
use crate::{
    core::{
        meter::{Beginning, Counter, Histogram, Level, Recent, RecentTimes, TIMES},
        plain::PlainFrame,
        port::store::Observer,
    },
    id::AgentId,
    proto::{
        event::{Event, EventKind},
        link::AgentFrame,
        telemetry::Telemetry,
    },
};

/// The statuses that are counted each for itself; any other counts as the last.
const STATUSES: [u16; 28] = [
    101, 200, 201, 202, 204, 304, 400, 401, 403, 404, 405, 406, 408, 409, 410, 412, 413, 415, 422, 426, 429,
    431, 500, 501, 502, 503, 507, 599,
];

/// The types of frames that agents send.
const FRAMES: [&str; 11] = [
    "HELLO",
    "HEARTBEAT",
    "TELEMETRY",
    "INVENTORY",
    "EVENT",
    "COMMAND_RESULT",
    "ACK",
    "ERROR",
    "PROGRESS",
    "CERTIFY",
    "HOLDS",
];

/// The counts of one server since it began.
#[derive(Debug)]
pub struct Meters {
    begun: Instant,
    /// When counting began.
    pub(super) started_at: Timestamp,
    routes: Vec<Arc<RouteMeter>>,
    /// Requests to no route.
    pub(super) unmatched: RouteMeter,
    /// How long the latest requests took whose time is the server's own.
    pub(super) recent: RecentTimes,
    /// All requests of the latest minutes.
    pub(super) recent_requests: Recent,
    /// Requests that are being answered.
    pub(super) in_flight: Level,
    /// Frames that agents sent, by type.
    frames: [Counter; FRAMES.len()],
    /// Measurements that were stored.
    pub(super) telemetry: Counter,
    /// The same of the latest minutes.
    pub(super) recent_telemetry: Recent,
    /// Whether the latest measurement could not be stored.
    telemetry_fails: AtomicBool,
    /// Events, by type.
    events: Vec<Counter>,
    /// Events of the latest minutes.
    pub(super) recent_events: Recent,
    /// Commands that were given.
    pub(super) commands: Counter,
    /// The same of the latest minutes.
    pub(super) recent_commands: Recent,
    /// Executions that ended, by how.
    executions: Mutex<BTreeMap<String, u64>>,
    /// Attempts to sign in that were refused.
    pub(super) sign_ins_refused: Counter,
    /// What the nodes move over their networks.
    pub(super) traffic: Traffic,
}

/// The counts of one route.
#[derive(Debug)]
pub(super) struct RouteMeter {
    /// The method; empty for requests to no route.
    pub(super) method: String,
    /// The path with placeholders.
    pub(super) path: &'static str,
    /// Whether the time of its answers is the server's own: neither a node's, nor as long as the caller chose to wait, nor
    /// that of a request which found nothing to do.
    is_own_time: bool,
    statuses: [Counter; STATUSES.len()],
    /// How long answers took.
    pub(super) times: Histogram,
}

impl RouteMeter {
    pub(super) fn new(method: impl Into<String>, path: &'static str, is_own_time: bool) -> Self {
        let statuses = std::array::from_fn(|_| Counter::default());
        Self { method: method.into(), path, is_own_time, statuses, times: Histogram::new(TIMES) }
    }

    /// How many answers had which status, those that none had left out.
    pub(super) fn statuses(&self) -> impl Iterator<Item = (u16, u64)> {
        let counted = STATUSES.iter().zip(&self.statuses).map(|(status, count)| (*status, count.get()));
        counted.filter(|(_, count)| *count > 0)
    }
}

impl Meters {
    /// Nothing counted yet.
    pub(super) fn new(routes: Vec<Arc<RouteMeter>>) -> Self {
        let begun = Instant::now();
        let beginning = Beginning::at(begun);
        Self {
            begun,
            started_at: clock::now(),
            routes,
            unmatched: RouteMeter::new("", "none", false),
            recent: RecentTimes::new(beginning),
            recent_requests: Recent::new(beginning),
            in_flight: Level::default(),
            frames: std::array::from_fn(|_| Counter::default()),
            telemetry: Counter::default(),
            recent_telemetry: Recent::new(beginning),
            telemetry_fails: AtomicBool::new(false),
            events: EventKind::ALL.iter().map(|_| Counter::default()).collect(),
            recent_events: Recent::new(beginning),
            commands: Counter::default(),
            recent_commands: Recent::new(beginning),
            executions: Mutex::default(),
            sign_ins_refused: Counter::default(),
            traffic: Traffic::default(),
        }
    }

    /// Every route, and those requests last that found none.
    pub(super) fn all_routes(&self) -> impl Iterator<Item = &RouteMeter> {
        self.routes.iter().map(AsRef::as_ref).chain([&self.unmatched])
    }

    /// A request was answered.
    pub(super) fn answered(&self, route: &RouteMeter, status: u16, took: Duration) {
        let place = STATUSES.iter().position(|known| *known == status).unwrap_or(STATUSES.len() - 1);
        route.statuses[place].one();
        route.times.took(took);
        let now = Instant::now();
        self.recent_requests.add(now, 1);
        if route.is_own_time {
            self.recent.took(now, took);
        }
    }

    /// An agent sent a frame.
    pub(super) fn frame(&self, frame: &AgentFrame) {
        let place = match frame {
            AgentFrame::Hello(_) => 0,
            AgentFrame::Heartbeat(_) => 1,
            AgentFrame::Telemetry(_) => 2,
            AgentFrame::Inventory(_) => 3,
            AgentFrame::Event(_) => 4,
            AgentFrame::CommandResult(_) => 5,
            AgentFrame::Ack(_) => 6,
            AgentFrame::Error(_) => 7,
            AgentFrame::Progress(_) => 8,
            AgentFrame::Certify(_) => 9,
            AgentFrame::Holds(_) => 10,
        };
        self.frames[place].one();
    }

    /// A plain agent sent a frame.
    pub(super) fn plain_frame(&self, frame: &PlainFrame) {
        let place = match frame {
            PlainFrame::Hello(_) => 0,
            PlainFrame::Heartbeat(_) => 1,
            PlainFrame::Telemetry(_) => 2,
            PlainFrame::Result(_) => 5,
            PlainFrame::Ack => 6,
            PlainFrame::Error(_) => 7,
        };
        self.frames[place].one();
    }

    /// Frames of agents, by type.
    pub(super) fn frames(&self) -> impl Iterator<Item = (&'static str, u64)> {
        FRAMES.iter().zip(&self.frames).map(|(name, count)| (*name, count.get()))
    }

    /// A measurement was stored.
    pub(super) fn measured(&self, agent: AgentId, telemetry: &Telemetry) {
        self.traffic.measured(agent, telemetry);
        self.telemetry.one();
        self.recent_telemetry.add(Instant::now(), 1);
        self.telemetry_fails.store(false, Relaxed);
    }

    /// A measurement could not be stored.
    pub(super) fn not_measured(&self) {
        self.telemetry_fails.store(true, Relaxed);
    }

    /// Whether the latest measurement could not be stored.
    pub(super) fn telemetry_fails(&self) -> bool {
        self.telemetry_fails.load(Relaxed)
    }

    /// Events by type, those that did not happen left out.
    pub(super) fn events(&self) -> impl Iterator<Item = (&'static str, u64)> {
        let counted =
            EventKind::ALL.iter().zip(&self.events).map(|(kind, count)| (kind.as_str(), count.get()));
        counted.filter(|(_, count)| *count > 0)
    }

    /// Executions that ended, by how.
    pub(super) fn executions(&self) -> BTreeMap<String, u64> {
        self.executions.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// How long the server has been up.
    pub(super) fn uptime(&self) -> Duration {
        self.begun.elapsed()
    }
}

impl Observer for Meters {
    fn committed(&self, events: &[Event]) {
        let now = Instant::now();
        self.recent_events.add(now, events.len() as u64);
        for event in events {
            if let Some(place) = EventKind::ALL.iter().position(|kind| *kind == event.kind) {
                self.events[place].one();
            }
            match event.kind {
                EventKind::CommandQueued => {
                    self.commands.one();
                    self.recent_commands.add(now, 1);
                }
                EventKind::CommandEnded => {
                    let status = event.data.get("status").and_then(serde_json::Value::as_str);
                    let status = status.unwrap_or("unknown").to_owned();
                    let mut executions = self.executions.lock().unwrap_or_else(PoisonError::into_inner);
                    *executions.entry(status).or_default() += 1;
                }
                _ => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_request_counts_and_only_the_servers_own_time_tells_how_fast_it_is() {
        let meters = Meters::new(vec![]);
        let (ours, asks) = (RouteMeter::new("GET", "/a", true), RouteMeter::new("GET", "/b", false));
        meters.answered(&ours, 200, Duration::from_millis(1));
        meters.answered(&asks, 200, Duration::from_secs(2));
        meters.answered(&meters.unmatched, 404, Duration::ZERO);
        let (later, minute) = (Instant::now() + Duration::from_secs(10), Duration::from_secs(60));
        assert_eq!(meters.recent.spread(later, minute).count(), 1);
        assert_eq!(meters.recent_requests.per_second(later, minute), Some(0.3));
    }
}
