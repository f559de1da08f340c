//! [`Folder`]: the folder of verbs, and the verbs that it holds now. The kernel tells of changes; nothing is polled.

use std::{convert::Infallible, io, path::PathBuf, sync::Arc, time::Duration};

use rustix::fs::inotify;
use tokio::{net::unix::pipe::Receiver, sync::watch, time::sleep};

use super::Verbs;
use crate::config::private;

/// How long a folder must be left alone before it is read: who copies several files has then copied all.
const SETTLE: Duration = Duration::from_millis(300);

/// A folder of verbs.
pub(in crate::agent) struct Folder {
    path: PathBuf,
    verbs: watch::Sender<Arc<Verbs>>,
}

impl Folder {
    /// A folder, read once.
    pub(in crate::agent) fn open(path: PathBuf) -> Self {
        let verbs = watch::Sender::new(Arc::new(Verbs::read(&path)));
        Self { path, verbs }
    }

    /// Where to read which verbs there are.
    pub(in crate::agent) fn verbs(&self) -> watch::Receiver<Arc<Verbs>> {
        self.verbs.subscribe()
    }

    /// Reads the folder whenever it changed, for ever.
    pub(in crate::agent) async fn follow(self) {
        let Err(error) = self.follow_while_told().await;
        tracing::warn!(folder = %self.path.display(), %error, "changes of the verbs will only be seen at a start");
    }

    async fn follow_while_told(&self) -> io::Result<Infallible> {
        let events = inotify::init(inotify::CreateFlags::CLOEXEC | inotify::CreateFlags::NONBLOCK)?;
        // What the kernel tells is read as from a pipe; that there is something to read is all that counts.
        let mut told = Receiver::from_owned_fd_unchecked(events)?;
        loop {
            // Each time, since the folder may be another one by now. What changed before is seen by the look after it.
            private::folder(&self.path)?;
            inotify::add_watch(&told, &self.path, changes())?;
            self.read();
            told.readable().await?;
            sleep(SETTLE).await;
            drain(&mut told)?;
        }
    }

    fn read(&self) {
        let found = Verbs::read(&self.path);
        self.verbs.send_if_modified(|known| {
            let is_news = **known != found;
            if is_news {
                *known = Arc::new(found);
            }
            is_news
        });
    }
}

fn changes() -> inotify::WatchFlags {
    inotify::WatchFlags::CLOSE_WRITE
        | inotify::WatchFlags::MOVED_TO
        | inotify::WatchFlags::MOVED_FROM
        | inotify::WatchFlags::DELETE
        | inotify::WatchFlags::ATTRIB
        | inotify::WatchFlags::DELETE_SELF
        | inotify::WatchFlags::MOVE_SELF
        | inotify::WatchFlags::ONLYDIR
}

/// Takes all that was told so far.
fn drain(told: &mut Receiver) -> io::Result<()> {
    let mut events = [0; 4096];
    loop {
        match told.try_read(&mut events) {
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
            Err(error) => return Err(error),
        }
    }
}
