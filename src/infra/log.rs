//! The log of a long-running process: JSON lines on standard error, as `RUST_LOG` filters them.

use tracing_subscriber::{EnvFilter, fmt};

/// Starts the log; a second call changes nothing. `json` lines are for collectors, plain ones for a terminal.
pub fn start(json: bool) {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    let lines = fmt().with_env_filter(filter).with_writer(std::io::stderr);
    // A subscriber that is there already stays: whoever set it knows better.
    let _ =
        if json { lines.json().flatten_event(true).try_init() } else { lines.with_ansi(false).try_init() };
}
