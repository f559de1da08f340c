//! Windows on lists: one task for each watcher, which sleeps until the fleet changes in what somebody looks at.
//!
//! No more is made than a watcher takes: each answer is followed by a ping, and its pong says that all before it has
//! arrived. Until then only what the watcher asks for is sent, and of that one thing; whatever else changed is looked at
//! when there is room, as it is then. So a slow link shows the fleet as it is, seldom, and never as it was.

mod opened;
mod shared;

use std::{
    collections::{BTreeMap, HashSet},
    sync::Arc,
    time::Duration,
};

use axum::extract::ws::{CloseCode, CloseFrame, Message, WebSocket, close_code};
use tokio::{
    sync::watch,
    time::{Instant, sleep_until, timeout},
};

use self::opened::{Failed, Opened, refusal};
pub use self::shared::Windows;
use super::{
    super::{
        app::App,
        call::{Answer, Call},
        sight::Sight,
        standing::Standing,
    },
    small,
};
use crate::{
    core::{
        error::Error,
        window::{Wrong, fields},
    },
    proto::window::{
        MAX_WINDOW_BYTES, MAX_WINDOWS, WatchWindows, WindowAsk, WindowList, WindowTold, WindowView,
    },
};

/// The most bytes that a watcher says at once: an expression has 2,048 characters.
const MAX_FRAME_BYTES: usize = 32 * 1024;
/// What is longer goes as zstd.
const WORTH_IT_BYTES: usize = 1024;
/// The least effort: three quarters of the bytes are saved already.
const LEVEL: i32 = 1;
/// Changes that come closer are looked at together.
const TOGETHER: Duration = Duration::from_millis(250);
/// A watcher who does not take what was sent within this time is gone, or too slow to keep.
const PATIENCE: Duration = Duration::from_secs(30);
/// As many bytes of a reason as a close frame holds (RFC 6455, section 5.5).
const MAX_REASON_BYTES: usize = 123;

pub(in crate::api) async fn open(mut call: Call<WatchWindows>) -> Result<Answer<WatchWindows>, Error> {
    let (app, sight) = (call.app.clone(), call.sight.clone());
    let standing = Standing::new(&app, call.credentials.clone());
    let upgrade =
        call.upgrade.take().ok_or_else(|| Error::Internal("a WebSocket endpoint without upgrade".into()))?;
    let upgraded = small(upgrade, MAX_FRAME_BYTES).on_upgrade(move |socket| async move {
        let watcher = Watcher {
            app,
            socket,
            standing,
            sight,
            windows: BTreeMap::new(),
            described: HashSet::new(),
            sent: 0,
            taken: 0,
            sent_at: Instant::now(),
        };
        watcher.watch().await;
    });
    Ok(Answer::upgraded(upgraded))
}

struct Watcher {
    app: Arc<App>,
    socket: WebSocket,
    /// Whether what the watcher showed when it came holds still.
    standing: Standing,
    /// What of the fleet it is shown.
    sight: Sight,
    windows: BTreeMap<u32, Opened>,
    /// The lists whose fields were told.
    described: HashSet<WindowList>,
    /// How many answers were sent, and how many of them have arrived.
    sent: u64,
    taken: u64,
    /// When the latest was sent.
    sent_at: Instant,
}

/// Why a watch is over, with what the watcher is told.
enum Over {
    Gone,
    Because(CloseCode, String),
}

impl Watcher {
    async fn watch(mut self) {
        if let Err(Over::Because(code, reason)) = self.follow().await {
            let end = reason.floor_char_boundary(MAX_REASON_BYTES);
            let close = CloseFrame { code, reason: reason[..end].into() };
            let _ = timeout(PATIENCE, self.socket.send(Message::Close(Some(close)))).await;
        }
    }

    async fn follow(&mut self) -> Result<(), Over> {
        let app = self.app.clone();
        let mut changes = app.windows.changes();
        let mut quiet_until = Instant::now();
        loop {
            let next = self.next();
            let due = sleep_until(next.map_or_else(Instant::now, |(at, _)| at));
            // What was asked stands before what changed: the newest ask of a window is the one that is answered.
            tokio::select! {
                biased;
                () = app.shutdown.cancelled() => {
                    let reason = "the server ends".into();
                    return Err(Over::Because(close_code::AWAY, reason));
                }
                () = self.standing.lost() => {
                    let reason = "the credentials no longer hold".into();
                    return Err(Over::Because(close_code::POLICY, reason));
                }
                message = self.socket.recv() => self.take(message).await?,
                () = sleep_until(self.sent_at + PATIENCE), if self.sent > self.taken => return Err(Over::Gone),
                () = due, if next.is_some() => {
                    if let Some((_, number)) = next {
                        self.tell(number).await?;
                    }
                }
                changed = after(quiet_until, &mut changes), if !self.windows.is_empty() => {
                    changed.map_err(|_| Over::Gone)?;
                    quiet_until = Instant::now() + TOGETHER;
                    self.windows.values_mut().for_each(|window| window.notice(&app));
                }
            }
        }
    }

