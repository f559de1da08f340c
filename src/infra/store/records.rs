//! Each read of the control data, handed to the threads that read.

use std::collections::BTreeMap;

use async_trait::async_trait;
use jiff::Timestamp;

use super::{
    SqliteStore, agent, anchor, audit, command, container, count, credential, event, execution, idempotency,
    image, invitation, journal, key, plan, schedule, session, statistics, user,
};
use crate::{
    core::{
        audit::{ChainHead, ChainedEntry, Restored, StoredEntry},
        port::{
            StoreError,
            records::{
                AgentLinkRecord, AuditBase, AuditFilter, AuditPage, CommandFilter, Commands, Counts,
                CredentialRecord, EndedCommand, EventFilter, ExecutionRecord, Found, IdempotencyRecord,
                InvitationRecord, KeyRecord, OpenOf, PlanRecord, RecentExecution, Records, RolloutRecord,
                ScheduleRecord, SessionRecord, UserRecord,
            },
        },
        trust::Anchor,
    },
    id::{AgentId, CommandId, ExecutionId, InvitationId, KeyId, PlanId, SessionId, UserId},
    proto::{
        agent::Agent, auth::ApiKey, command::Command, container::Container, event::Event, image::Image,
        schedule::Schedule, user::User,
    },
};

#[async_trait]
impl Records for SqliteStore {
    async fn user_by_name(&self, username: &str) -> Result<Option<UserRecord>, StoreError> {
        let username = username.to_owned();
        self.read(move |connection| user::by_name(connection, &username)).await
    }

    async fn user(&self, id: UserId) -> Result<Option<UserRecord>, StoreError> {
        self.read(move |connection| user::by_id(connection, id)).await
    }

    async fn users(&self, after: Option<&str>, limit: usize) -> Result<Vec<User>, StoreError> {
        let after = after.map(str::to_owned);
        self.read(move |connection| user::list(connection, after.as_deref(), limit)).await
    }

    async fn key_by_hash(&self, hash: &str) -> Result<Option<KeyRecord>, StoreError> {
        let hash = hash.to_owned();
        self.read(move |connection| key::by_hash(connection, &hash)).await
    }

    async fn key(&self, id: KeyId) -> Result<Option<KeyRecord>, StoreError> {
        self.read(move |connection| key::by_id(connection, id)).await
    }

    async fn keys(
        &self,
        user: Option<UserId>,
        after: Option<KeyId>,
        limit: usize,
    ) -> Result<Vec<ApiKey>, StoreError> {
        self.read(move |connection| key::list(connection, user, after, limit)).await
    }

    async fn session(&self, id: SessionId) -> Result<Option<SessionRecord>, StoreError> {
        self.read(move |connection| session::by_id(connection, id)).await
    }

    async fn had_first_admin(&self) -> Result<bool, StoreError> {
        self.read(user::had_first_admin).await
    }

    async fn invitation(&self, id: InvitationId) -> Result<Option<InvitationRecord>, StoreError> {
        self.read(move |connection| invitation::by_id(connection, id)).await
    }

    async fn agents(&self) -> Result<Vec<Agent>, StoreError> {
        self.read(agent::list).await
    }

    async fn agent_link(&self, id: AgentId) -> Result<Option<AgentLinkRecord>, StoreError> {
        self.read(move |connection| agent::link(connection, id)).await
    }

    async fn credential(&self, id: AgentId) -> Result<Option<CredentialRecord>, StoreError> {
        self.read(move |connection| credential::of(connection, id)).await
    }

    async fn credentials(&self) -> Result<Vec<CredentialRecord>, StoreError> {
        self.read(credential::list).await
    }

    async fn anchors(&self) -> Result<Vec<Anchor>, StoreError> {
        self.read(anchor::list).await
    }

    async fn agent_link_by_name(&self, name: &str) -> Result<Option<AgentLinkRecord>, StoreError> {
        let name = name.to_owned();
        self.read(move |connection| agent::link_by_name(connection, &name)).await
    }

    async fn agent_link_by_bearer(&self, token_hash: &str) -> Result<Option<AgentLinkRecord>, StoreError> {
        let token_hash = token_hash.to_owned();
        self.read(move |connection| agent::link_by_bearer(connection, &token_hash)).await
    }

    async fn containers(&self) -> Result<Vec<Container>, StoreError> {
        self.read(container::list).await
    }

    async fn images(&self) -> Result<Vec<Image>, StoreError> {
        self.read(image::list).await
    }

    async fn command(&self, id: CommandId) -> Result<Option<Command>, StoreError> {
        self.read(move |connection| command::by_id(connection, id)).await
    }

    async fn commands(
        &self,
        filter: &CommandFilter,
        before: Option<CommandId>,
        limit: usize,
    ) -> Result<Commands, StoreError> {
        let filter = filter.clone();
        self.read(move |connection| command::list(connection, &filter, before, limit)).await
    }

    async fn execution(&self, id: ExecutionId) -> Result<Option<ExecutionRecord>, StoreError> {
        self.read(move |connection| execution::by_id(connection, id)).await
    }

    async fn open_executions(&self, of: OpenOf) -> Result<Vec<ExecutionRecord>, StoreError> {
        self.read(move |connection| execution::open(connection, of)).await
    }

