//! [`Room`]: whether there is room on the server's disk, and what is left out while there is none.
//!
//! While the disk is full only what must go on is written ([`Need::Vital`](super::change::Need)), into the room that a
//! ballast file kept. Everything else waits until somebody has made room.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};

use super::meter::Counter;

/// What is known of the disk.
#[derive(Debug, Default)]
pub struct Room {
    folder: String,
    full: AtomicBool,
    free: AtomicU64,
    /// Bytes that must be free for everything to be written.
    wanted: AtomicU64,
    /// Changes that were refused.
    pub refused: Counter,
    /// Measurements that were left out.
    pub telemetry: Counter,
    /// Bytes of output that were left out.
    pub output: Counter,
}

impl Room {
    /// Enough of it, in a folder.
    #[must_use]
    pub fn new(folder: String) -> Self {
        Self { folder, ..Self::default() }
    }

    /// Whether only what must go on is written.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.full.load(Relaxed)
    }

    /// Bytes that were free when somebody last looked.
    #[must_use]
    pub fn free(&self) -> u64 {
        self.free.load(Relaxed)
    }

    /// Notes what was seen: whether the disk is full, how much is free, and how much has to be.
    pub fn note(&self, is_full: bool, free: u64, wanted: u64) {
        self.free.store(free, Relaxed);
        self.wanted.store(wanted, Relaxed);
        self.full.store(is_full, Relaxed);
    }

    /// What is said to whoever is refused.
    #[must_use]
    pub fn refusal(&self) -> String {
        let (folder, free, wanted) = (&self.folder, self.free(), self.wanted.load(Relaxed));
        if free >= wanted {
            // It has room again already, or what is used up is not its blocks.
            return format!(
                "the server's disk had no room for a write under {folder}, although {free} bytes are free: look at quotas \
                 and inodes; the server tries again within seconds"
            );
        }
        let missing = wanted - free;
        format!(
            "the server's disk is full: {free} bytes are free under {folder} and {wanted} have to be; free {missing} or \
             more, then the server goes on by itself"
        )
    }
}

/// The marks at which a disk counts as full, and as having room again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Marks {
    /// Bytes of the ballast.
    pub ballast: u64,
    /// Bytes that must be free besides it.
    pub least: u64,
}

impl Marks {
    /// Whether a disk is full on which so many bytes are free. A full one has to have room for the ballast again and a
    /// quarter more than the least, so that it does not become full again at once.
    #[must_use]
    pub const fn is_full(self, was_full: bool, free: u64) -> bool {
        if was_full { free < self.wanted() } else { free < self.least }
    }

    /// Bytes that must be free on a full disk, without its ballast, for it to be full no longer.
    #[must_use]
    pub const fn wanted(self) -> u64 {
        self.ballast.saturating_add(self.least).saturating_add(self.least / 4)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_disk_is_full_until_the_ballast_fits_again_and_some_more() {
        let marks = Marks { ballast: 64, least: 32 };
        assert!(!marks.is_full(false, 32));
        assert!(marks.is_full(false, 31));
        assert!(marks.is_full(true, 95), "the ballast that was released does not make it well");
        assert!(marks.is_full(true, 103));
        assert!(!marks.is_full(true, 104));
    }
}
