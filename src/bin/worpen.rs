//! The `worpen` program.

use std::process::ExitCode;

fn main() -> ExitCode {
    #[cfg(debug_assertions)]
    let _crash_points = fail::FailScenario::setup();
    worpen::cli::run(std::env::args_os()).into()
}