    async fn open_commands(&self) -> Result<u64, StoreError> {
        self.read(execution::open_commands).await
    }

    async fn sealed_args(&self, id: CommandId) -> Result<Option<Vec<u8>>, StoreError> {
        self.read(move |connection| execution::sealed_args(connection, id)).await
    }

    async fn rollouts(&self) -> Result<Vec<RolloutRecord>, StoreError> {
        self.read(execution::rollouts).await
    }

    async fn idempotency(
        &self,
        caller: &str,
        endpoint: &str,
        key: &str,
    ) -> Result<Option<IdempotencyRecord>, StoreError> {
        let (caller, endpoint, key) = (caller.to_owned(), endpoint.to_owned(), key.to_owned());
        self.read(move |connection| idempotency::find(connection, &caller, &endpoint, &key)).await
    }

    async fn events(
        &self,
        after: u64,
        filter: &EventFilter,
        limit: usize,
    ) -> Result<Found<Event>, StoreError> {
        let (source, filter) = (journal::source(self.server_id()), filter.clone());
        self.read(move |connection| event::after(connection, &source, after, &filter, limit)).await
    }

    async fn event_bounds(&self) -> Result<Option<(u64, u64)>, StoreError> {
        self.read(event::bounds).await
    }

    async fn skipped_events(&self) -> Result<u64, StoreError> {
        self.read(event::skipped).await
    }

    async fn oldest_events(&self, most: usize) -> Result<Vec<(u64, Timestamp)>, StoreError> {
        self.read(move |connection| event::oldest(connection, most)).await
    }

    async fn oldest_claim(&self) -> Result<Option<Timestamp>, StoreError> {
        self.read(idempotency::oldest).await
    }

    async fn plan(&self, id: PlanId) -> Result<Option<PlanRecord>, StoreError> {
        self.read(move |connection| plan::by_id(connection, id)).await
    }

    async fn first_plan_expiry(&self) -> Result<Option<Timestamp>, StoreError> {
        self.read(plan::first_expiry).await
    }

    async fn schedule(&self, reference: &str) -> Result<Option<ScheduleRecord>, StoreError> {
        let reference = reference.to_owned();
        self.read(move |connection| schedule::find(connection, &reference)).await
    }

    async fn schedules(
        &self,
        key: Option<KeyId>,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<Schedule>, StoreError> {
        let after = after.map(str::to_owned);
        self.read(move |connection| schedule::list(connection, key, after.as_deref(), limit)).await
    }

    async fn due_schedules(&self, now: Timestamp) -> Result<Vec<ScheduleRecord>, StoreError> {
        self.read(move |connection| schedule::due(connection, now)).await
    }

    async fn next_schedule(&self) -> Result<Option<Timestamp>, StoreError> {
        self.read(schedule::next).await
    }

    async fn recent_executions(
        &self,
        since: Timestamp,
        most: usize,
    ) -> Result<Vec<RecentExecution>, StoreError> {
        self.read(move |connection| statistics::recent(connection, since, most)).await
    }

    async fn command_count(&self) -> Result<u64, StoreError> {
        self.read(statistics::command_count).await
    }

    async fn oldest_ended(
        &self,
        before: Option<Timestamp>,
        most: usize,
    ) -> Result<Vec<EndedCommand>, StoreError> {
        self.read(move |connection| statistics::oldest_ended(connection, before, most)).await
    }

    async fn first_ended(&self) -> Result<Option<Timestamp>, StoreError> {
        self.read(statistics::first_ended).await
    }

    async fn counts(&self, since: Timestamp, now: Timestamp) -> Result<Counts, StoreError> {
        self.read(move |connection| count::all(connection, since, now)).await
    }

    async fn audit(&self, after: u64, limit: usize) -> Result<Vec<ChainedEntry>, StoreError> {
        self.read(move |connection| audit::after(connection, after, limit)).await
    }

    async fn audit_stored(&self, after: u64, limit: usize) -> Result<Vec<StoredEntry>, StoreError> {
        self.read(move |connection| audit::stored(connection, after, limit)).await
    }

    async fn audit_list(
        &self,
        filter: &AuditFilter,
        before: Option<u64>,
        limit: usize,
    ) -> Result<AuditPage, StoreError> {
        let filter = filter.clone();
        self.read(move |connection| audit::list(connection, &filter, before, limit)).await
    }

    async fn audit_hash(&self, number: u64) -> Result<Option<Vec<u8>>, StoreError> {
        self.read(move |connection| audit::hash(connection, number)).await
    }

    async fn audit_hashes(&self, numbers: Vec<u64>) -> Result<BTreeMap<u64, Vec<u8>>, StoreError> {
        self.read(move |connection| audit::hashes(connection, &numbers)).await
    }

    async fn audit_base(&self) -> Result<Option<AuditBase>, StoreError> {
        self.read(audit::base).await
    }

    async fn audit_restores(&self) -> Result<Vec<Restored>, StoreError> {
        self.read(audit::restores).await
    }

    async fn audit_older(&self, than: Timestamp, most: usize) -> Result<Option<ChainHead>, StoreError> {
        self.read(move |connection| audit::older(connection, than, most)).await
    }
}
