//! Events: whatever happened, in the order in which it was committed; CloudEvents 1.0 on the wire.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    endpoint::{Content, endpoints},
    example,
    image::PullProgress,
    telemetry::Telemetry,
};
use crate::id::EventId;

endpoints! {
    /// Lists events in their order, from a cursor. For a key with a scope a page may be short, or empty, although more follow: `next_cursor` tells.
    EventHistory: GET "/api/v1/events/history", Viewer, EventHistoryRequest => EventPage {
        SCOPED: bool = true;
        ALIASES: &'static [&'static str] = &["/api/events/history"];
    };
    /// Follows events from a cursor, and live measurements, over a WebSocket.
    SubscribeEvents: GET "/api/v1/events/subscribe", Viewer, SubscribeRequest => StreamItem {
        SCOPED: bool = true;
        ALIASES: &'static [&'static str] = &["/api/events/subscribe"];
        CONTENT: Content = Content::WebSocket;
    };
}

/// Asks for events.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[schemars(example = example::event_history())]
pub struct EventHistoryRequest {
    /// Only events after this sequence; 0 for the beginning.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<u64>,
    /// Only these types, separated by commas; `container.*` for all of a noun.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub types: Option<String>,
    /// Only those about this node.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node: Option<String>,
    /// The most items to return, 1 to 1,000; 100 unless told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 1000))]
    pub limit: Option<u32>,
    /// `next_cursor` of the page before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = "^0[0-9]{19}$"))]
    pub cursor: Option<String>,
}

/// A page of events.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(example = example::event_page())]
pub struct EventPage {
    /// The events, in their order.
    pub items: Vec<Event>,
    /// What to send as `cursor` for the next page; `null` on the last.
    pub next_cursor: Option<String>,
    /// Events between the cursor and the first item that retention removed; `null` when there are none.
    pub gap: Option<EventGap>,
}

/// Events that retention removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EventGap {
    /// The first sequence that is missing.
    pub from: u64,
    /// The last sequence that is missing.
    pub to: u64,
}

/// Asks for a stream.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[schemars(example = example::subscribe())]
pub struct SubscribeRequest {
    /// Events after this sequence; 0 for the beginning, only new ones unless told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<u64>,
    /// Only these types, separated by commas; `container.*` for all of a noun.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub types: Option<String>,
    /// Only those about this node.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node: Option<String>,
    /// Live topics, separated by commas: `telemetry`, `progress`. None unless told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub live: Option<String>,
}

/// One item of a stream: `events` are durable and complete, `live` is the latest of what was measured.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "class", rename_all = "snake_case")]
pub enum StreamItem {
    /// Where the stream begins; always first, so that a watcher of new events alone can come back to its place.
    Position {
        /// Every event after this one follows.
        sequence: u64,
    },
    /// The next event.
    Events {
        /// The event.
        event: Box<Event>,
    },
    /// Events between these sequences were removed by retention.
    Gap {
        /// The first sequence that is missing.
        from: u64,
        /// The last sequence that is missing.
        to: u64,
    },
    /// The latest measurement of a node, or how far something is.
    Live {
        /// The measurement.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        telemetry: Option<Box<Telemetry>>,
        /// How far a pull is.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        progress: Option<Box<PullProgress>>,
        /// Items of this kind that this subscriber was too slow to be shown, since the last one.
        dropped: u64,
    },
}

/// One event.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(example = example::event())]
pub struct Event {
    /// Always `1.0`.
    pub specversion: String,
    /// The event's id.
    pub id: EventId,
    /// The server that wrote it.
    pub source: String,
    /// What happened.
    #[serde(rename = "type")]
    pub kind: EventKind,
    /// The node it is about, when it is about one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// When it happened, by the clock of whoever saw it.
    pub time: Timestamp,
    /// Its place in the log: 20 digits, rising without exception.
    pub sequence: String,
    /// Who did it: `user:NAME`, `key:NAME`, `agent:NAME` or `server`.
    pub actor: String,
    /// What belongs together: a command, or else a request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub correlationid: Option<String>,
    /// The event that caused it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub causationid: Option<EventId>,
    /// Always `application/json`.
    pub datacontenttype: String,
    /// The facts; of an agent, container, image or command the whole record after the change, under the noun's name.
    pub data: serde_json::Value,
}

