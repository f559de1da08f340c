//! [`Keeper`]: the backups of a server that runs.

use std::{io, path::PathBuf, sync::Arc};

use async_trait::async_trait;
use jiff::Timestamp;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::{BackupError, Snapshot};
use crate::{
    config::recipient::Recipient,
    core::{
        backup::{Besides, Manifest},
        error::Error,
        port::backup::{Backups, Taken},
    },
};

/// Makes backups of a data folder, one at a time.
#[derive(Debug)]
pub struct Keeper {
    data: PathBuf,
    recipients: Vec<Recipient>,
    turn: Arc<Semaphore>,
}

impl Keeper {
    /// One for the server that keeps its data there.
    #[must_use]
    pub fn new(data: PathBuf, recipients: Vec<Recipient>) -> Self {
        Self { data, recipients, turn: Arc::new(Semaphore::new(1)) }
    }
}

/// A snapshot, whom it is for, and the turn that it takes.
struct Ready {
    snapshot: Snapshot,
    recipients: Vec<Recipient>,
    _turn: OwnedSemaphorePermit,
}

impl Taken for Ready {
    fn manifest(&self) -> &Manifest {
        self.snapshot.manifest()
    }

    fn write(self: Box<Self>, out: &mut dyn io::Write) -> io::Result<()> {
        self.snapshot.write(&self.recipients, out)
    }
}

#[async_trait]
impl Backups for Keeper {
    fn recipients(&self) -> Vec<String> {
        self.recipients.iter().map(ToString::to_string).collect()
    }

    async fn take(&self, besides: Besides, now: Timestamp) -> Result<Box<dyn Taken>, Error> {
        if self.recipients.is_empty() {
            // It holds the key that signs commands: only whoever owns the machine may say who can read that.
            return Err(Error::Conflict {
                code: "no_backup_recipient",
                detail: "a backup holds the key that signs commands, and nobody is named to encrypt it for: make a pair \
                         with 'worpen backup key' and name its public key in backup.recipients of the server's settings"
                    .into(),
            });
        }
        let turn = Arc::clone(&self.turn).try_acquire_owned().map_err(|_| Error::Conflict {
            code: "backup_running",
            detail: "another backup is being taken; try again when it is done".into(),
        })?;
        let (data, recipients) = (self.data.clone(), self.recipients.clone());
        let taken = tokio::task::spawn_blocking(move || Snapshot::take(&data, besides, now)).await;
        let snapshot = taken.map_err(|error| Error::Internal(error.to_string()))?.map_err(refused)?;
        Ok(Box::new(Ready { snapshot, recipients, _turn: turn }))
    }
}

#[expect(clippy::needless_pass_by_value, reason = "the shape that map_err wants")]
fn refused(error: BackupError) -> Error {
    match &error {
        BackupError::Room { .. } => {
            Error::Full { detail: format!("{error}; free some, or leave telemetry out") }
        }
        _ => Error::Internal(chain(&error)),
    }
}

fn chain(error: &dyn std::error::Error) -> String {
    let mut words = error.to_string();
    let mut source = error.source();
    while let Some(next) = source {
        words += &format!(": {next}");
        source = next.source();
    }
    words
}
