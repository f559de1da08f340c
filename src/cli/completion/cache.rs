//! [`Cache`]: the names of a server's list, kept for the next key press.

use std::{
    fs::{self, OpenOptions},
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    time::Duration,
};

use super::names::Name;
use crate::{
    config::{context::Target, private},
    core::digest::sha256_hex,
};

/// How long a cache is as good as the server.
const FRESH: Duration = Duration::from_secs(10);

/// A list's file: a name a line, after a tab what tells it from others.
#[derive(Debug)]
pub(super) struct Cache {
    path: PathBuf,
}

impl Cache {
    /// The cache of a list as this server shows it to these credentials; `None` where the system has no place for it.
    pub(super) fn of(target: &Target, list: &str) -> Option<Self> {
        let project = directories::ProjectDirs::from("", "", "worpen")?;
        let token = target.token.as_ref().map_or("", |token| token.expose());
        let digest = sha256_hex(format!("{}\n{token}", target.server).as_bytes());
        Some(Self { path: project.cache_dir().join("names").join(digest.get(..16)?).join(list) })
    }

    /// What is kept, when it is young enough.
    pub(super) fn fresh(&self) -> Option<Vec<Name>> {
        let age = fs::metadata(&self.path).ok()?.modified().ok()?.elapsed().ok()?;
        (age < FRESH).then(|| self.stale()).flatten()
    }

    /// What is kept, however old.
    pub(super) fn stale(&self) -> Option<Vec<Name>> {
        let text = fs::read_to_string(&self.path).ok()?;
        Some(text.lines().map(line).collect())
    }

    /// Keeps names; a cache that cannot be written is only slower.
    pub(super) fn keep(&self, names: &[Name]) {
        let text: String = names.iter().map(|name| text(name) + "\n").collect();
        let _ = self.path.parent().map_or(Ok(()), private::folder).and_then(|()| replace(&self.path, &text));
    }
}

/// Puts a file in the place of another at once, without waiting for the disk: what is lost is asked for again.
fn replace(path: &Path, text: &str) -> io::Result<()> {
    let temporary = path.with_extension(format!("{}.new", std::process::id()));
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&temporary)?;
    file.write_all(text.as_bytes()).and_then(|()| fs::rename(&temporary, path)).inspect_err(|_| {
        // The error to tell is the first one.
        let _ = fs::remove_file(&temporary);
    })
}

fn line(text: &str) -> Name {
    match text.split_once('\t') {
        Some((name, about)) => Name::about(name, about),
        None => Name::new(text),
    }
}

fn text(name: &Name) -> String {
    let calm = |text: &str| text.replace(['\n', '\r', '\t'], " ");
    match &name.about {
        Some(about) => format!("{}\t{}", calm(&name.name), calm(about)),
        None => calm(&name.name),
    }
}

#[cfg(test)]
mod tests;
