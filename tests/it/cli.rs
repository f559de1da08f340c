//! The command line, run as a process against a stub of the server: what it prints, and how it ends.

#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

mod acts;
mod completions;
mod failures;
mod output;
mod records;
mod sign_in;
mod stream;
mod stub;
mod terminal;
