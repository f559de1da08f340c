//! [`Windows`]: looks at lists that the server keeps true, across broken links.

use std::{
    collections::BTreeMap,
    fmt,
    future::Future,
    io::Read,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{
    sync::Notify,
    time::{Instant, sleep_until},
};

use super::{
    Cause, Client, ClientError,
    socket::{Heard, Socket, pause},
};
use crate::proto::{
    endpoint::Empty,
    window::{MAX_WINDOW_BYTES, WatchWindows, WindowAsk, WindowTold},
};

/// After this long without a word the server is asked for a sign of life, and given as long again.
const SILENCE: Duration = Duration::from_secs(5);

/// No pause before a new attempt is longer: somebody looks.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// The windows of one watcher. A broken link is mended; the watcher opens its windows anew once it stands.
#[derive(Debug)]
pub struct Windows {
    client: Client,
    asks: Arc<Asks>,
    link: Link,
    failures: u32,
}

/// What is told of windows.
#[derive(Debug)]
pub enum WindowNews {
    /// The server told something.
    Told(WindowTold),
    /// The link stands, for the first time or again; no window is open on it.
    Linked,
    /// The link broke; the next attempt is due after `retry_in`.
    Lost {
        /// Why.
        cause: ClientError,
        /// The pause before the next attempt.
        retry_in: Duration,
    },
}

/// Asks while another task waits for what is told. Of asks about one window that were not sent yet the newest is sent.
#[derive(Clone, Debug)]
pub struct WindowAsker(Arc<Asks>);

/// What was asked and not sent yet.
#[derive(Debug, Default)]
struct Asks {
    waiting: Mutex<BTreeMap<u32, WindowAsk>>,
    came: Notify,
}

enum Link {
    Down {
        until: Instant,
    },
    /// Kept from one call to the next, so that a caller who waits for something else too does not begin anew each time.
    Opening(Pin<Box<dyn Future<Output = Result<Socket, ClientError>> + Send>>),
    Up(Box<Socket>),
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Down { .. } => "Down",
            Self::Opening(_) => "Opening",
            Self::Up(_) => "Up",
        })
    }
}

impl WindowAsker {
    /// Asks; what is asked while the link is down is dropped, since the windows are opened anew once it stands.
    pub fn ask(&self, ask: WindowAsk) {
        let window = match &ask {
            WindowAsk::Open(view) => view.window,
            WindowAsk::Close { window } => *window,
        };
        self.0.waiting().insert(window, ask);
        self.0.came.notify_one();
    }
}

impl Asks {
    fn waiting(&self) -> MutexGuard<'_, BTreeMap<u32, WindowAsk>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What waits; none right now only while something comes.
    fn take(&self) -> BTreeMap<u32, WindowAsk> {
        std::mem::take(&mut *self.waiting())
    }
}

impl Windows {
    pub(super) fn new(client: Client) -> Self {
        let link = Link::Down { until: Instant::now() };
        Self { client, asks: Arc::default(), link, failures: 0 }
    }

    /// What asks while this waits.
    #[must_use]
    pub fn asker(&self) -> WindowAsker {
        WindowAsker(self.asks.clone())
    }

    /// The next news; fails only for what no new attempt can mend. May be dropped at any point without a loss.
    pub async fn next(&mut self) -> Result<WindowNews, ClientError> {
        loop {
            let step = match &mut self.link {
                Link::Down { until } => {
                    sleep_until(*until).await;
                    self.link = Link::Opening(Box::pin(open(self.client.clone())));
                    continue;
                }
                Link::Opening(opening) => match opening.await {
                    Ok(socket) => {
                        self.link = Link::Up(Box::new(socket));
                        self.asks.take();
                        return Ok(WindowNews::Linked);
                    }
                    Err(error) => Err(error),
                },
                Link::Up(socket) => {
                    let heard = tokio::select! {
                        heard = socket.hear() => heard,
                        () = self.asks.came.notified() => {
                            self.asks.take().values().map(written).for_each(|ask| socket.say(ask));
                            continue;
                        }
                    };
                    match heard {
                        Ok(heard) => self.read(&heard),
                        Err(cause) => {
                            Err(ClientError::Broken { server: self.client.server().to_owned(), cause })
                        }
                    }
                }
            };
            match step {
                Ok(told) => {
                    self.failures = 0;
                    return Ok(WindowNews::Told(told));
                }
                Err(cause) if cause.is_passing() => return Ok(self.lost(cause)),
                Err(cause) => return Err(cause),
            }
        }
    }

    fn read(&self, heard: &Heard) -> Result<WindowTold, ClientError> {
        let read = match heard {
            Heard::Text(text) => serde_json::from_str(text).map_err(Cause::from),
            Heard::Bytes(packed) => {
                unpacked(packed).and_then(|plain| serde_json::from_slice(&plain).map_err(Cause::from))
            }
        };
        read.map_err(|cause| self.client.protocol("what a window is told", cause))
    }

    fn lost(&mut self, cause: ClientError) -> WindowNews {
        let retry_in = pause(self.failures, LONGEST_PAUSE);
        self.failures = self.failures.saturating_add(1);
        self.link = Link::Down { until: Instant::now() + retry_in };
        WindowNews::Lost { cause, retry_in }
    }
}

async fn open(client: Client) -> Result<Socket, ClientError> {
    Socket::open::<WatchWindows>(&client, &Empty {}, MAX_WINDOW_BYTES, SILENCE).await
}

fn written(ask: &WindowAsk) -> String {
    serde_json::to_string(ask).expect("an ask is plain data and always serializes")
}

/// Unpacks what was told, which is bounded whatever it was packed from.
fn unpacked(packed: &[u8]) -> Result<Vec<u8>, Cause> {
    let mut plain = Vec::new();
    let most = MAX_WINDOW_BYTES as u64;
    zstd::Decoder::new(packed)?.take(most + 1).read_to_end(&mut plain)?;
    if plain.len() > MAX_WINDOW_BYTES { Err("it is too long".into()) } else { Ok(plain) }
}
