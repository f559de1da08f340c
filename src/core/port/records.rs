//! What the store holds, read.

use std::collections::BTreeMap;

use async_trait::async_trait;
use jiff::Timestamp;

use super::StoreError;
use crate::{
    core::{
        access::Principal,
        audit::{ChainHead, ChainedEntry, Restored, StoredEntry},
        trust::Anchor,
    },
    id::{AgentId, CommandId, EventId, ExecutionId, InvitationId, KeyId, PlanId, SessionId, UserId},
    proto::{
        agent::Agent,
        audit::{AuditRecord, Outcome},
        auth::ApiKey,
        command::{Command, CommandStatus, Priority},
        container::Container,
        envelope::Envelope,
        event::{Event, EventKind},
        image::Image,
        plan::Plan,
        schedule::Schedule,
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
    /// The session with this id, also one that has ended.
    async fn session(&self, id: SessionId) -> Result<Option<SessionRecord>, StoreError>;
    /// Whether the first admin was made, ever.
    async fn had_first_admin(&self) -> Result<bool, StoreError>;
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
    /// What an agent holds to prove itself in a TLS handshake, and what it trusts.
    async fn credential(&self, id: AgentId) -> Result<Option<CredentialRecord>, StoreError>;
    /// What each agent holds that follows what is trusted: ours, neither removed nor revoked.
    async fn credentials(&self) -> Result<Vec<CredentialRecord>, StoreError>;
    /// Every key that the fleet trusts, or did.
    async fn anchors(&self) -> Result<Vec<Anchor>, StoreError>;
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
    /// Executions that have not ended, oldest first.
    async fn open_executions(&self, of: OpenOf) -> Result<Vec<ExecutionRecord>, StoreError>;
    /// How many commands are not over.
    async fn open_commands(&self) -> Result<u64, StoreError>;
    /// The arguments of a command with their secrets, sealed.
    async fn sealed_args(&self, id: CommandId) -> Result<Option<Vec<u8>>, StoreError>;
    /// Rollouts that are under way.
    async fn rollouts(&self) -> Result<Vec<RolloutRecord>, StoreError>;
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
    /// How many sequences within the log stand for no event: a restored server goes on above those that were given out.
    async fn skipped_events(&self) -> Result<u64, StoreError>;
    /// When the first of the events that are kept happened, with their sequences: `most` at most, in order.
    async fn oldest_events(&self, most: usize) -> Result<Vec<(u64, Timestamp)>, StoreError>;
    /// When the oldest claim of an idempotency key was made.
    async fn oldest_claim(&self) -> Result<Option<Timestamp>, StoreError>;
    /// The plan with this id, also one that was applied or has expired.
    async fn plan(&self, id: PlanId) -> Result<Option<PlanRecord>, StoreError>;
    /// When the first plan that is kept expires, or did.
    async fn first_plan_expiry(&self) -> Result<Option<Timestamp>, StoreError>;
    /// The schedule with this id or name.
    async fn schedule(&self, reference: &str) -> Result<Option<ScheduleRecord>, StoreError>;
    /// Schedules by name, after `after`: those that were made with this key, or all.
    async fn schedules(
        &self,
        key: Option<KeyId>,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<Schedule>, StoreError>;
    /// Schedules whose time has come at `now`, the earliest first.
    async fn due_schedules(&self, now: Timestamp) -> Result<Vec<ScheduleRecord>, StoreError>;
    /// When the time of a schedule comes first.
    async fn next_schedule(&self) -> Result<Option<Timestamp>, StoreError>;
    /// The latest executions that were queued since a moment, `most` at most.
    async fn recent_executions(
        &self,
        since: Timestamp,
        most: usize,
    ) -> Result<Vec<RecentExecution>, StoreError>;
    /// How many commands are kept.
    async fn command_count(&self) -> Result<u64, StoreError>;
    /// The oldest commands that have ended, with their executions: those whose last execution ended before `before`, or all
    /// without it. So many commands at most, and fewer when they have many executions, but one at least.
    async fn oldest_ended(
        &self,
        before: Option<Timestamp>,
        most: usize,
    ) -> Result<Vec<EndedCommand>, StoreError>;
    /// When the oldest of the commands ended that have.
    async fn first_ended(&self) -> Result<Option<Timestamp>, StoreError>;
    /// Counts what is kept, and what came since a moment.
    async fn counts(&self, since: Timestamp, now: Timestamp) -> Result<Counts, StoreError>;
    /// Audit entries after a number, in order.
    async fn audit(&self, after: u64, limit: usize) -> Result<Vec<ChainedEntry>, StoreError>;
    /// The same as they are stored, unread: so many at most, and no more once they weigh [`PAGE_BYTES`].
    async fn audit_stored(&self, after: u64, limit: usize) -> Result<Vec<StoredEntry>, StoreError>;
    /// The newest audit entries before a number that pass a filter. Looks at so many entries at most as keep a reader from
    /// others for a moment only.
    async fn audit_list(
        &self,
        filter: &AuditFilter,
        before: Option<u64>,
        limit: usize,
    ) -> Result<AuditPage, StoreError>;
    /// The stored hash of an audit entry.
    async fn audit_hash(&self, number: u64) -> Result<Option<Vec<u8>>, StoreError>;
    /// The stored hashes of those of these audit entries that there are.
    async fn audit_hashes(&self, numbers: Vec<u64>) -> Result<BTreeMap<u64, Vec<u8>>, StoreError>;
    /// Where the audit log was trimmed to.
    async fn audit_base(&self) -> Result<Option<AuditBase>, StoreError>;
    /// The restores that entries of the audit log tell of. Looks at the whole log.
    async fn audit_restores(&self) -> Result<Vec<Restored>, StoreError>;
    /// The last of the audit log's first entries, `most` at most, that are all older than this.
    async fn audit_older(&self, than: Timestamp, most: usize) -> Result<Option<ChainHead>, StoreError>;
}

/// Which audit entries are meant. A `*` at the end of a text stands for whatever follows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditFilter {
    /// By whom.
    pub actor: Option<String>,
    /// What.
    pub action: Option<String>,
    /// To what.
    pub target: Option<String>,
    /// Whether it was allowed.
    pub outcome: Option<Outcome>,
    /// What it belongs to.
    pub correlation: Option<String>,
    /// From this moment on.
    pub since: Option<Timestamp>,
    /// Before this moment.
    pub until: Option<Timestamp>,
}

/// Some of the audit log, the newest first.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AuditPage {
    /// The entries.
    pub items: Vec<AuditRecord>,
    /// Before which number to look on; none when there is nothing before.
    pub next: Option<u64>,
}

