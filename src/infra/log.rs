//! The log of a long-running process: lines on a standard stream, or in files that are put aside by their size.

mod rotation;

use std::{io, sync::Mutex};

use tracing_subscriber::{EnvFilter, fmt, fmt::writer::BoxMakeWriter};

use self::rotation::RotatingFile;
use crate::config::{
    settings::Logging,
    value::{LogFormat, LogOutput},
};

/// Starts the log; a second call changes nothing. `terminal` tells whether a person reads along.
///
/// # Errors
/// The file of the log cannot be opened.
pub fn start(logging: &Logging, terminal: bool) -> io::Result<()> {
    let json = match logging.format {
        LogFormat::Auto => !terminal,
        LogFormat::Json => true,
        LogFormat::Text => false,
    };
    let writer = match &logging.output {
        LogOutput::Stderr => BoxMakeWriter::new(io::stderr),
        LogOutput::Stdout => BoxMakeWriter::new(io::stdout),
        LogOutput::File(path) => {
            let (bytes, files) = (logging.max_file_size.get(), logging.max_files.get());
            BoxMakeWriter::new(Mutex::new(RotatingFile::open(path, bytes.into(), files)?))
        }
    };
    let lines = fmt().with_env_filter(EnvFilter::new(logging.level.directives())).with_writer(writer);
    // A subscriber that is there already stays: whoever set it knows better.
    let _ =
        if json { lines.json().flatten_event(true).try_init() } else { lines.with_ansi(false).try_init() };
    Ok(())
}
