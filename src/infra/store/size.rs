//! How many bytes the stores take on disk.

use std::{fs, path::Path};

/// Bytes of the control data and of the telemetry in a data folder, their logs included.
#[must_use]
pub fn sizes(folder: &Path) -> (u64, u64) {
    (bytes(folder, "worpen.db"), bytes(folder, "telemetry"))
}

/// Bytes of all files that begin so, and of those in folders that do.
fn bytes(folder: &Path, prefix: &str) -> u64 {
    let Ok(entries) = fs::read_dir(folder) else { return 0 };
    let named =
        entries.flatten().filter(|entry| entry.file_name().as_encoded_bytes().starts_with(prefix.as_bytes()));
    named
        .map(|entry| match entry.metadata() {
            Ok(found) if found.is_dir() => bytes(&entry.path(), ""),
            Ok(found) => found.len(),
            // Gone since it was listed.
            Err(_) => 0,
        })
        .sum()
}
