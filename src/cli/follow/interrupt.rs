//! [`Interrupts`]: Ctrl-C while something is followed.

use std::time::Duration;

use tokio::{
    signal::unix::{Signal, SignalKind, signal},
    time::timeout,
};

use super::super::{error::CliError, printer::Side, session::Session};

/// How soon a second Ctrl-C has to come to be meant as one more.
const SOON: Duration = Duration::from_secs(2);

/// Hears Ctrl-C in place of what ends a run from outside, until it is dropped.
pub(super) struct Interrupts<'a> {
    session: &'a Session,
    signal: Signal,
}

impl<'a> Interrupts<'a> {
    pub(super) fn hear(session: &'a Session) -> Result<Self, CliError> {
        let signal = signal(SignalKind::interrupt()).map_err(CliError::input)?;
        session.hear_interrupts(true);
        Ok(Self { session, signal })
    }

    /// Waits for the next.
    pub(super) async fn heard(&mut self) {
        if self.signal.recv().await.is_none() {
            std::future::pending::<()>().await;
        }
    }

    /// Whether another comes soon. Off a terminal nobody presses keys, so that a script is not held up.
    pub(super) async fn again(&mut self, session: &Session) -> bool {
        if !session.printer.is_shown(Side::Err) {
            return false;
        }
        session.printer.note("Ctrl-C once more within 2 s stops it");
        timeout(SOON, self.heard()).await.is_ok()
    }
}

impl Drop for Interrupts<'_> {
    fn drop(&mut self) {
        self.session.hear_interrupts(false);
    }
}