/// Where the audit log was trimmed to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditBase {
    /// The last entry that is gone.
    pub chain: ChainHead,
    /// What was signed of it; it proves nothing before it is opened.
    pub envelope: Envelope,
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
    /// Since when that user is disabled.
    pub user_disabled_at: Option<Timestamp>,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
    /// Until when the secret holds that it was found by: until the key expires, or sooner for the secret before the present
    /// one.
    pub holds_until: Timestamp,
}

/// A sign-in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionRecord {
    /// The session.
    pub id: SessionId,
    /// Who signed in.
    pub user: UserId,
    /// When it expires.
    pub expires_at: Timestamp,
    /// When it was ended.
    pub ended_at: Option<Timestamp>,
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
    /// The agent whose place the node takes.
    pub replaces: Option<AgentId>,
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

/// A certificate of an agent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credential {
    /// Its number, hexadecimal.
    pub serial: String,
    /// The authority that signed it.
    pub authority: String,
    /// Until when it holds.
    pub not_after: Timestamp,
}

/// What an agent holds. No other certificate of it is let in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CredentialRecord {
    /// The certificate that it uses.
    pub used: Option<Credential>,
    /// The one that was made for it since, which it may never have got.
    pub offered: Option<Credential>,
    /// The revision of what it trusts.
    pub revision: u64,
}

