//! [`Printer`]: the only writer to the terminal. Data goes to stdout; everything else goes to stderr.

use std::{
    collections::BTreeMap,
    env,
    fmt::Write as _,
    io::{self, IsTerminal, Write},
    time::Duration,
};

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use super::{
    error::{CliError, Failure},
    live::Live,
    pager,
};

/// Writes for a person or a pipe, as loud and as colourful as was asked for.
#[derive(Clone, Debug)]
pub struct Printer {
    loudness: Loudness,
    out: Stream,
    err: Stream,
    width: Option<u16>,
    height: Option<u16>,
    /// Whether the terminal moves its cursor.
    moves: bool,
    pager: bool,
}

/// How much is told besides the data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Loudness {
    /// Errors only.
    Quiet,
    /// Errors, warnings and notes.
    Normal,
    /// Also what was resolved and called.
    Verbose,
}

/// What a word means; shown as a colour on a terminal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tone {
    /// Nothing in particular.
    #[default]
    Plain,
    /// As it should be.
    Good,
    /// Worth a look.
    Warning,
    /// Not as it should be.
    Bad,
    /// Beside the point.
    Dim,
}

/// One of the two streams of a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Side {
    /// Standard output.
    Out,
    /// Standard error.
    Err,
}

/// What data is drawn on.
#[derive(Clone, Copy, Debug)]
pub struct Canvas {
    /// The terminal's columns; `None` off a terminal, where nothing is cut.
    pub width: Option<u16>,
    /// Whether words may be coloured.
    pub colour: bool,
}

#[derive(Clone, Copy, Debug)]
struct Stream {
    terminal: bool,
    colour: bool,
}

impl Printer {
    /// Looks at the streams and at `NO_COLOR`, `CLICOLOR_FORCE` and `TERM`.
    #[must_use]
    pub fn new(loudness: Loudness, no_colour: bool) -> Self {
        let says = |name| env::var_os(name).is_some_and(|value| !value.is_empty() && value != "0");
        let never = no_colour || says("NO_COLOR");
        let dumb = env::var_os("TERM").is_none_or(|term| term.is_empty() || term == "dumb");
        let stream =
            |terminal| Stream { terminal, colour: !never && (says("CLICOLOR_FORCE") || (terminal && !dumb)) };
        let out = stream(io::stdout().is_terminal());
        let size = out.terminal.then(crossterm::terminal::size).and_then(Result::ok);
        Self {
            loudness,
            out,
            err: stream(io::stderr().is_terminal()),
            width: size.map(|(columns, _)| columns).filter(|width| *width > 0),
            height: size.map(|(_, rows)| rows).filter(|height| *height > 0),
            moves: !dumb,
            pager: !dumb,
        }
    }

    /// The same without a pager.
    #[must_use]
    pub fn without_pager(self) -> Self {
        Self { pager: false, ..self }
    }

    /// What tables are drawn on.
    #[must_use]
    pub fn canvas(&self) -> Canvas {
        Canvas { width: self.width, colour: self.out.colour }
    }

    /// Whether a person can be asked.
    #[must_use]
    pub fn can_ask(&self) -> bool {
        self.err.terminal && io::stdin().is_terminal()
    }

    /// Whether a person reads and types here.
    #[must_use]
    pub fn is_interactive(&self) -> bool {
        self.out.terminal && io::stdin().is_terminal()
    }

    /// Writes lines of data.
    pub fn data(&self, text: &str) -> Result<(), CliError> {
        let mut out = io::stdout().lock();
        let end = if text.is_empty() || text.ends_with('\n') { "" } else { "\n" };
        out.write_all(text.as_bytes())
            .and_then(|()| out.write_all(end.as_bytes()))
            .and_then(|()| out.flush())
            .map_err(CliError::output)
    }

    /// Writes data that ends where it ends.
    pub fn raw(&self, text: &str) -> Result<(), CliError> {
        let mut out = io::stdout().lock();
        out.write_all(text.as_bytes()).and_then(|()| out.flush()).map_err(CliError::output)
    }

    /// Writes what a program elsewhere wrote, as it is, to the same of our streams. Nobody to read stderr is no failure.
    pub fn bytes(&self, side: Side, bytes: &[u8]) -> Result<(), CliError> {
        match side {
            Side::Out => {
                let mut out = io::stdout().lock();
                out.write_all(bytes).and_then(|()| out.flush()).map_err(CliError::output)
            }
            Side::Err => {
                let _ = io::stderr().lock().write_all(bytes);
                Ok(())
            }
        }
    }

    /// Writes what a person reads: on a terminal that is too low for it through a pager.
    pub fn page(&self, text: &str) -> Result<(), CliError> {
        let is_long = self.height.is_some_and(|height| text.lines().count() >= height.into());
        if !(is_long && self.pager && self.err.terminal && io::stdin().is_terminal()) {
            return self.data(text);
        }
        let Some(command) = pager::chosen() else { return self.data(text) };
        match pager::show(&command, text) {
            Ok(()) => Ok(()),
            Err(error) => {
                self.detail(&format!("no pager: {error}"));
                self.data(text)
            }
        }
    }

