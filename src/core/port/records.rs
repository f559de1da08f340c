//! What the store holds, read.

use std::collections::BTreeMap;

use async_trait::async_trait;
use jiff::Timestamp;

use super::StoreError;
use crate::{
    core::audit::ChainedEntry,
    id::{AgentId, CommandId, EventId, ExecutionId, InvitationId, KeyId, UserId},
    proto::{
        agent::Agent,
        auth::ApiKey,
        command::{Command, CommandStatus},
        container::Container,
        event::{Event, EventKind},
        image::Image,
        user::{Role, User},
    },
};

/// The bytes after which a read of many ends: what one caller asks for must not fill the memory of all.
pub const PAGE_BYTES: usize = 4 * 1024 * 1024;

/// What a read found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found<T> {
    /// The first of what was asked for.
    pub items: Vec<T>,
    /// Whether there are others after them.
    pub more: bool,
}

/// Reads of the control data. Each sees every change that was committed before it was called.
#[async_trait]
pub trait Records: Send + Sync {
    /// The user called `username`, with the password's hash.
    async fn user_by_name(&self, username: &str) -> Result<Option<UserRecord>, StoreError>;
    /// The user with this id.
    async fn user(&self, id: UserId) -> Result<Option<UserRecord>, StoreError>;
    /// Users by name, after `after`.
    async fn users(&self, after: Option<&str>, limit: usize) -> Result<Vec<User>, StoreError>;
    /// The API key whose secret has this hash, whether or not it still holds.
    async fn key_by_hash(&self, hash: &str) -> Result<Option<KeyRecord>, StoreError>;
    /// The API key with this id.
    async fn key(&self, id: KeyId) -> Result<Option<KeyRecord>, StoreError>;
    /// Keys that are not revoked, of one user or of all, by id, after `after`.
    async fn keys(
        &self,
        user: Option<UserId>,
        after: Option<KeyId>,
        limit: usize,
    ) -> Result<Vec<ApiKey>, StoreError>;
    /// The invitation with this id.
    async fn invitation(&self, id: InvitationId) -> Result<Option<InvitationRecord>, StoreError>;
    /// Every agent that is not removed.
    async fn agents(&self) -> Result<Vec<Agent>, StoreError>;
    /// What the link of an agent needs; also of removed agents.
    async fn agent_link(&self, id: AgentId) -> Result<Option<AgentLinkRecord>, StoreError>;
    /// What the link of the agent needs that last had this name; also when it is removed.
    async fn agent_link_by_name(&self, name: &str) -> Result<Option<AgentLinkRecord>, StoreError>;
    /// What the link of the plain agent needs whose token has this hash.
    async fn agent_link_by_bearer(&self, token_hash: &str) -> Result<Option<AgentLinkRecord>, StoreError>;
    /// Every container of the agents that are not removed, with the name of its node; `stale_since` is left empty.
    async fn containers(&self) -> Result<Vec<Container>, StoreError>;
    /// Every image of the agents that are not removed, with the name of its node; `stale_since` is left empty.
    async fn images(&self) -> Result<Vec<Image>, StoreError>;
    /// A command with its executions.
    async fn command(&self, id: CommandId) -> Result<Option<Command>, StoreError>;
    /// Commands with their executions, the newest first, given before `before`. Looks at a bounded number of commands,
    /// so that fewer than `limit` may come although more follow.
    async fn commands(
        &self,
        filter: &CommandFilter,
        before: Option<CommandId>,
        limit: usize,
    ) -> Result<Commands, StoreError>;
    /// The execution with this id.
    async fn execution(&self, id: ExecutionId) -> Result<Option<ExecutionRecord>, StoreError>;
    /// Executions of an agent that are queued, oldest first.
    async fn queued_executions(&self, agent: AgentId) -> Result<Vec<ExecutionRecord>, StoreError>;
    /// Executions of an agent that are queued or started, oldest first.
    async fn open_executions(&self, agent: AgentId) -> Result<Vec<ExecutionRecord>, StoreError>;
    /// Executions, of whichever agent, that are queued and whose command expires at or before `now`.
    async fn expired_executions(&self, now: Timestamp) -> Result<Vec<ExecutionRecord>, StoreError>;
    /// When the next queued execution expires.
    async fn next_expiry(&self) -> Result<Option<Timestamp>, StoreError>;
    /// Executions of plain agents that started and whose time is over at `now`, with when they started.
    async fn overdue_executions(
        &self,
        now: Timestamp,
    ) -> Result<Vec<(ExecutionRecord, Timestamp)>, StoreError>;
    /// When the time of the next started execution of a plain agent is over.
    async fn next_overdue(&self) -> Result<Option<Timestamp>, StoreError>;
    /// The claim of an idempotency key.
    async fn idempotency(
        &self,
        caller: &str,
        endpoint: &str,
        key: &str,
    ) -> Result<Option<IdempotencyRecord>, StoreError>;
    /// Events after a sequence, in order: `limit` at most, and no more than weigh [`PAGE_BYTES`], but one at least.
    async fn events(
        &self,
        after: u64,
        filter: &EventFilter,
        limit: usize,
    ) -> Result<Found<Event>, StoreError>;
    /// The first and the last sequence that the log still holds; `None` while it is empty.
    async fn event_bounds(&self) -> Result<Option<(u64, u64)>, StoreError>;
    /// When the first of the events that are kept happened, with their sequences: `most` at most, in order.
    async fn oldest_events(&self, most: usize) -> Result<Vec<(u64, Timestamp)>, StoreError>;
    /// When the oldest claim of an idempotency key was made.
    async fn oldest_claim(&self) -> Result<Option<Timestamp>, StoreError>;
    /// Counts what is kept, and what came since a moment.
    async fn counts(&self, since: Timestamp, now: Timestamp) -> Result<Counts, StoreError>;
    /// Audit entries after a number, in order.
    async fn audit(&self, after: u64, limit: usize) -> Result<Vec<ChainedEntry>, StoreError>;
}

