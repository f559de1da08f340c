//! What ends a long-running part: SIGINT or SIGTERM, once.

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use super::error::CliError;

/// A token that the first SIGINT or SIGTERM cancels.
pub(super) fn shutdown() -> Result<CancellationToken, CliError> {
    let token = CancellationToken::new();
    for kind in [SignalKind::interrupt(), SignalKind::terminate()] {
        let mut heard = signal(kind).map_err(CliError::input)?;
        let token = token.clone();
        tokio::spawn(async move {
            heard.recv().await;
            token.cancel();
        });
    }
    Ok(token)
}
