//! Writes down each minute whom nobody knew and who was turned away; the last time when the server ends.

use std::{sync::Arc, time::Duration};

use crate::api::app::App;

/// How long denials are counted before they are written.
const GATHERED: Duration = Duration::from_secs(60);

/// Sleeps until somebody was turned away, and then a minute.
pub(in crate::server) async fn run(app: Arc<App>) {
    loop {
        tokio::select! {
            () = app.denials.noted() => {}
            () = app.shutdown.cancelled() => return,
        }
        tokio::select! {
            () = tokio::time::sleep(GATHERED) => {}
            () = app.shutdown.cancelled() => return,
        }
        write(&app).await;
    }
}

/// Writes what was counted.
pub(in crate::server) async fn write(app: &App) {
    if let Err(error) = app.denials.write(app).await {
        tracing::error!("denials of strangers could not be written to the audit log: {error}");
    }
}