/// A user with the password's hash.
#[derive(Clone)]
pub struct UserRecord {
    /// The user.
    pub user: User,
    /// The password's hash, a PHC string.
    pub password_hash: String,
}

/// An API key with whose it is and whether it was revoked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyRecord {
    /// The key.
    pub key: ApiKey,
    /// Whose it is.
    pub user: UserId,
    /// What that user may do now.
    pub user_role: Role,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
}

/// An invitation as the store holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvitationRecord {
    /// The invitation's id.
    pub id: InvitationId,
    /// The name the node will have.
    pub name: String,
    /// The site it will belong to.
    pub site: String,
    /// The hash of its secret.
    pub secret_hash: String,
    /// When it expires.
    pub expires_at: Timestamp,
    /// The agent that spent it.
    pub used_by: Option<AgentId>,
}

/// What the link of an agent needs.
#[derive(Clone, Debug, PartialEq)]
pub struct AgentLinkRecord {
    /// The agent.
    pub agent: Agent,
    /// Its public key, base64url.
    pub public_key: String,
    /// The epoch of its last accepted HELLO.
    pub epoch: u64,
    /// The epoch that the server offered last: `epoch`, or one more.
    pub offered_epoch: u64,
    /// The highest sequence of its frames that the control data holds.
    pub ingested: u64,
    /// When it was removed.
    pub removed_at: Option<Timestamp>,
}

/// One execution with what dispatching it needs.
#[derive(Clone, Debug, PartialEq)]
pub struct ExecutionRecord {
    /// The execution.
    pub id: ExecutionId,
    /// Its command.
    pub command: CommandId,
    /// Its target.
    pub agent: AgentId,
    /// The target's name.
    pub node: String,
    /// How it stands.
    pub status: CommandStatus,
    /// The verb.
    pub verb: String,
    /// The arguments.
    pub args: serde_json::Value,
    /// When the command was given.
    pub created_at: Timestamp,
    /// When the command expires.
    pub expires_at: Timestamp,
    /// Seconds it may take once started.
    pub timeout_s: u32,
    /// The latest event of this execution: the cause of the next.
    pub cause: EventId,
}

/// How much the store holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Users.
    pub users: u64,
    /// API keys that are neither revoked nor expired.
    pub active_keys: u64,
    /// Commands given since the moment, by how they stand.
    pub commands: BTreeMap<CommandStatus, u64>,
    /// Events that are kept.
    pub events: u64,
    /// Events since the moment.
    pub recent_events: u64,
    /// Audit entries since the moment of what was denied.
    pub denied: u64,
}

/// The claim of an idempotency key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdempotencyRecord {
    /// The hash of the request that claimed it.
    pub body_hash: String,
    /// The id of what that request created.
    pub resource: String,
    /// When it was claimed.
    pub created_at: Timestamp,
}

/// Which commands are wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CommandFilter {
    /// Only those that stand so, over all their targets.
    pub status: Option<CommandStatus>,
    /// Only those with this target.
    pub agent: Option<AgentId>,
    /// Only those of this verb.
    pub verb: Option<String>,
}

/// Some of the commands that are wanted.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Commands {
    /// The newest first.
    pub commands: Vec<Command>,
    /// Before which command to go on; `None` when there are no more.
    pub next: Option<CommandId>,
}

/// Which events are wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EventFilter {
    /// Only these kinds; all when empty.
    pub kinds: Vec<EventKind>,
    /// Only those about this node.
    pub node: Option<String>,
}

impl EventFilter {
    /// Whether an event is wanted.
    #[must_use]
    pub fn wants(&self, event: &Event) -> bool {
        (self.kinds.is_empty() || self.kinds.contains(&event.kind))
            && self.node.as_deref().is_none_or(|node| event.subject.as_deref() == Some(node))
    }
}
