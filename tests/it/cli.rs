//! The command line, run as a process against a stub of the server: what it prints, and how it ends.

mod acts;
mod completions;
mod failures;
mod output;
mod records;
mod sign_in;
mod stream;
mod stub;
mod terminal;