    /// Whether data goes to a terminal.
    #[must_use]
    pub fn is_terminal(&self) -> bool {
        self.out.terminal
    }

    /// Whether a stream goes to a terminal.
    #[must_use]
    pub fn is_shown(&self, side: Side) -> bool {
        self.stream(side).terminal
    }

    /// A part of the terminal that is drawn over again; `None` where there is no terminal that can.
    #[must_use]
    pub fn live(&self) -> Option<Live> {
        (self.height.is_some() && self.moves).then(Live::new)
    }

    /// Tells what happened.
    pub fn note(&self, text: &str) {
        if self.loudness >= Loudness::Normal {
            self.tell(&calm(text));
        }
    }

    /// Tells what is worth a look.
    pub fn warning(&self, text: &str) {
        if self.loudness >= Loudness::Normal {
            self.tell(&format!("{} {}", self.paint("warning:", Tone::Warning), calm(text)));
        }
    }

    /// Tells how something was done.
    pub fn detail(&self, text: &str) {
        if self.loudness >= Loudness::Verbose {
            self.tell(&self.paint(&calm(text), Tone::Dim));
        }
    }

    /// Tells a failure: what, why, which fields, and what to do.
    pub fn failure(&self, failure: &Failure) {
        self.failure_after(String::new(), failure);
    }

    /// Tells a failure of one of several targets.
    pub fn failure_of(&self, target: &str, failure: &Failure) {
        self.failure_after(format!("{target}: "), failure);
    }

    fn failure_after(&self, prefix: String, failure: &Failure) {
        let mut chain = failure.chain();
        let mut text = self.paint("error:", Tone::Bad);
        let _ = write!(text, " {}", calm(&(prefix + chain.next().unwrap_or_default().as_str())));
        for cause in chain {
            let _ = write!(text, "\n  {} {}", self.paint("because:", Tone::Dim), calm(&cause));
        }
        for field in &failure.fields {
            let line = format!("{}: {}", field.pointer.trim_start_matches('/'), field.detail);
            let _ = write!(text, "\n  {}", calm(&line));
        }
        if let Some(id) = &failure.request_id
            && self.loudness >= Loudness::Verbose
        {
            let _ = write!(text, "\n  {} {}", self.paint("request:", Tone::Dim), calm(id));
        }
        if let Some(hint) = &failure.hint {
            let _ = write!(text, "\n{} {}", self.paint("hint:", Tone::Good), calm(hint));
        }
        self.tell(&text);
    }

    /// Asks for a line, without its end.
    pub fn ask(&self, question: &str) -> Result<String, CliError> {
        self.prompt(question);
        let mut line = String::new();
        io::stdin().read_line(&mut line).map_err(CliError::input)?;
        Ok(line.trim_end_matches(['\n', '\r']).to_owned())
    }

    /// Writes a question and leaves the cursor behind it.
    pub fn prompt(&self, question: &str) {
        let mut err = io::stderr().lock();
        let _ = write!(err, "{} ", calm(question)).and_then(|()| err.flush());
    }

    /// Ends the line of a prompt whose answer was not shown.
    pub fn end_prompt(&self) {
        self.tell("");
    }

    /// Shows that something takes its time, on a terminal and nowhere else.
    #[must_use]
    pub fn waiting(&self, what: &str) -> Waiting {
        let shown = self.err.terminal && self.loudness >= Loudness::Normal;
        Waiting(shown.then(|| {
            let bar = ProgressBar::new_spinner().with_message(calm(what));
            bar.enable_steady_tick(Duration::from_millis(120));
            bar
        }))
    }

    /// A line that counts, never longer than the terminal is wide; on a terminal and nowhere else.
    #[must_use]
    pub fn counting(&self) -> Waiting {
        let waiting = self.waiting("");
        if let Some(bar) = &waiting.0
            && let Ok(style) = ProgressStyle::with_template("{spinner} {wide_msg}")
        {
            bar.set_style(style);
        }
        waiting
    }

    /// Lines that show what is being done, on a terminal and nowhere else.
    #[must_use]
    pub fn steps(&self) -> Steps {
        let shown = self.err.terminal && self.loudness >= Loudness::Normal;
        Steps(shown.then(MultiProgress::new))
    }

    /// Bars that show how far things are, on a terminal and nowhere else.
    #[must_use]
    pub fn bars(&self) -> Bars {
        let shown = self.err.terminal && self.loudness >= Loudness::Normal;
        Bars { all: shown.then(MultiProgress::new), each: BTreeMap::new() }
    }

    /// Writes the command line's own words: help to stdout, a wrong use to stderr.
    pub(super) fn usage(&self, error: &clap::Error) -> Result<(), CliError> {
        let stream = if error.use_stderr() { self.err } else { self.out };
        let words = error.render();
        let text = if stream.colour { words.ansi().to_string() } else { words.to_string() };
        if error.use_stderr() {
            self.tell(text.trim_end());
            return Ok(());
        }
        self.data(&text)
    }

