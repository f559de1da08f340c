//! The command line, run as a process against a stub of the server: what it prints, and how it ends.

mod account;
mod acts;
mod completions;
mod deploy;
mod doctor;
mod engine;
mod failures;
mod follow;
mod live_names;
mod output;
mod outside;
mod records;
mod run;
mod sign_in;
mod stream;
mod stub;
mod terminal;
mod watch;
