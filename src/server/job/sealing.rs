//! Turns each hour's telemetry into columns soon after it ended, and forgets what is older than is to be kept.

use std::{sync::Arc, time::Duration};

use jiff::{SignedDuration, Timestamp};

use crate::{
    api::{app::App, clock},
    core::telemetry::HOUR,
};

/// How long after the hour: what nodes measured just before it is on its way.
const STRAGGLERS: SignedDuration = SignedDuration::from_secs(60);

/// How long to wait after the store did not answer.
const RETRY: Duration = Duration::from_secs(60);

/// Sleeps until the next hour is over, or so much has arrived that sealing cannot wait for it.
pub(in crate::server) async fn run(app: Arc<App>) {
    let mut next = end_of_hour(clock::now());
    loop {
        let due = Duration::try_from(clock::now().duration_until(next + STRAGGLERS)).unwrap_or_default();
        tokio::select! {
            () = tokio::time::sleep(due) => match seal_hour(&app, next).await {
                Ok(()) => next = end_of_hour(clock::now() - STRAGGLERS),
                Err(error) => {
                    tracing::error!("telemetry could not be sealed: {error}");
                    if ended_during(&app, RETRY).await { return }
                }
            },
            () = app.telemetry.crowded() => if let Err(error) = app.telemetry.seal(None).await {
                tracing::error!("telemetry could not be sealed: {error}");
                if ended_during(&app, RETRY).await { return }
            },
            () = app.shutdown.cancelled() => return,
        }
    }
}

/// Seals what was measured before an hour ended, then forgets what is too old.
async fn seal_hour(app: &App, end: Timestamp) -> Result<(), crate::core::port::StoreError> {
    let sealed = app.telemetry.seal(Some(end)).await?;
    let kept = SignedDuration::from_hours(24 * i64::from(app.settings.telemetry_retention_days));
    // A time before time itself forgets nothing.
    app.telemetry.forget(end.checked_sub(kept).unwrap_or(Timestamp::MIN)).await?;
    tracing::debug!(sealed, "telemetry was sealed");
    Ok(())
}

/// When the hour of a moment is over.
fn end_of_hour(now: Timestamp) -> Timestamp {
    let hour = now.as_microsecond().div_euclid(HOUR) + 1;
    Timestamp::from_microsecond(hour.saturating_mul(HOUR)).unwrap_or(Timestamp::MAX)
}

async fn ended_during(app: &App, wait: Duration) -> bool {
    tokio::time::timeout(wait, app.shutdown.cancelled()).await.is_ok()
}
