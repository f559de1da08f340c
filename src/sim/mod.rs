//! Simulated agents: many of them in one process, over the real protocol, to size a server.
//!
//! In reading order: [`plan`] is what is asked for; `fleet` brings the agents up over a ramp and takes them down;
//! `agent` is the life of one, `link` one of its connections; `enroll` is how it joins, `certificate` with what it
//! links where agents are managed, `identity` who it then is and what a file keeps of that; `host` is the node it pretends to be, `order` judges what the server asks of it, `log` is
//! what its containers write, `outbox` holds what is not acknowledged yet; [`report`] is what all of them did.
//!
//! What is absent: a disk. A simulated agent forgets what it did when the process ends, and its keys follow from the
//! seed; both are fine for measuring and for nothing else.

use std::{io, path::PathBuf};

pub use self::{fleet::run, plan::Plan, report::Report};

mod address;
mod agent;
mod certificate;
mod enroll;
mod fleet;
mod host;
mod identity;
mod limit;
mod link;
mod log;
mod order;
mod outbox;
pub mod plan;
mod random;
pub mod report;
mod tally;

/// Why a simulation does not run; each says the cause and the cure.
#[derive(Debug, thiserror::Error)]
pub enum SimError {
    /// What was asked for makes no sense.
    #[error("{0}")]
    Plan(String),
    /// The address is not one.
    #[error("'{0}' is not a server's address; expected http://HOST:PORT or https://HOST:PORT")]
    NotAnAddress(String),
    /// Agents must be invited, and there is no token.
    #[error("inviting agents needs an admin's API key; set WORPEN_TOKEN, or give --token-file")]
    NoToken,
    /// The token does not carry far enough.
    #[error("the server does not let this token invite agents ({detail}); it takes an admin's API key")]
    NotAllowed {
        /// The server's words.
        detail: String,
    },
    /// An agent of this name is there already.
    #[error(
        "the server has an agent '{name}' already; take another --seed or --prefix, or --keep FILE from the start"
    )]
    NameTaken {
        /// The name.
        name: String,
    },
    /// The server does not answer.
    #[error("cannot reach {server}; check the address, and that the server runs")]
    Unreachable {
        /// The server.
        server: String,
        /// What went wrong on the way.
        #[source]
        source: reqwest::Error,
    },
    /// The server says no, or something that is no answer.
    #[error("the server did not take agent '{name}' in: {detail}")]
    NotTaken {
        /// The agent's name.
        name: String,
        /// What it said.
        detail: String,
    },
    /// Every link is an open file, and the system allows too few.
    #[error(
        "{needed} open files are needed and the system allows {allowed}; raise it (ulimit -n {needed}) or simulate fewer \
         agents"
    )]
    TooFewFiles {
        /// How many are needed.
        needed: u64,
        /// How many may be.
        allowed: u64,
    },
    /// The file of identities.
    #[error("cannot use '{}'", path.display())]
    Keep {
        /// The file.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// TLS cannot be set up.
    #[error("TLS cannot be set up")]
    Tls(#[source] rustls::Error),
    /// The HTTP client cannot be set up.
    #[error("the HTTP client cannot be set up")]
    Http(#[source] reqwest::Error),
}
