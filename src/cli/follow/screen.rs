//! [`Screen`]: the output of a command in the form that was asked for.

use super::{
    super::{
        error::CliError,
        form::Format,
        measure::thousands,
        printer::{Printer, Side, calm},
        session::Session,
    },
    Shape,
    fold::Folded,
    kept::Kept,
    line::{Joiner, harmless},
    tally::Tally,
};
use crate::{
    client::printed,
    id::ExecutionId,
    proto::output::{LogStream, OutputItem},
};

/// A name before a line takes no more room than this.
const WIDEST_NAME: usize = 32;

/// What is shown, and how.
pub(super) struct Screen<'a> {
    session: &'a Session,
    form: Shown,
}

enum Shown {
    /// The bytes of one target, as they are.
    Bytes,
    /// Whole lines; with a name before each where there are several targets.
    Lines { joiner: Joiner, widest: Option<usize> },
    /// Equal answers once, at the end.
    Folded(Folded),
    /// The server's items, as they come.
    Items,
    /// A record for each target, at the end.
    Records { kept: Kept, alone: bool },
    /// The command's id, and nothing else.
    Nothing,
}

impl<'a> Screen<'a> {
    /// `raw` is for one target alone: its bytes go to a terminal too as they are, and its record is no list.
    pub(super) fn new(
        session: &'a Session,
        shape: Shape,
        raw: bool,
        tally: &Tally,
    ) -> Result<Self, CliError> {
        let alone = tally.targets().len() == 1;
        let shown = session.printer.is_shown(Side::Out) || session.printer.is_shown(Side::Err);
        let form = match session.form.format {
            Format::Table | Format::Wide if shape.fold => Shown::Folded(Folded::default()),
            Format::Table | Format::Wide if alone && (raw || !shown) => Shown::Bytes,
            Format::Table | Format::Wide => {
                let names = tally.targets().iter().map(|target| target.node.chars().count());
                let widest = (!alone).then(|| names.max().unwrap_or(0).min(WIDEST_NAME));
                Shown::Lines { joiner: Joiner::default(), widest }
            }
            Format::Ndjson => Shown::Items,
            Format::Name => Shown::Nothing,
            Format::Json | Format::Yaml | Format::Csv => {
                Shown::Records { kept: Kept::default(), alone: alone && raw }
            }
        };
        Ok(Self { session, form })
    }

    /// Shows an item that the tally has taken already.
    pub(super) fn take(&mut self, item: &OutputItem, tally: &Tally) -> Result<(), CliError> {
        let printer = &self.session.printer;
        if let Shown::Items = self.form {
            return printer.raw(&self.session.form.line(item)?);
        }
        match item {
            OutputItem::Output { node, execution, stream, text, base64, .. } => {
                let bytes = printed(text.as_deref(), base64.as_deref()).unwrap_or_default();
                let side = side(*stream);
                match &mut self.form {
                    Shown::Bytes => printer.bytes(side, &bytes)?,
                    Shown::Lines { joiner, widest } => {
                        let prefix = prefix(printer, side, node, *widest, tally);
                        let is_shown = printer.is_shown(side);
                        let mut lines = Vec::new();
                        joiner.push(*execution, side, &bytes, |line| {
                            write(&mut lines, &prefix, line, is_shown)
                        });
                        if !lines.is_empty() {
                            printer.bytes(side, &lines)?;
                        }
                    }
                    Shown::Folded(folded) => folded.printed(node, *execution, side, &bytes),
                    Shown::Records { kept, .. } => kept.printed(node, *execution, side, &bytes),
                    Shown::Items | Shown::Nothing => {}
                }
            }
            OutputItem::Gap { node, execution, bytes, .. } => match &mut self.form {
                Shown::Bytes => self.gap(None, *bytes),
                Shown::Lines { .. } => {
                    self.flush(*execution, node, tally)?;
                    self.gap((tally.targets().len() > 1).then_some(node.as_str()), *bytes);
                }
                Shown::Folded(folded) => folded.gap(node, *execution, *bytes),
                Shown::Records { .. } | Shown::Items | Shown::Nothing => {}
            },
            OutputItem::Status { node, execution, .. } => {
                let over = tally.place(node).is_some_and(|at| tally.targets()[at].is_over());
                match &mut self.form {
                    Shown::Lines { .. } if over => self.flush(*execution, node, tally)?,
                    Shown::Folded(folded) if over => folded.ended(node, *execution),
                    _ => {}
                }
            }
            OutputItem::Ended { .. } => {}
        }
        Ok(())
    }