    /// Text in one of a few calm colours, by its number.
    #[must_use]
    pub fn tinted(&self, side: Side, text: &str, number: usize) -> String {
        const TINTS: [&str; 6] = ["36", "33", "35", "32", "34", "96"];
        if !self.stream(side).colour {
            return text.to_owned();
        }
        format!("\u{1b}[{}m{text}\u{1b}[0m", TINTS[number % TINTS.len()])
    }

    const fn stream(&self, side: Side) -> Stream {
        match side {
            Side::Out => self.out,
            Side::Err => self.err,
        }
    }

    fn paint(&self, text: &str, tone: Tone) -> String {
        let code = match tone {
            _ if !self.err.colour => return text.to_owned(),
            Tone::Plain => return text.to_owned(),
            Tone::Good => "32",
            Tone::Warning => "33",
            Tone::Bad => "1;31",
            Tone::Dim => "2",
        };
        format!("\u{1b}[{code}m{text}\u{1b}[0m")
    }

    /// A person who closed stderr does not want to know; there is nobody left to tell.
    fn tell(&self, text: &str) {
        let _ = writeln!(io::stderr().lock(), "{text}");
    }
}

/// A sign of life that goes when it is dropped.
#[derive(Debug)]
pub struct Waiting(Option<ProgressBar>);

impl Waiting {
    /// Says how it stands.
    pub fn say(&self, what: &str) {
        if let Some(bar) = &self.0 {
            bar.set_message(calm(what).replace('\n', " "));
        }
    }

    /// Whether anything is shown.
    #[must_use]
    pub const fn is_shown(&self) -> bool {
        self.0.is_some()
    }

    /// Takes the sign away while something is printed.
    pub fn aside<T>(&self, print: impl FnOnce() -> T) -> T {
        match &self.0 {
            Some(bar) => bar.suspend(print),
            None => print(),
        }
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        if let Some(bar) = &self.0 {
            bar.finish_and_clear();
        }
    }
}

/// Several things that take their time, a line each.
#[derive(Clone, Debug)]
pub struct Steps(Option<MultiProgress>);

/// The line of one of them; goes when it is dropped.
#[derive(Debug)]
pub struct Step(Option<(MultiProgress, ProgressBar)>);

impl Steps {
    /// Shows that something was begun.
    #[must_use]
    pub fn begin(&self, what: &str) -> Step {
        Step(self.0.as_ref().map(|all| {
            let bar = all.add(ProgressBar::new_spinner().with_message(calm(what)));
            bar.enable_steady_tick(Duration::from_millis(120));
            (all.clone(), bar)
        }))
    }

    /// Takes the lines away while something is printed.
    pub fn aside<T>(&self, print: impl FnOnce() -> T) -> T {
        match &self.0 {
            Some(all) => all.suspend(print),
            None => print(),
        }
    }
}

impl Step {
    /// Says how it stands.
    pub fn say(&self, what: &str) {
        if let Some((_, bar)) = &self.0 {
            bar.set_message(calm(what));
        }
    }
}

impl Drop for Step {
    fn drop(&mut self) {
        if let Some((all, bar)) = &self.0 {
            bar.finish_and_clear();
            all.remove(bar);
        }
    }
}

/// Bars that go when they are dropped, one for each name.
#[derive(Debug)]
pub struct Bars {
    all: Option<MultiProgress>,
    each: BTreeMap<String, ProgressBar>,
}

impl Bars {
    /// Shows how far something is, in bytes; `false` where no bar is shown.
    pub fn set(&mut self, name: &str, done: u64, total: u64) -> bool {
        let Some(all) = &self.all else { return false };
        if total == 0 {
            // It is not known yet how much there is: a bar would be full before it began.
            return true;
        }
        let bar = self.each.entry(name.to_owned()).or_insert_with(|| {
            let style = ProgressStyle::with_template("{prefix} {bar:30} {bytes} of {total_bytes}");
            let bar = all.add(ProgressBar::new(total)).with_prefix(calm(name));
            style.map_or_else(|_| bar.clone(), |style| bar.clone().with_style(style))
        });
        bar.set_length(total);
        bar.set_position(done);
        true
    }
}

impl Bars {
    /// Takes the bars away while something is printed.
    pub fn aside<T>(&self, print: impl FnOnce() -> T) -> T {
        match &self.all {
            Some(all) => all.suspend(print),
            None => print(),
        }
    }
}

impl Drop for Bars {
    fn drop(&mut self) {
        self.each.values().for_each(ProgressBar::finish_and_clear);
    }
}

/// Takes the control characters out of text that came from elsewhere, so that a container's name cannot move the
/// cursor, set the window's title or turn the direction of what follows.
#[must_use]
pub fn calm(text: &str) -> String {
    let turns =
        |c: char| matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}');
    text.chars().map(|c| if (c.is_control() && c != '\n') || turns(c) { '\u{fffd}' } else { c }).collect()
}
