//! What the configuration says of the dashboard: `[dashboard]` of the client's file, read anew when the file changes.
//!
//! ```toml
//! [dashboard]
//! theme = "dark"          # auto, dark, light, sixteen, colour-blind, mono
//! ascii = false
//!
//! [dashboard.keys]
//! restart = ["R", "ctrl-r"]
//! ```

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
    thread,
};

use rustix::fs::inotify;
use serde::Deserialize;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use super::{
    event::Configured,
    keymap::Keymap,
    theme::{ThemeName, ThemeName::Auto},
};

/// A theme that was asked for on the command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ThemeChoice(ThemeName);

impl ThemeChoice {
    /// The themes by their names.
    pub const NAMES: [&'static str; 6] = ["auto", "dark", "light", "sixteen", "colour-blind", "mono"];

    /// The theme of a name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        ThemeName::ALL.into_iter().chain([Auto]).find(|theme| theme.as_str() == name).map(Self)
    }
}

/// Where the configuration is, and what the command line says beside it.
#[derive(Clone, Debug)]
pub(super) struct Settings {
    path: Option<PathBuf>,
    theme: Option<ThemeName>,
    ascii: bool,
}

/// The table, as it is written.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Dashboard {
    theme: ThemeName,
    ascii: Option<bool>,
    keys: BTreeMap<String, Keys>,
}

/// One key or several.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Keys {
    One(String),
    Several(Vec<String>),
}

#[derive(Debug, Default, Deserialize)]
struct File {
    #[serde(default)]
    dashboard: Dashboard,
}

impl Settings {
    /// What is read from a file; the command line goes before it.
    pub(super) fn new(path: Option<PathBuf>, theme: Option<ThemeChoice>, ascii: bool) -> Self {
        Self { path, theme: theme.map(|theme| theme.0), ascii }
    }

    /// The file, for messages.
    pub(super) fn path(&self) -> PathBuf {
        self.path.clone().unwrap_or_default()
    }

    /// Reads the file; what is not there is as it always is.
    ///
    /// # Errors
    /// Says what is wrong, and where.
    pub(super) fn read(&self) -> Result<Configured, String> {
        let text = match self.path.as_deref().map(fs::read_to_string) {
            Some(Ok(text)) => text,
            Some(Err(error)) if error.kind() != io::ErrorKind::NotFound => return Err(error.to_string()),
            _ => String::new(),
        };
        let File { dashboard } =
            toml::from_str(&text).map_err(|error| error.to_string().trim_end().to_owned())?;
        let keys = dashboard.keys.into_iter().map(|(act, keys)| match keys {
            Keys::One(key) => (act, vec![key]),
            Keys::Several(keys) => (act, keys),
        });
        Ok(Configured {
            keymap: Keymap::with(&keys.collect())?,
            theme: self.theme.unwrap_or(dashboard.theme),
            ascii: if self.ascii { Some(true) } else { dashboard.ascii },
        })
    }

    /// Watches the file's directory: editors put a new file in the place of the old one.
    pub(super) fn watch(&self) -> Option<Watch> {
        let path = self.path.as_deref()?;
        Watch::new(path).ok()
    }
}

/// Tells when a file was written or replaced.
pub(super) struct Watch(UnboundedReceiver<()>);

impl Watch {
    /// Watches in a thread of its own, which sleeps in the kernel and ends with the process.
    fn new(path: &Path) -> io::Result<Self> {
        let directory = path.parent().ok_or(io::ErrorKind::NotFound)?;
        let name = path.file_name().ok_or(io::ErrorKind::NotFound)?.as_encoded_bytes().to_vec();
        let events = inotify::init(inotify::CreateFlags::CLOEXEC)?;
        inotify::add_watch(
            &events,
            directory,
            inotify::WatchFlags::CLOSE_WRITE | inotify::WatchFlags::MOVED_TO,
        )?;
        let (changed, heard) = unbounded_channel();
        thread::Builder::new().name("configuration".into()).spawn(move || {
            let mut buffer = [std::mem::MaybeUninit::uninit(); 4096];
            let mut reader = inotify::Reader::new(&events, &mut buffer);
            while let Ok(event) = reader.next() {
                let about = event.file_name().is_some_and(|known| known.to_bytes() == name);
                if about && changed.send(()).is_err() {
                    return;
                }
            }
        })?;
        Ok(Self(heard))
    }

    /// Waits for the next change; `None` when none can be noticed any more.
    pub(super) async fn changed(&mut self) -> Option<()> {
        self.0.recv().await
    }
}

#[cfg(test)]
mod tests;