    /// Shows what was held back.
    pub(super) fn end(&mut self, tally: &Tally) -> Result<(), CliError> {
        if let Shown::Lines { joiner, .. } = &self.form {
            for execution in joiner.left() {
                let node = tally.targets().iter().find(|target| target.execution == execution);
                let node = node.map_or("", |target| target.node.as_str());
                self.flush(execution, node, tally)?;
            }
        }
        match &mut self.form {
            Shown::Folded(folded) => {
                let groups = std::mem::take(folded).groups(tally);
                groups.iter().try_for_each(|group| {
                    self.session.printer.data(&calm(&group.heading()))?;
                    for (side, bytes) in group.pieces() {
                        self.session.printer.bytes(side, &self.fit(side, bytes))?;
                    }
                    if group.lost_bytes() > 0 {
                        self.gap(None, group.lost_bytes());
                    }
                    Ok(())
                })
            }
            Shown::Records { kept, alone } => {
                let records = std::mem::take(kept).records(tally);
                match records.as_slice() {
                    [one] if *alone => self.session.record(one, &one.node, String::new),
                    _ => self.session.list(&records),
                }
            }
            _ => Ok(()),
        }
    }

    /// A whole text as its stream may show it, ending its line.
    fn fit(&self, side: Side, bytes: &[u8]) -> Vec<u8> {
        let mut shown = Vec::with_capacity(bytes.len() + 1);
        let is_shown = self.session.printer.is_shown(side);
        let whole = bytes.strip_suffix(b"\n").unwrap_or(bytes);
        if !bytes.is_empty() {
            whole.split(|byte| *byte == b'\n').for_each(|line| write(&mut shown, "", line, is_shown));
        }
        shown
    }

    fn flush(&mut self, execution: ExecutionId, node: &str, tally: &Tally) -> Result<(), CliError> {
        let Shown::Lines { joiner, widest } = &mut self.form else { return Ok(()) };
        let (printer, mut told) = (&self.session.printer, Ok(()));
        joiner.flush(execution, |side, line| {
            let mut text = Vec::new();
            write(&mut text, &prefix(printer, side, node, *widest, tally), line, printer.is_shown(side));
            if told.is_ok() {
                told = printer.bytes(side, &text);
            }
        });
        told
    }

    /// Says how much is missing, where it is missing.
    fn gap(&self, node: Option<&str>, bytes: u64) {
        let whose = node.map_or_else(String::new, |node| format!("{node}: "));
        self.session.printer.note(&format!("{whose}… {} bytes not kept …", thousands(bytes)));
    }
}

const fn side(stream: LogStream) -> Side {
    match stream {
        LogStream::Stdout => Side::Out,
        LogStream::Stderr => Side::Err,
    }
}

/// The name of a node before its line, in a colour of its own; nothing where there is one alone.
fn prefix(printer: &Printer, side: Side, node: &str, widest: Option<usize>, tally: &Tally) -> String {
    let Some(widest) = widest else { return String::new() };
    let name: String = calm(node).chars().take(WIDEST_NAME).collect();
    let name = format!("{name:<widest$} |");
    format!("{} ", printer.tinted(side, &name, tally.place(node).unwrap_or(0)))
}

/// Writes a line; a terminal is not given what would move its cursor.
fn write(text: &mut Vec<u8>, prefix: &str, line: &[u8], is_shown: bool) {
    text.extend_from_slice(prefix.as_bytes());
    if is_shown {
        text.extend(harmless(line));
    } else {
        text.extend_from_slice(line);
    }
    text.push(b'\n');
}
