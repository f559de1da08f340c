//! What can go wrong between a client and its server.

use std::{error::Error, fmt};

use http::StatusCode;
use thiserror::Error;

use crate::proto::problem::Problem;

/// What lies beneath an error, of whatever type.
pub type Cause = Box<dyn Error + Send + Sync>;

/// A call that gave no answer, or a bad one.
#[derive(Debug, Error)]
pub enum ClientError {
    /// The address is not one; it is not repeated, since it may hold a password.
    #[error("that is not a server's address; expected http://HOST:PORT or https://HOST")]
    Address,
    /// The token cannot travel in a header.
    #[error("the token holds characters that no token has")]
    Token,
    /// A name that cannot stand in a path.
    #[error("'{name}' is not a name")]
    Name {
        /// The name.
        name: String,
    },
    /// The client cannot be prepared, as without the system's certificates.
    #[error("cannot prepare the connection")]
    Setup {
        /// Why.
        #[source]
        cause: Cause,
    },
    /// No connection came to stand.
    #[error("cannot reach the server at {server}")]
    Unreachable {
        /// The server's address.
        server: String,
        /// Why.
        #[source]
        cause: Cause,
    },
    /// A connection stood and broke.
    #[error("the link to the server at {server} broke")]
    Broken {
        /// The server's address.
        server: String,
        /// Why.
        #[source]
        cause: Cause,
    },
    /// A connection stood and no answer came.
    #[error("the server at {server} did not answer within {seconds} s")]
    TimedOut {
        /// The server's address.
        server: String,
        /// How long the client waited.
        seconds: u64,
    },
    /// The server said no, in its own words.
    #[error("{}", .0.detail)]
    Problem(Box<Problem>),
    /// The server said what this version does not understand.
    #[error("the server at {server} and this version do not understand each other: {what}")]
    Protocol {
        /// The server's address.
        server: String,
        /// What was expected.
        what: &'static str,
        /// What was found.
        #[source]
        cause: Cause,
    },
}

impl ClientError {
    /// Whether the same call may succeed later without anybody changing anything.
    #[must_use]
    pub fn is_passing(&self) -> bool {
        match self {
            Self::Unreachable { .. } | Self::Broken { .. } | Self::TimedOut { .. } => true,
            Self::Problem(problem) => StatusCode::from_u16(problem.status).is_ok_and(|status| {
                status.is_server_error()
                    || matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT)
            }),
            _ => false,
        }
    }
}

/// A failed exchange, told from the first layer that says more than "error sending request".
#[derive(Debug)]
pub(super) struct Transport(pub(super) reqwest::Error);

impl Transport {
    fn telling(&self) -> &(dyn Error + 'static) {
        let mut error: &(dyn Error + 'static) = &self.0;
        while let Some(source) = error.source() {
            let words = error.to_string();
            if !words.starts_with("error sending request") && !words.starts_with("client error") {
                break;
            }
            error = source;
        }
        error
    }
}

impl fmt::Display for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self.telling(), f)
    }
}

impl Error for Transport {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.telling().source()
    }
}