macro_rules! event_kinds {
    ($($(#[$doc:meta])* $name:ident = $text:literal;)*) => {
        /// What can happen, `noun.verb`; the one list of event types.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
        pub enum EventKind {
            $($(#[$doc])* #[serde(rename = $text)] $name,)*
        }

        impl EventKind {
            /// Every kind, in the list's order.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The kind as the wire and the store spell it.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }
        }
    };
}

event_kinds! {
    /// A server began to serve.
    ServerStarted = "server.started";
    /// A server ended in good order.
    ServerStopped = "server.stopped";
    /// The server's disk is full: only what must go on is written; `data` has what is missing.
    ServerDiskFull = "server.disk_full";
    /// The server's disk has room again; `data` counts what was left out.
    ServerDiskRecovered = "server.disk_recovered";
    /// A file of measurements or output was found damaged at the start and put aside; `data` says where.
    ServerStoreDamaged = "server.store_damaged";
    /// Somebody took a backup; `data` has what is in it.
    ServerBackedUp = "server.backed_up";
    /// A server was restored from a backup; `data` says of when. What happened since is lost.
    ServerRestored = "server.restored";
    /// A head of the audit log that was given away is not in the log: somebody changed it. `data` says which.
    AuditTampered = "audit.tampered";
    /// A user was created.
    UserCreated = "user.created";
    /// A user signed in.
    UserSignedIn = "user.signed_in";
    /// An API key was issued.
    KeyIssued = "key.issued";
    /// An API key was revoked.
    KeyRevoked = "key.revoked";
    /// A key that the fleet trusts came, or stands otherwise; `data` says how.
    TrustChanged = "trust.changed";
    /// An API key has a new secret.
    KeyRotated = "key.rotated";
    /// A user may sign in no more, and every session and key of it ended.
    UserDisabled = "user.disabled";
    /// A user may sign in again.
    UserEnabled = "user.enabled";
    /// A user has another role.
    UserRoleChanged = "user.role_changed";
    /// A user has another password; the sessions and keys before it ended, but for the one that asked.
    UserPasswordChanged = "user.password_changed";
    /// A user's session was ended, or all sessions and keys; `data` says which.
    UserSignedOut = "user.signed_out";
    /// A node was invited.
    AgentInvited = "agent.invited";
    /// A node joined.
    AgentJoined = "agent.joined";
    /// An agent linked.
    AgentOnline = "agent.online";
    /// An agent's link ended.
    AgentUnknown = "agent.unknown";
    /// An agent has not been heard of for three intervals.
    AgentOffline = "agent.offline";
    /// An agent says that it is not well.
    AgentDegraded = "agent.degraded";
    /// An operator works on the node.
    AgentMaintenance = "agent.maintenance";
    /// Two processes hold one identity, or an old copy of it came back.
    AgentQuarantined = "agent.quarantined";
    /// An agent is ahead of the server, which must have been restored from a copy.
    AgentAhead = "agent.ahead";
    /// What is known of a node changed.
    AgentUpdated = "agent.updated";
    /// An agent was given a certificate.
    AgentCertified = "agent.certified";
    /// A node took an agent's place: its machine was built anew.
    AgentReplaced = "agent.replaced";
    /// An agent's identity was withdrawn for good.
    AgentRevoked = "agent.revoked";
    /// An agent was removed.
    AgentRemoved = "agent.removed";
    /// An agent's spool was full and lost its oldest frames.
    SpoolTrimmed = "spool.trimmed";
    /// A container was made.
    ContainerCreated = "container.created";
    /// A container was started.
    ContainerStarted = "container.started";
    /// A container's process ended.
    ContainerDied = "container.died";
    /// A container was stopped on request.
    ContainerStopped = "container.stopped";
    /// A container was killed.
    ContainerKilled = "container.killed";
    /// A container ran out of memory.
    ContainerOom = "container.oom";
    /// A container was restarted on request.
    ContainerRestarted = "container.restarted";
    /// A container was paused.
    ContainerPaused = "container.paused";
    /// A container goes on after a pause.
    ContainerUnpaused = "container.unpaused";
    /// A container has another name.
    ContainerRenamed = "container.renamed";
    /// A container's health check changed its mind.
    ContainerHealthChanged = "container.health_changed";
    /// A container was found changed when the node reported in full.
    ContainerUpdated = "container.updated";
    /// A container is gone.
    ContainerRemoved = "container.removed";
    /// An image came or has other names.
    ImageUpdated = "image.updated";
    /// An image is gone.
    ImageRemoved = "image.removed";
    /// A command was given.
    CommandQueued = "command.queued";
    /// Another attempt of an execution that failed was queued; `data` has its `target`.
    CommandRetried = "command.retried";
    /// Somebody asked for executions to be stopped that their nodes may have.
    CommandCancelling = "command.cancelling";
    /// A part of a rollout began.
    RolloutAdvanced = "rollout.advanced";
    /// A rollout stopped itself, or all its parts have ended; `data` says which.
    RolloutEnded = "rollout.ended";
    /// An agent began an execution.
    CommandStarted = "command.started";
    /// An execution ended; `data` says how.
    CommandEnded = "command.ended";
    /// A schedule was made.
    ScheduleCreated = "schedule.created";
    /// A schedule rests: somebody said so, or its maker may not give commands any more; `data` says which.
    SchedulePaused = "schedule.paused";
    /// A schedule goes on.
    ScheduleResumed = "schedule.resumed";
    /// A schedule was removed.
    ScheduleRemoved = "schedule.removed";
    /// The time of a schedule came, and it gave its command.
    ScheduleFired = "schedule.fired";
    /// The time of a schedule came, and it gave no command; `data` says why.
    ScheduleMissed = "schedule.missed";
}
