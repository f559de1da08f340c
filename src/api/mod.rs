//! The HTTP and WebSocket face of the server: the whole API on this screen; a file per noun beside it.

mod address;
mod agent;
pub mod audit;
mod auth;
mod authority;
mod backup;
mod browser;
mod call;
pub mod caller;
pub mod clock;
mod command;
mod container;
mod dashboard;
mod event;
mod failure;
mod fixed;
mod health;
mod heartbeat;
mod image;
mod invitation;
mod judgement;
pub mod listing;
mod metrics;
mod page;
pub mod peer;
mod plan;
mod probe;
pub mod pulse;
mod question;
mod random;
mod registry;
mod schedule;
mod service;
mod shape;
mod sight;
mod standing;
mod statistics;
mod status;
mod telemetry;
mod traffic;
pub mod trust;
mod user;
mod verb;

pub mod app;
pub mod connection;
pub mod denials;
pub mod docs;
pub mod hashing;
pub mod heads;
pub mod limit;
pub mod meter;
pub mod ws;

pub use probe::Probe;
pub use registry::{Api, Route};
pub use sight::Narrowed;
pub use statistics::{Cached, command::Figures};

use crate::proto;

/// The route table. Who may call a route is part of its endpoint; there is no other way to add one.
#[must_use]
pub fn api() -> Api {
    Api::new()
        .add::<proto::health::GetHealth, _, _>(health::get)
        .add::<proto::health::GetSystemHealth, _, _>(health::system)
        .add::<proto::health::GetDatabaseHealth, _, _>(health::database)
        .add::<proto::health::GetRedisHealth, _, _>(health::redis)
        .add::<proto::docs::GetOpenApi, _, _>(docs::openapi)
        .add::<proto::docs::GetApiDocs, _, _>(docs::page)
        // The server, seen
        .add::<proto::status::GetStatus, _, _>(status::get)
        .add::<proto::statistics::GetStatistics, _, _>(statistics::get)
        .add::<proto::statistics::GetCommandStatistics, _, _>(statistics::command::get)
        .add::<proto::metrics::GetMetrics, _, _>(metrics::get)
        .add::<proto::dashboard::GetDashboardStats, _, _>(dashboard::stats)
        .add::<proto::service::GetDashboardServices, _, _>(service::matrix)
        .add::<proto::backup::CreateBackup, _, _>(backup::create)
        // Signing in, callers and their keys
        .add::<proto::auth::Login, _, _>(auth::login)
        .add::<proto::auth::Logout, _, _>(auth::logout)
        .add::<proto::auth::WhoAmI, _, _>(auth::me)
        .add::<proto::auth::IssueKey, _, _>(auth::issue_key)
        .add::<proto::auth::ListKeys, _, _>(auth::list_keys)
        .add::<proto::auth::RotateKey, _, _>(auth::rotate_key)
        .add::<proto::auth::RevokeKey, _, _>(auth::revoke_key)
        .add::<proto::user::ListUsers, _, _>(user::list)
        .add::<proto::user::CreateUser, _, _>(user::create)
        // Who did what
        .add::<proto::audit::ListAudit, _, _>(audit::list)
        .add::<proto::audit::ExportAudit, _, _>(audit::export)
        .add::<proto::user::DisableUser, _, _>(user::disable)
        .add::<proto::user::EnableUser, _, _>(user::enable)
        .add::<proto::user::SetUserRole, _, _>(user::set_role)
        .add::<proto::user::SetUserPassword, _, _>(user::set_password)
        .add::<proto::user::SignOutUser, _, _>(user::sign_out)
        // Nodes
        .add::<proto::invitation::InviteAgent, _, _>(invitation::invite)
        .add::<proto::invitation::JoinFleet, _, _>(invitation::join)
        .add::<proto::certificate::CertifyAgent, _, _>(trust::certify)
        .add::<proto::certificate::GetTrust, _, _>(trust::get)
        .add::<proto::certificate::TurnTrust, _, _>(trust::turn)
        .add::<proto::link::AgentLink, _, _>(ws::agent::open)
        .add::<proto::agent::ListAgents, _, _>(agent::list)
        .add::<proto::agent::GetAgentStatistics, _, _>(agent::statistics)
        .add::<proto::agent::SyncAgents, _, _>(agent::sync)
        .add::<proto::agent::GetAgent, _, _>(agent::get)
        .add::<proto::agent::SetAgentStatus, _, _>(agent::set_status)
        .add::<proto::agent::GetAgentTelemetry, _, _>(agent::telemetry)
        .add::<proto::agent::GetAgentHealth, _, _>(agent::health)
        .add::<proto::agent::RevokeAgent, _, _>(agent::revoke)
        .add::<proto::agent::ReplaceAgent, _, _>(agent::replace)
        .add::<proto::agent::RemoveAgent, _, _>(agent::remove)
        .add::<proto::heartbeat::SendHeartbeat, _, _>(heartbeat::take)
        // What runs on them
        .add::<proto::container::ListContainers, _, _>(container::list)
        .add::<proto::container::GetContainer, _, _>(container::get)
        .add::<proto::container::StartContainer, _, _>(container::start)
        .add::<proto::container::StopContainer, _, _>(container::stop)
        .add::<proto::container::RestartContainer, _, _>(container::restart)
        .add::<proto::container::RemoveContainer, _, _>(container::remove)
        .add::<proto::container::GetContainerLogs, _, _>(container::logs::get)
        .add::<proto::container::GetContainerStats, _, _>(container::stats::get)
        .add::<proto::container::InspectContainer, _, _>(container::inspect::get)
        .add::<proto::image::ListImages, _, _>(image::list)
        .add::<proto::image::PullImage, _, _>(image::pull::pull)
        .add::<proto::image::PruneDocker, _, _>(image::prune::prune)
        // What they measure
        .add::<proto::telemetry::LatestTelemetry, _, _>(telemetry::latest)
        .add::<proto::telemetry::TelemetryHistory, _, _>(telemetry::history)
        .add::<proto::telemetry::GetTelemetryAnalytics, _, _>(telemetry::analytics)
        .add::<proto::telemetry::ListMetrics, _, _>(telemetry::metrics)
        .add::<proto::telemetry::DashboardNetwork, _, _>(telemetry::network)
        // What was ordered, and what happened
        .add::<proto::command::GiveCommand, _, _>(command::post)
        .add::<proto::command::ListCommands, _, _>(command::list)
        .add::<proto::command::GetCommand, _, _>(command::get)
        .add::<proto::command::CancelCommand, _, _>(command::stop)
        .add::<proto::command::RetryCommand, _, _>(command::retry)
        .add::<proto::command::GetCommandOutput, _, _>(command::output::get)
        .add::<proto::verb::ListVerbs, _, _>(verb::list)
        .add::<proto::plan::PlanCommand, _, _>(plan::make)
        .add::<proto::plan::GetPlan, _, _>(plan::get)
        .add::<proto::plan::ApplyPlan, _, _>(plan::apply)
        .add::<proto::schedule::CreateSchedule, _, _>(schedule::create)
        .add::<proto::schedule::ListSchedules, _, _>(schedule::list)
        .add::<proto::schedule::GetSchedule, _, _>(schedule::get)
        .add::<proto::schedule::PauseSchedule, _, _>(schedule::pause)
        .add::<proto::schedule::RemoveSchedule, _, _>(schedule::remove)
        .add::<proto::event::EventHistory, _, _>(event::history)
        .add::<proto::event::SubscribeEvents, _, _>(ws::event::open)
        // What somebody looks at
        .add::<proto::window::WatchWindows, _, _>(ws::window::open)
}
