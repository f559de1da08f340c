//! Copies of everything that a server keeps, made while it runs.

use std::io;

use async_trait::async_trait;
use jiff::Timestamp;

use crate::core::{
    backup::{Besides, Manifest},
    error::Error,
};

/// Makes backups.
#[async_trait]
pub trait Backups: Send + Sync {
    /// The public keys that backups are encrypted for.
    fn recipients(&self) -> Vec<String>;
    /// Copies and checks what the server keeps; one at a time.
    async fn take(&self, besides: Besides, now: Timestamp) -> Result<Box<dyn Taken>, Error>;
}

/// A backup that is whole and checked, and not written yet.
pub trait Taken: Send + Sync {
    /// What it holds.
    fn manifest(&self) -> &Manifest;
    /// Writes it, encrypted; blocks as long as the writer does.
    ///
    /// # Errors
    /// As the writer or the copies' disk says.
    fn write(self: Box<Self>, out: &mut dyn io::Write) -> io::Result<()>;
}
