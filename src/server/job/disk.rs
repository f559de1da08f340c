//! Tells when the disk becomes full, and looks until there is room again.

use std::{sync::Arc, time::Duration};

use serde_json::json;

use crate::{
    api::{app::App, clock},
    core::{change::Change, usecase::Origin},
    infra::disk::Disk,
    proto::event::EventKind,
};

/// How often a full disk is looked at: nobody tells when somebody made room.
const LOOK: Duration = Duration::from_secs(2);

/// Sleeps until the disk becomes full. What was left out is counted from then on.
pub(in crate::server) async fn run(app: Arc<App>, disk: Arc<Disk>) {
    let mut is_told = false;
    loop {
        let is_full = app.room.is_full();
        if is_full != is_told && tell(&app, is_full).await {
            is_told = is_full;
        }
        let look = async {
            if is_full || is_told {
                tokio::time::sleep(LOOK).await;
            } else {
                std::future::pending().await
            }
        };
        tokio::select! {
            () = disk.changed() => {}
            () = look => {
                if let Err(error) = disk.look_now() {
                    tracing::error!(%error, "the disk cannot be looked at");
                }
            }
            () = app.shutdown.cancelled() => return,
        }
    }
}

/// Writes it down; it is tried again where even that fails.
async fn tell(app: &App, is_full: bool) -> bool {
    let (room, origin) = (&app.room, Origin::server(clock::now(), app.server.to_string()));
    let event = if is_full {
        origin.event(EventKind::ServerDiskFull, json!({ "free": room.free(), "detail": room.refusal() }))
    } else {
        let left_out = json!({ "changes_refused": room.refused.get(), "measurements": room.telemetry.get(),
            "output_bytes": room.output.get() });
        origin.event(EventKind::ServerDiskRecovered, json!({ "free": room.free(), "left_out": left_out }))
    };
    match app.store.commit(Change::new().vital().event(event)).await {
        Ok(_) => true,
        Err(error) => {
            tracing::error!(
                "that the disk is {} was not written down: {error}",
                if is_full { "full" } else { "well" }
            );
            false
        }
    }
}
