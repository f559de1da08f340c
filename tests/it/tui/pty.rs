//! [`Terminal`]: a program in a pseudo-terminal, and the screen that a VT100 would show of it.

use std::{
    io::{Read, Write},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
    thread,
    time::Duration,
};

use portable_pty::{Child, CommandBuilder, ExitStatus, MasterPty, PtySize, native_pty_system};
use tokio::time::{Instant, sleep};

/// How long something on the screen is waited for.
const PATIENCE: Duration = Duration::from_secs(20);

/// A program in a terminal.
pub(crate) struct Terminal {
    master: Box<dyn MasterPty + Send>,
    keys: Box<dyn Write + Send>,
    child: Box<dyn Child + Send + Sync>,
    seen: Arc<Mutex<Seen>>,
    /// Whether the terminal reads; held while it does not.
    paused: Arc<AtomicBool>,
}

/// What came out of it.
struct Seen {
    parser: vt100::Parser,
    bytes: Vec<u8>,
    over: bool,
}

impl Terminal {
    /// Runs `worpen` with arguments in a terminal of columns and rows.
    pub(crate) fn open(size: (u16, u16), arguments: &[&str], set: impl FnOnce(&mut CommandBuilder)) -> Self {
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_worpen"));
        command.args(arguments);
        command.env_clear();
        command.env("TERM", "xterm-256color");
        command.env("LANG", "C.UTF-8");
        command.env("HOME", "/nonexistent");
        command.cwd("/");
        set(&mut command);
        let pair = native_pty_system().openpty(of(size)).unwrap();
        let child = pair.slave.spawn_command(command).unwrap();
        drop(pair.slave);
        let mut reader = pair.master.try_clone_reader().unwrap();
        let parser = vt100::Parser::new(cells(size.1), cells(size.0), 0);
        let seen = Arc::new(Mutex::new(Seen { parser, bytes: Vec::new(), over: false }));
        let (shared, paused) = (seen.clone(), Arc::new(AtomicBool::new(false)));
        let waits = paused.clone();
        thread::spawn(move || {
            let mut buffer = [0; 65_536];
            loop {
                while waits.load(SeqCst) {
                    thread::sleep(Duration::from_millis(2));
                }
                let Ok(count @ 1..) = reader.read(&mut buffer) else { break };
                let mut seen = shared.lock().unwrap();
                seen.parser.process(&buffer[..count]);
                seen.bytes.extend_from_slice(&buffer[..count]);
            }
            shared.lock().unwrap().over = true;
        });
        Self { keys: pair.master.take_writer().unwrap(), master: pair.master, child, seen, paused }
    }

    /// Sends bytes as a keyboard does.
    pub(crate) fn press(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).unwrap();
        self.keys.flush().unwrap();
    }

    /// Presses Esc, and nothing else for a moment: by that alone a terminal tells it from Alt.
    pub(crate) async fn escape(&mut self) {
        self.press("\x1b");
        sleep(Duration::from_millis(60)).await;
    }

    /// Gives the terminal another size.
    pub(crate) fn resize(&mut self, size: (u16, u16)) {
        self.seen.lock().unwrap().parser.screen_mut().set_size(cells(size.1), cells(size.0));
        self.master.resize(of(size)).unwrap();
    }

    /// Lets the terminal stop to read, or go on.
    pub(crate) fn pause(&self, paused: bool) {
        self.paused.store(paused, SeqCst);
    }

    /// The screen as text.
    pub(crate) fn text(&self) -> String {
        self.seen.lock().unwrap().parser.screen().contents()
    }

    /// Reads something off the screen.
    pub(crate) fn screen<T>(&self, read: impl FnOnce(&vt100::Screen) -> T) -> T {
        read(self.seen.lock().unwrap().parser.screen())
    }

    /// Everything that came so far.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        self.seen.lock().unwrap().bytes.clone()
    }

    /// Waits until the screen shows a text.
    pub(crate) async fn shows(&mut self, text: &str) {
        self.until(text, |screen| screen.contains(text)).await;
    }

    /// Waits until the screen no longer shows a text.
    pub(crate) async fn hides(&mut self, text: &str) {
        self.until(&format!("no {text}"), |screen| !screen.contains(text)).await;
    }

    /// Waits until the screen is as it should be.
    pub(crate) async fn until(&mut self, what: &str, holds: impl Fn(&str) -> bool) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let text = self.text();
            if holds(&text) {
                return;
            }
            let ended = self.child.try_wait().unwrap();
            assert!(
                ended.is_none() || !self.is_over(),
                "it ended ({ended:?}) before it showed {what}:\n{text}"
            );
            assert!(Instant::now() < deadline, "waited in vain for {what}:\n{text}");
            sleep(Duration::from_millis(5)).await;
        }
    }

    /// Waits for the program's end.
    pub(crate) async fn ended(&mut self) -> ExitStatus {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(Instant::now() < deadline, "waited in vain for its end:\n{}", self.text());
            sleep(Duration::from_millis(5)).await;
        }
    }

    /// Whether everything that it wrote was read.
    pub(crate) fn is_over(&self) -> bool {
        self.seen.lock().unwrap().over
    }

    /// The process.
    pub(crate) fn pid(&self) -> rustix::process::Pid {
        let pid = self.child.process_id().and_then(|pid| i32::try_from(pid).ok());
        rustix::process::Pid::from_raw(pid.unwrap()).unwrap()
    }

    /// Sends it a signal.
    pub(crate) fn signal(&self, signal: rustix::process::Signal) {
        rustix::process::kill_process(self.pid(), signal).unwrap();
    }

    /// Whether the terminal is as a shell wants it: lines are edited, typing is shown.
    pub(crate) fn is_cooked(&self) -> bool {
        let modes = self.master.get_termios().unwrap();
        let flags = format!("{:?}", modes.local_flags);
        flags.contains("ICANON") && flags.contains("ECHO")
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn of((columns, rows): (u16, u16)) -> PtySize {
    PtySize { rows, cols: columns, pixel_width: 0, pixel_height: 0 }
}

fn cells(count: u16) -> std::num::NonZeroU16 {
    std::num::NonZeroU16::new(count).unwrap()
}
