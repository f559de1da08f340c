//! The `worpen` program.

use std::process::ExitCode;

fn main() -> ExitCode {
    worpen::cli::run(std::env::args_os()).into()
}
