//! [`Screen`]: what the terminal shows; one frame on its way at a time, so that a slow terminal never holds anybody up.
//!
//! A frame is drawn only when the one before has been written. Whatever changed meanwhile is in the next one; what a slow
//! terminal could not show is never sent.

use std::{
    io,
    sync::mpsc::{Sender, channel},
    thread,
};

use ratatui::{
    buffer::Buffer,
    layout::{Position, Rect},
};

use super::{paint::Pen, term::write_all};

/// A frame longer than this might be seen half done; terminals that know how show it at once.
const TEARS_BYTES: usize = 512;
const BEGIN_AT_ONCE: &[u8] = b"\x1b[?2026h";
const END_AT_ONCE: &[u8] = b"\x1b[?2026l";
const CLEAR: &[u8] = b"\x1b[?25l\x1b[0m\x1b[2J";

/// What the terminal shows, and the thread that writes to it.
#[derive(Debug)]
pub(super) struct Screen {
    shown: Buffer,
    next: Buffer,
    pen: Pen,
    frames: Sender<Vec<u8>>,
    /// How much is on its way.
    busy: u32,
    /// Whether the terminal must be cleared first.
    anew: bool,
    at_once: bool,
}

impl Screen {
    /// A screen of a size; `written` is told of each frame that was written, or why it could not be.
    pub(super) fn new(
        size: (u16, u16),
        at_once: bool,
        written: impl Fn(io::Result<()>) + Send + 'static,
    ) -> io::Result<Self> {
        let (frames, to_write) = channel::<Vec<u8>>();
        thread::Builder::new().name("terminal".into()).spawn(move || {
            while let Ok(frame) = to_write.recv() {
                written(write_all(&frame));
            }
        })?;
        let blank = Buffer::empty(Rect::new(0, 0, size.0, size.1));
        let pen = Pen::new();
        Ok(Self { shown: blank.clone(), next: blank, pen, frames, busy: 0, anew: false, at_once })
    }

    /// Takes on another size, or the same one with nothing on it.
    pub(super) fn resize(&mut self, (width, height): (u16, u16)) {
        let blank = Buffer::empty(Rect::new(0, 0, width, height));
        (self.shown, self.next) = (blank.clone(), blank);
        self.pen = Pen::new();
        self.anew = true;
    }

    /// Whether a frame could be sent now.
    pub(super) fn is_free(&self) -> bool {
        self.busy == 0
    }

    /// The frame that was on its way has been written.
    pub(super) fn written(&mut self) {
        self.busy = self.busy.saturating_sub(1);
    }

    /// Sends something beside the screen, in its turn.
    pub(super) fn say(&mut self, bytes: Vec<u8>) {
        self.busy += u32::from(self.frames.send(bytes).is_ok());
    }

    /// Draws and sends what changed; nothing when nothing did.
    pub(super) fn draw(&mut self, view: impl FnOnce(&mut Buffer) -> Option<Position>) {
        self.next.reset();
        let cursor = view(&mut self.next);
        let changes = self.pen.frame(&self.shown, &self.next, cursor);
        if changes.is_empty() && !self.anew {
            return;
        }
        let at_once = self.at_once && changes.len() > TEARS_BYTES;
        let parts = [
            if at_once { BEGIN_AT_ONCE } else { b"" },
            if self.anew { CLEAR } else { b"" },
            &changes,
            if at_once { END_AT_ONCE } else { b"" },
        ];
        // The thread lives as long as this: it ends when the sender is dropped.
        self.say(parts.concat());
        self.anew = false;
        std::mem::swap(&mut self.shown, &mut self.next);
    }
}
