//! The server as it is now.

use super::{
    app::App,
    call::{Answer, Call},
};
use crate::{
    core::error::Error,
    proto::status::{ConnectionStatus, EventLogStatus, GetStatus, LimitStatus, ServerStatus, StoreStatus},
};

pub(super) async fn get(call: Call<GetStatus>) -> Result<Answer<GetStatus>, Error> {
    let app = &call.app;
    let bounds = app.records.event_bounds().await?;
    let (control_bytes, telemetry_bytes) = stored_bytes(app).await?;
    let (watchers, watcher_lag) = app.feed.watchers();
    let (callers, agents_linked) = (app.connections.count().0, app.hub.count());
    Ok(Answer::ok(&ServerStatus {
        server: app.server,
        version: env!("CARGO_PKG_VERSION").into(),
        started_at: app.meters.started_at,
        uptime_s: app.meters.uptime().as_secs(),
        listen: app.listen.get().copied(),
        store: StoreStatus {
            kind: "sqlite".into(),
            control_bytes,
            telemetry_bytes,
            changes_waiting: app.store_meter.waiting.get(),
        },
        connections: ConnectionStatus {
            callers: callers as u64,
            agents_linked: agents_linked as u64,
            agents_known: app.fleet.read().agents().count() as u64,
            watchers: watchers as u64,
            requests_in_flight: app.meters.in_flight.get(),
        },
        events: EventLogStatus {
            first_sequence: bounds.map(|(first, _)| first),
            last_sequence: bounds.map(|(_, last)| last),
            watcher_lag,
        },
        limits: limits(app),
    }))
}

/// Bytes of the control data and of the telemetry.
pub(super) async fn stored_bytes(app: &App) -> Result<(u64, u64), Error> {
    let (folder, sizes) = (app.data.clone(), app.outside.sizes);
    tokio::task::spawn_blocking(move || sizes(&folder))
        .await
        .map_err(|error| Error::Internal(error.to_string()))
}

fn limits(app: &App) -> LimitStatus {
    let settings = &app.settings;
    LimitStatus {
        max_connections: app.connections.max() as u64,
        max_agent_connections: app.connections.max_agents() as u64,
        request_timeout_s: settings.request_timeout.as_secs(),
        rate_limit_requests: settings.rate_limits.caller,
        rate_limit_anonymous: settings.rate_limits.anonymous,
        rate_limit_window_s: settings.rate_limits.window.as_secs(),
        event_retention_days: settings.event_retention.as_secs() / (24 * 3600),
        event_retention_count: settings.event_count,
    }
}