/// Whose executions are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OpenOf {
    /// Everybody's.
    All,
    /// Those on this agent.
    Agent(AgentId),
    /// Those of this command.
    Command(CommandId),
}

/// One execution with what dispatching and ending it needs.
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
    /// Which attempt it is.
    pub attempt: u32,
    /// How it stands.
    pub status: CommandStatus,
    /// The part of a rollout; 0 without one.
    pub batch: u32,
    /// Its part of a rollout has not begun.
    pub is_held: bool,
    /// Not before this moment.
    pub not_before: Option<Timestamp>,
    /// Void from then on.
    pub expires_at: Option<Timestamp>,
    /// When somebody asked for it to be stopped.
    pub cancelled_at: Option<Timestamp>,
    /// When the server acts by itself if nothing is heard.
    pub due_at: Option<Timestamp>,
    /// When it began.
    pub started_at: Option<Timestamp>,
    /// The latest event of this execution: the cause of the next.
    pub cause: EventId,
    /// Its target is no agent of ours: it has no journal and keeps no time.
    pub is_plain: bool,
    /// The verb.
    pub verb: String,
    /// The arguments, without secrets.
    pub args: serde_json::Value,
    /// Whether secrets belong to them.
    pub is_sealed: bool,
    /// Who gave the command.
    pub actor: String,
    /// On whose behalf; `None` where that is not known.
    pub by: Option<Principal>,
    /// When the command was given.
    pub created_at: Timestamp,
    /// Seconds it may take once started.
    pub timeout_s: u32,
    /// What goes first.
    pub priority: Priority,
    /// How often a target may try again.
    pub max_retries: u32,
    /// Whether doing it twice is the same as doing it once.
    pub is_idempotent: bool,
    /// What must hold on the node right before the start.
    pub precondition: Option<String>,
    /// Bytes of output to keep.
    pub output_bytes: u32,
    /// Whether the command goes out in parts.
    pub has_rollout: bool,
}

/// A rollout that is under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RolloutRecord {
    /// The command.
    pub command: CommandId,
    /// The part that runs.
    pub batch: u32,
    /// When the next part may begin.
    pub resume_at: Option<Timestamp>,
}

/// A plan with its secrets.
#[derive(Clone, Debug, PartialEq)]
pub struct PlanRecord {
    /// The plan.
    pub plan: Plan,
    /// The arguments with their secrets, sealed; `None` when there are none, or the plan was applied.
    pub sealed: Option<Vec<u8>>,
    /// Who made it; `None` where that is not known.
    pub by: Option<Principal>,
}

/// A schedule with its secrets and whose it is.
#[derive(Clone, Debug, PartialEq)]
pub struct ScheduleRecord {
    /// The schedule.
    pub schedule: Schedule,
    /// The arguments with their secrets, sealed; `None` when there are none.
    pub sealed: Option<Vec<u8>>,
    /// Who made it.
    pub user: UserId,
    /// The API key that was shown.
    pub key: Option<KeyId>,
}

impl ScheduleRecord {
    /// On whose behalf its commands are given.
    #[must_use]
    pub const fn by(&self) -> Principal {
        Principal { user: self.user, key: self.key }
    }
}

/// An execution as statistics see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecentExecution {
    /// Its command.
    pub command: CommandId,
    /// Its target.
    pub agent: AgentId,
    /// The target's name.
    pub node: String,
    /// Which attempt it is.
    pub attempt: u32,
    /// The verb.
    pub verb: String,
    /// How it stands.
    pub status: CommandStatus,
    /// When it might have started.
    pub ready_at: Timestamp,
    /// When it started.
    pub started_at: Option<Timestamp>,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// Why it failed.
    pub error_message: Option<String>,
}

/// A command that has ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndedCommand {
    /// The command.
    pub id: CommandId,
    /// Its executions.
    pub executions: Vec<ExecutionId>,
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
