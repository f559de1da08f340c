//! The dashboard: a terminal over the whole fleet, driven by what happens and by nothing else.
//!
//! `State::update` is the only change, `view` draws the state, [`run`] carries out what it wants done:
//! it sleeps until something happens, drains what came, and draws once. A key is answered by the next frame; what the server
//! tells is drawn ten times a second at most, of the fleet once, and nothing is written when nothing changed.

mod clipboard;
mod config;
mod courier;
mod effect;
mod event;
mod figure;
mod keymap;
mod paint;
mod screen;
mod state;
mod term;
mod theme;
mod view;
mod widget;

use std::{io, path::PathBuf, time::Duration};

use crossterm::event::{Event as Terminal, EventStream, KeyCode, KeyEvent, KeyEventKind};
use futures_util::StreamExt;
use jiff::Timestamp;
use thiserror::Error;
use tokio::{
    signal::unix::{Signal, SignalKind, signal},
    sync::mpsc::{UnboundedReceiver, unbounded_channel},
    time::{Instant, MissedTickBehavior, interval, sleep_until, timeout},
};

pub use self::config::ThemeChoice;
use self::{
    courier::Courier,
    effect::Effect,
    event::Event,
    screen::Screen,
    state::{Beginning, State},
    term::Terminal as Modes,
    theme::Surroundings,
};
use crate::client::Client;

/// What the server tells of a list is drawn no more often; of the fleet as a whole, which somebody glances at, neither.
const FRAME: Duration = Duration::from_millis(100);
const FLEET_FRAME: Duration = Duration::from_secs(1);
/// How long a slow terminal is waited for at the end.
const FAREWELL: Duration = Duration::from_millis(300);

/// What a dashboard is opened with.
#[derive(Debug)]
pub struct Options {
    /// What calls the server.
    pub client: Client,
    /// What the server is called here.
    pub context: String,
    /// The file whose `[dashboard]` says keys and theme; it is read anew when it changes.
    pub config: Option<PathBuf>,
    /// The theme, whatever the file says.
    pub theme: Option<ThemeChoice>,
    /// Whether glyphs are ASCII, whatever the locale says.
    pub ascii: bool,
    /// Whether nothing can be changed from here.
    pub read_only: bool,
    /// Whether the mouse is taken from the start.
    pub mouse: bool,
}

/// How a dashboard ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// Somebody ended it.
    Quit,
    /// A signal did, or the terminal went away.
    Signalled,
}

/// Why a dashboard could not go on.
#[derive(Debug, Error)]
pub enum TuiError {
    /// The terminal cannot be used.
    #[error("the terminal cannot be used")]
    Terminal(#[source] io::Error),
    /// The configuration is wrong.
    #[error("{path}: {detail}", path = path.display())]
    Config {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        detail: String,
    },
}

/// Shows the dashboard until it is left.
///
/// # Errors
/// When the terminal cannot be used, or the configuration is wrong.
pub async fn run(options: Options) -> Result<Ended, TuiError> {
    let settings = config::Settings::new(options.config, options.theme, options.ascii);
    let configured = settings.read().map_err(|detail| TuiError::Config { path: settings.path(), detail })?;
    let surroundings = Surroundings::read();
    let size = crossterm::terminal::size().map_err(TuiError::Terminal)?;
    let modes = Modes::enter(options.mouse).map_err(TuiError::Terminal)?;
    let (written, frames) = unbounded_channel();
    let at_once = std::env::var_os("TMUX").is_none();
    let screen = Screen::new(size, at_once, move |done| {
        // Nobody listens any more once the dashboard is over.
        let _ = written.send(done);
    })
    .map_err(TuiError::Terminal)?;
    let beginning = Beginning {
        now: Timestamp::now(),
        size,
        context: options.context,
        server: options.client.server().to_owned(),
        read_only: options.read_only,
        mouse: options.mouse,
        configured,
        surroundings,
    };
    let (state, effects) = State::new(beginning);
    let courier = Courier::new(options.client, settings);
    let mut dashboard = Dashboard { state, modes, screen, frames, courier, urgent: true, dirty: true };
    // The first frame comes before anything is asked of anybody.
    dashboard.draw();
    dashboard.courier.begin();
    let ended = match dashboard.carry_out(effects) {
        Some(ended) => Ok(ended),
        None => dashboard.live().await,
    };
    dashboard.part().await;
    ended.map_err(TuiError::Terminal)
}

/// Panics when the key is the one that `WORPEN_PANIC_KEY` names, in builds for tests: what follows must be seen.
fn panic_on_demand(key: KeyEvent) {
    if cfg!(debug_assertions)
        && let KeyCode::Char(c) = key.code
    {
        assert!(
            std::env::var("WORPEN_PANIC_KEY").as_deref() != Ok(c.encode_utf8(&mut [0; 4])),
            "a key asked for it"
        );
    }
}

/// A dashboard at work.
struct Dashboard {
    state: State,
    modes: Modes,
    screen: Screen,
    frames: UnboundedReceiver<io::Result<()>>,
    courier: Courier,
    /// Whether a key waits for its answer, and whether anything may look different.
    urgent: bool,
    dirty: bool,
}

/// The signals that a dashboard listens to.
struct Signals {
    terminate: Signal,
    hangup: Signal,
    interrupt: Signal,
    stop: Signal,
    go_on: Signal,
}

impl Signals {
    fn listen() -> io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            hangup: signal(SignalKind::hangup())?,
            interrupt: signal(SignalKind::interrupt())?,
            stop: signal(SignalKind::from_raw(rustix::process::Signal::TSTP.as_raw()))?,
            go_on: signal(SignalKind::from_raw(rustix::process::Signal::CONT.as_raw()))?,
        })
    }
}

