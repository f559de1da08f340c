//! Each read of the control data, handed to the threads that read.

use async_trait::async_trait;
use jiff::Timestamp;

use super::{
    SqliteStore, agent, audit, command, container, count, event, execution, idempotency, image, invitation,
    journal, key, user,
};
use crate::{
    core::{
        audit::ChainedEntry,
        port::{
            StoreError,
            records::{
                AgentLinkRecord, CommandFilter, Commands, Counts, EventFilter, ExecutionRecord, Found,
                IdempotencyRecord, InvitationRecord, KeyRecord, Records, UserRecord,
            },
        },
    },
    id::{AgentId, CommandId, ExecutionId, InvitationId, KeyId, UserId},
    proto::{
        agent::Agent, auth::ApiKey, command::Command, container::Container, event::Event, image::Image,
        user::User,
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

    async fn invitation(&self, id: InvitationId) -> Result<Option<InvitationRecord>, StoreError> {
        self.read(move |connection| invitation::by_id(connection, id)).await
    }

    async fn agents(&self) -> Result<Vec<Agent>, StoreError> {
        self.read(agent::list).await
    }

    async fn agent_link(&self, id: AgentId) -> Result<Option<AgentLinkRecord>, StoreError> {
        self.read(move |connection| agent::link(connection, id)).await
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

    async fn queued_executions(&self, agent: AgentId) -> Result<Vec<ExecutionRecord>, StoreError> {
        self.read(move |connection| execution::queued(connection, agent)).await
    }

    async fn open_executions(&self, agent: AgentId) -> Result<Vec<ExecutionRecord>, StoreError> {
        self.read(move |connection| execution::open(connection, agent)).await
    }

    async fn expired_executions(&self, now: Timestamp) -> Result<Vec<ExecutionRecord>, StoreError> {
        self.read(move |connection| execution::expired(connection, now)).await
    }

    async fn next_expiry(&self) -> Result<Option<Timestamp>, StoreError> {
        self.read(execution::next_expiry).await
    }

    async fn overdue_executions(
        &self,
        now: Timestamp,
    ) -> Result<Vec<(ExecutionRecord, Timestamp)>, StoreError> {
        self.read(move |connection| execution::overdue(connection, now)).await
    }

    async fn next_overdue(&self) -> Result<Option<Timestamp>, StoreError> {
        self.read(execution::next_overdue).await
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

    async fn oldest_events(&self, most: usize) -> Result<Vec<(u64, Timestamp)>, StoreError> {
        self.read(move |connection| event::oldest(connection, most)).await
    }

    async fn oldest_claim(&self) -> Result<Option<Timestamp>, StoreError> {
        self.read(idempotency::oldest).await
    }

    async fn counts(&self, since: Timestamp, now: Timestamp) -> Result<Counts, StoreError> {
        self.read(move |connection| count::all(connection, since, now)).await
    }

    async fn audit(&self, after: u64, limit: usize) -> Result<Vec<ChainedEntry>, StoreError> {
        self.read(move |connection| audit::after(connection, after, limit)).await
    }
}
