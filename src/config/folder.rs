//! Where a long-running part keeps its data unless told otherwise.

use std::path::PathBuf;

/// The data folder of a part (`server`, `agent`, `dev`): `part` in the user's local data folder
/// (`~/.local/share/worpen/part`), or in the working folder where there is no home.
#[must_use]
pub fn default_data(part: &str) -> PathBuf {
    directories::ProjectDirs::from("", "", "worpen")
        .map_or_else(|| PathBuf::from("worpen-data"), |project| project.data_local_dir().to_owned())
        .join(part)
}