impl Dashboard {
    /// Sleeps until something happens, lets the state change, draws; until it is over.
    async fn live(&mut self) -> io::Result<Ended> {
        let mut signals = Signals::listen()?;
        let mut keys = EventStream::new();
        let mut tick = interval(Duration::from_secs(1));
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut drawn = Instant::now();
        loop {
            let may_draw = self.screen.is_free() && self.dirty;
            let pace = if self.state.is_overview() { FLEET_FRAME } else { FRAME };
            if may_draw && (self.urgent || drawn.elapsed() >= pace) {
                self.draw();
                drawn = Instant::now();
                continue;
            }
            let effects = tokio::select! {
                biased;
                key = keys.next() => match key {
                    Some(Ok(event)) => self.heard(event),
                    // The terminal is gone.
                    Some(Err(_)) | None => return Ok(Ended::Signalled),
                },
                _ = signals.terminate.recv() => return Ok(Ended::Signalled),
                _ = signals.hangup.recv() => return Ok(Ended::Signalled),
                _ = signals.interrupt.recv() => return Ok(Ended::Signalled),
                () = self.modes.panicked() => return Ok(Ended::Signalled),
                _ = signals.stop.recv() => vec![Effect::Stop],
                _ = signals.go_on.recv() => {
                    self.modes.resume()?;
                    self.happened(Event::Continued)
                }
                done = self.frames.recv() => match done {
                    Some(Ok(())) => {
                        self.screen.written();
                        continue;
                    }
                    Some(Err(_)) | None => return Ok(Ended::Signalled),
                },
                news = self.courier.next() => {
                    let mut effects = self.happened(news);
                    // What came together is drawn together.
                    while let Some(more) = self.courier.next_now() {
                        effects.extend(self.happened(more));
                    }
                    effects
                }
                _ = tick.tick() => self.happened(Event::Tick),
                () = sleep_until(drawn + pace), if may_draw => continue,
            };
            if let Some(ended) = self.carry_out(effects) {
                return Ok(ended);
            }
        }
    }

    fn heard(&mut self, event: Terminal) -> Vec<Effect> {
        let event = match event {
            Terminal::Key(key) if key.kind != KeyEventKind::Release => {
                panic_on_demand(key);
                Event::Key(key)
            }
            Terminal::Mouse(mouse) => Event::Mouse(mouse),
            Terminal::Paste(text) => Event::Pasted(text),
            Terminal::Resize(width, height) => {
                self.screen.resize((width, height));
                Event::Resized(width, height)
            }
            _ => return Vec::new(),
        };
        self.urgent = true;
        self.happened(event)
    }

    fn happened(&mut self, event: Event) -> Vec<Effect> {
        let (is_tick, before, passing) =
            (matches!(event, Event::Tick), self.state.now, self.state.is_passing());
        let was_empty = self.state.fleet.is_empty();
        let effects = self.state.update(Timestamp::now(), event);
        // Time alone changes only what passes, and ages, which are told in minutes.
        let is_new_minute = before.as_second() / 60 != self.state.now.as_second() / 60;
        self.dirty |= !is_tick || passing || is_new_minute;
        // What fills an empty screen is waited for.
        self.urgent |= !is_tick && was_empty;
        effects
    }

    fn draw(&mut self) {
        let state = &self.state;
        self.screen.draw(|buffer| view::draw(state, buffer));
        (self.urgent, self.dirty) = (false, false);
    }

    /// Does what the state wants done; says whether it is over.
    fn carry_out(&mut self, effects: Vec<Effect>) -> Option<Ended> {
        for effect in effects {
            match effect {
                Effect::Quit => return Some(Ended::Quit),
                Effect::Stop => {
                    if self.modes.stop().is_err() {
                        return Some(Ended::Signalled);
                    }
                    self.redraw();
                }
                Effect::Redraw => self.redraw(),
                Effect::Mouse(on) => self.screen.say(self.modes.mouse(on)),
                Effect::Title(title) => self.screen.say(clipboard::title(&title)),
                Effect::Copy(text) => match clipboard::copy(&text, std::env::var_os("TMUX").is_some()) {
                    Ok(bytes) => self.screen.say(bytes),
                    Err(cause) => self.courier.report(Err(cause)),
                },
                effect => self.courier.carry_out(effect),
            }
        }
        None
    }

    /// Draws all anew, in the size that the terminal has now.
    fn redraw(&mut self) {
        let size = crossterm::terminal::size().unwrap_or(self.state.size);
        self.screen.resize(size);
        (self.urgent, self.dirty) = (true, true);
        if size != self.state.size {
            let effects = self.state.update(Timestamp::now(), Event::Resized(size.0, size.1));
            for effect in effects {
                self.courier.carry_out(effect);
            }
        }
    }

    /// Lets the frame that is on its way arrive, so that it does not land in the shell; a terminal that hangs is left.
    async fn part(&mut self) {
        let arrived = async {
            while !self.screen.is_free() {
                match self.frames.recv().await {
                    Some(Ok(())) => self.screen.written(),
                    _ => return,
                }
            }
        };
        let _ = timeout(FAREWELL, arrived).await;
        self.modes.leave();
    }
}