    /// The window that is to be looked through next, and when: an ask while one answer at most is on its way, a change
    /// while none is.
    fn next(&self) -> Option<(Instant, u32)> {
        let on_the_way = self.sent - self.taken;
        let due = self.windows.iter().filter_map(|(number, window)| {
            let room = if window.is_asked_for() { 2 } else { 1 };
            (on_the_way < room).then(|| Some((window.due()?, *number))).flatten()
        });
        due.min()
    }

    /// Takes what the watcher says.
    async fn take(&mut self, message: Option<Result<Message, axum::Error>>) -> Result<(), Over> {
        let wrong = |reason| Err(Over::Because(close_code::POLICY, reason));
        match message {
            None | Some(Err(_) | Ok(Message::Close(_))) => Err(Over::Gone),
            Some(Ok(Message::Ping(_))) => Ok(()),
            Some(Ok(Message::Binary(_))) => wrong("expected text, {\"type\":\"open\",...}".to_owned()),
            Some(Ok(Message::Pong(what))) => {
                if let Ok(number) = <[u8; 8]>::try_from(&what[..]) {
                    self.taken = u64::from_be_bytes(number).clamp(self.taken, self.sent);
                }
                Ok(())
            }
            Some(Ok(Message::Text(text))) => match serde_json::from_str(&text) {
                Ok(WindowAsk::Open(view)) => self.open(&view).await,
                Ok(WindowAsk::Close { window }) => {
                    self.windows.remove(&window);
                    Ok(())
                }
                Err(error) => wrong(format!("this is no ask: {error}")),
            },
        }
    }

    /// Opens a window, or refuses to; what it showed before is shut either way.
    async fn open(&mut self, view: &WindowView) -> Result<(), Over> {
        self.windows.remove(&view.window);
        let opened = if self.windows.len() < MAX_WINDOWS {
            Opened::of(&self.app, view)
        } else {
            let detail = format!("{MAX_WINDOWS} windows are open, which is all there may be; shut one first");
            Err(Wrong { field: "window", detail })
        };
        match opened {
            Ok(opened) => {
                self.windows.insert(view.window, opened);
                Ok(())
            }
            Err(wrong) => self.send(&refusal(view.window, view.ask, wrong)).await.map(drop),
        }
    }

    /// Looks through a window, and tells what is to be told.
    async fn tell(&mut self, number: u32) -> Result<(), Over> {
        let Some(window) = self.windows.get_mut(&number) else { return Ok(()) };
        let list = window.list();
        let told = match window.look(&self.app, &self.sight).await {
            Ok(Some(told)) => told,
            Ok(None) | Err(Failed::Later) => return Ok(()),
            Err(Failed::Refused(wrong)) => self.shut(number, wrong),
        };
        let fields = fields(list);
        if !fields.is_empty() && self.described.insert(list) {
            self.send(&WindowTold::Fields { list, fields }).await?;
        }
        if !self.send(&told).await? {
            let detail = "the rows are too long to send at once; ask for fewer rows or columns".into();
            let refused = self.shut(number, Wrong { field: "limit", detail });
            self.send(&refused).await?;
        }
        self.sent += 1;
        self.sent_at = Instant::now();
        self.put(Message::Ping(self.sent.to_be_bytes().to_vec().into())).await
    }

    /// Shuts a window that cannot be shown; the refusal of it.
    fn shut(&mut self, number: u32, wrong: Wrong) -> WindowTold {
        match self.windows.remove(&number) {
            Some(window) => window.refusal(wrong),
            None => refusal(number, 0, wrong),
        }
    }

    /// Sends what is told; `false` when it is too long to be.
    async fn send(&mut self, told: &WindowTold) -> Result<bool, Over> {
        let text = serde_json::to_string(told).expect("what is told is plain data and always serializes");
        if text.len() > MAX_WINDOW_BYTES {
            return Ok(false);
        }
        let packed = (text.len() > WORTH_IT_BYTES).then(|| zstd::bulk::compress(text.as_bytes(), LEVEL));
        let message = match packed {
            Some(Ok(packed)) => Message::Binary(packed.into()),
            _ => Message::Text(text.into()),
        };
        self.put(message).await.map(|()| true)
    }

    async fn put(&mut self, message: Message) -> Result<(), Over> {
        match timeout(PATIENCE, self.socket.send(message)).await {
            Ok(Ok(())) => Ok(()),
            _ => Err(Over::Gone),
        }
    }
}

/// The next change that comes after a moment; those before it count as one. May be dropped and waited for again.
async fn after(moment: Instant, changes: &mut watch::Receiver<u64>) -> Result<(), watch::error::RecvError> {
    sleep_until(moment).await;
    changes.changed().await
}
