//! [`Terminal`]: the one owner of the terminal's modes; it leaves the terminal as it found it, however the program ends.

use std::{
    io, panic,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
};

use crossterm::terminal;
use rustix::{
    io::{Errno, write},
    process::{Signal, getpid, kill_process},
    stdio::stdout,
};
use tokio::sync::Notify;

/// The alternative screen, pasted text in brackets, no cursor, nothing on the screen.
const ENTER: &str = "\x1b[?1049h\x1b[?2004h\x1b[?25l\x1b[0m\x1b[2J";
/// All of it undone, and what a frame may have left open.
const LEAVE: &str = "\x1b[?2026l\x1b[?1006l\x1b[?1000l\x1b[?2004l\x1b[0m\x1b[?25h\x1b[?1049l";
/// Clicks and the wheel, no motion: less than that and selecting with Shift would suffer for nothing.
const MOUSE: [&str; 2] = ["\x1b[?1006l\x1b[?1000l", "\x1b[?1000h\x1b[?1006h"];

/// The terminal in the dashboard's modes.
#[derive(Debug)]
pub(super) struct Terminal {
    /// Whether the modes are on; the panic hook reads it too.
    active: Arc<AtomicBool>,
    panicked: Arc<Notify>,
    mouse: bool,
}

impl Terminal {
    /// Enters the modes; a panic from here on gives the terminal back before it tells its story.
    pub(super) fn enter(mouse: bool) -> io::Result<Self> {
        let active = Arc::new(AtomicBool::new(false));
        let panicked = Arc::new(Notify::new());
        let (hooked, told) = (active.clone(), panicked.clone());
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            restore(&hooked);
            before(info);
            told.notify_one();
        }));
        let mut terminal = Self { active, panicked, mouse };
        terminal.resume()?;
        Ok(terminal)
    }

    /// Enters the modes again, as after a stop.
    pub(super) fn resume(&mut self) -> io::Result<()> {
        terminal::enable_raw_mode()?;
        self.active.store(true, SeqCst);
        write_all(ENTER.as_bytes())?;
        write_all(MOUSE[usize::from(self.mouse)].as_bytes())
    }

    /// Leaves the modes.
    pub(super) fn leave(&self) {
        restore(&self.active);
    }

    /// Gives the terminal back and stops the process, as Ctrl-Z does; returns when it is continued.
    pub(super) fn stop(&mut self) -> io::Result<()> {
        self.leave();
        kill_process(getpid(), Signal::STOP)?;
        self.resume()
    }

    /// The bytes that take clicks and the wheel, or leave them to the terminal.
    pub(super) fn mouse(&mut self, on: bool) -> Vec<u8> {
        self.mouse = on;
        MOUSE[usize::from(on)].as_bytes().to_vec()
    }

    /// Waits until something panicked, in whatever task.
    pub(super) async fn panicked(&self) {
        self.panicked.notified().await;
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        self.leave();
    }
}

/// Leaves the modes, once. Errors have nobody to go to: the terminal is gone.
fn restore(active: &AtomicBool) {
    if active.swap(false, SeqCst) {
        let _ = write_all(LEAVE.as_bytes());
        let _ = terminal::disable_raw_mode();
    }
}

/// Writes to the terminal past any buffer and any lock, so that a panic can, too.
pub(super) fn write_all(mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        match write(stdout(), bytes) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(count) => bytes = &bytes[count..],
            Err(Errno::INTR) => {}
            Err(Errno::AGAIN) => std::thread::yield_now(),
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}
