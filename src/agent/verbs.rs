//! Verbs that this site defined: executables with a manifest each, in a folder of the node's operator.
//!
//! ```toml
//! # create_panel_user.toml
//! about = "creates a user of the panel"
//! program = "create_panel_user.sh"
//! idempotent = false
//! timeout_s = 20
//!
//! [schema]
//! type = "object"
//! ```
//!
//! They are announced as capabilities, with what is to be known of them. When the folder changes, the link is opened anew
//! so that its HELLO tells. The arguments reach the program on its standard input, as JSON: who lists a node's processes
//! sees none of them.

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
};

use super::cause::chain;
use crate::{config::private, core::verb::BUILT_IN, proto::verb::SiteVerb};

mod manifest;
mod run;
mod watch;

pub(super) use self::{
    run::{LastLine, Task},
    watch::Folder,
};

/// The most verbs that a site may define.
const MAX_VERBS: usize = 64;
/// The most bytes that all of them may have in HELLO.
const MAX_BYTES: usize = 256 * 1024;

/// The verbs of a folder.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Verbs(BTreeMap<String, Defined>);

/// A verb that this site defined.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Defined {
    /// What the server is told.
    pub(super) about: SiteVerb,
    /// The executable.
    pub(super) program: String,
    /// The folder of verbs, where it runs.
    pub(super) folder: String,
    /// The user that it runs as; the agent's own unless told.
    pub(super) user: Option<String>,
}

impl Verbs {
    /// Reads a folder, which is made when it is not there. What may not be used is left out, and the log says why.
    pub(super) fn read(folder: &Path) -> Self {
        let mut verbs = Self::default();
        let paths = match manifests(folder) {
            Ok(paths) => paths,
            Err(why) => {
                tracing::error!(folder = %folder.display(), why, "the verbs of this site cannot be used");
                return verbs;
            }
        };
        let mut bytes = 0;
        for path in paths {
            let defined = manifest::read(folder, &path).and_then(|defined| {
                bytes += serde_json::to_vec(&defined.about).map_or(0, |text| text.len());
                if verbs.0.len() < MAX_VERBS && bytes <= MAX_BYTES {
                    return Ok(defined);
                }
                Err(format!("a site may define {MAX_VERBS} verbs, with {MAX_BYTES} bytes of schemas in all"))
            });
            match defined {
                Ok(defined) => {
                    verbs.0.insert(defined.about.name.clone(), defined);
                }
                Err(why) => {
                    tracing::error!(manifest = %path.display(), why, "a verb of this site is left out")
                }
            }
        }
        verbs
    }

    /// A verb by its name.
    pub(super) fn get(&self, verb: &str) -> Option<&Defined> {
        self.0.get(verb)
    }

    /// Every verb that this node can do.
    pub(super) fn capabilities(&self, has_engine: bool) -> Vec<String> {
        let ours = BUILT_IN.iter().filter(|verb| has_engine || !verb.needs_engine());
        ours.map(|verb| verb.name.to_owned()).chain(self.0.keys().cloned()).collect()
    }

    /// What the server is told of the site's own.
    pub(super) fn announced(&self) -> Vec<SiteVerb> {
        self.0.values().map(|defined| defined.about.clone()).collect()
    }
}

/// The manifests of a folder that nobody else can change, in the order of their names.
fn manifests(folder: &Path) -> Result<Vec<PathBuf>, String> {
    let said = |error: io::Error| chain(&error);
    private::folder(folder).map_err(said)?;
    private::guarded(folder, &fs::metadata(folder).map_err(said)?)?;
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder).map_err(said)? {
        let path = entry.map_err(said)?.path();
        let is_hidden = path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
        if !is_hidden && path.extension().is_some_and(|ending| ending == "toml") {
            paths.push(path);
        }
    }
    paths.sort_unstable();
    Ok(paths)
}

#[cfg(test)]
mod tests;
