//! What lies on this machine: the files, the context, the engine, the disk, the terminal.

use std::{
    env,
    io::IsTerminal,
    path::{Path, PathBuf},
};

use clap::CommandFactory;

use super::{Finding, Report, bounded, chain};
use crate::{
    cli::{Cli, error::CliError, measure, outside, session::Session},
    config::{
        agent::AgentConfig,
        client::ClientFile,
        context::{self, Contexts, Target},
        folder::default_data,
    },
    infra::docker::Engine,
};

/// Less free space than this is worth a look.
const LOW_BYTES: u64 = 1 << 30;

/// With less than this a store stops.
const NO_BYTES: u64 = 64 << 20;

/// A terminal of fewer columns cuts what it shows.
const NARROW: u16 = 60;

/// Tests the files and the context; the server to call, where one is named.
pub(super) fn settings(report: &mut Report<'_>) -> Result<Option<Target>, CliError> {
    let environment = &report.session.environment;
    let contexts = Contexts::load(environment);
    let finding = match &contexts {
        Ok(contexts) => match contexts.warning() {
            Some(warning) => {
                Finding::warning("contexts", warning, format!("chmod 600 {}", contexts.path().display()))
            }
            None if contexts.iter().next().is_none() => {
                Finding::ok("contexts", format!("none yet in {}", contexts.path().display()))
            }
            None => Finding::ok("contexts", format!("{} is yours alone", contexts.path().display())),
        },
        Err(error) => {
            Finding::failed("contexts", chain(error), "correct the file, or move it away and sign in again")
        }
    };
    report.take(finding)?;
    report.take(client_file(report.session))?;
    let Ok(contexts) = contexts else {
        report.take(Finding::skipped("context", "not tested, since a test before it failed"))?;
        return Ok(None);
    };
    match contexts.resolve(&report.session.flags, environment) {
        Ok(target) => {
            let from = &target.server_from;
            report.take(Finding::ok("context", format!("the server is {} (from {from})", target.server)))?;
            Ok(Some(target))
        }
        Err(error) => {
            let cure = "sign in with: worpen login https://SERVER, or choose one of: worpen context ls";
            report.take(Finding::failed("context", chain(&error), cure))?;
            Ok(None)
        }
    }
}

fn client_file(session: &Session) -> Finding {
    match ClientFile::load(&session.environment) {
        Ok(file) if !file.exists() => {
            Finding::ok("config", format!("no {}; none is needed", file.path().display()))
        }
        Ok(file) => {
            let shadowed = outside::shadowed(&file, &Cli::command());
            if shadowed.is_empty() {
                return Finding::ok("config", format!("{} can be read", file.path().display()));
            }
            Finding::warning(
                "config",
                format!(
                    "{} has aliases that are subcommands: {}",
                    file.path().display(),
                    shadowed.join(", ")
                ),
                "give them other names",
            )
        }
        Err(error) => Finding::failed("config", chain(&error), "correct the file, or move it away"),
    }
}

/// Tests the container engine, which only matters where an agent runs.
pub(super) async fn docker() -> Finding {
    let socket = AgentConfig::new(String::new(), PathBuf::new()).docker;
    let asked = bounded(async { Engine::connect(&socket).await.map_err(|error| chain(&error)) }).await;
    match asked {
        Ok(engine) => {
            let about = engine.about();
            Finding::ok(
                "docker",
                format!("{} {} (API {}) at {socket}", about.name, about.version, about.api_version),
            )
        }
        Err(reason) => {
            let cure = if reason.to_lowercase().contains("permission denied") {
                "join the group docker, and sign in to this machine again"
            } else {
                "only a node's agent needs it: start Docker there, or name its socket in DOCKER_HOST"
            };
            Finding::warning("docker", format!("no engine at {socket}: {reason}"), cure)
        }
    }
}

/// Tests the space on the disks of settings and data.
pub(super) fn disk(session: &Session) -> Finding {
    let settings = context::directory(&session.environment).unwrap_or_else(|_| PathBuf::from("."));
    let mut least = u64::MAX;
    let mut parts = Vec::new();
    for (what, folder) in [("settings", settings), ("data", default_data("server"))] {
        let folder = standing(&folder);
        match free(folder) {
            Ok((free, total)) => {
                least = least.min(free);
                let (free, total) = (measure::bytes(free), measure::bytes(total));
                parts.push(format!("{what}: {free} free of {total} at {}", folder.display()));
            }
            Err(error) => {
                least = 0;
                parts.push(format!("{what}: cannot look at {}: {error}", folder.display()));
            }
        }
    }
    let found = parts.join("; ");
    match least {
        ..NO_BYTES => Finding::failed("disk", found, "make room: nothing can be kept there any more"),
        NO_BYTES..LOW_BYTES => Finding::warning("disk", found, "make room before it is full"),
        _ => Finding::ok("disk", found),
    }
}

/// The folder, or the nearest above it that is there.
fn standing(folder: &Path) -> &Path {
    folder.ancestors().find(|folder| folder.is_dir()).unwrap_or(Path::new("."))
}

/// Bytes that this user may still write, and all bytes of the file system.
fn free(folder: &Path) -> rustix::io::Result<(u64, u64)> {
    let disk = rustix::fs::statvfs(folder)?;
    Ok((disk.f_bavail.saturating_mul(disk.f_frsize), disk.f_blocks.saturating_mul(disk.f_frsize)))
}

/// Tests what tables and the dashboard are drawn on.
pub(super) fn terminal(session: &Session) -> Finding {
    let said = |name: &str| env::var(name).ok().filter(|value| !value.is_empty());
    let canvas = session.printer.canvas();
    if !std::io::stdout().is_terminal() {
        return Finding::ok("terminal", "stdout is none, so that text is plain");
    }
    let term = said("TERM").unwrap_or_default();
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(said).unwrap_or_default();
    let is_utf8 = locale.to_lowercase().replace('-', "").contains("utf8");
    let colours = match said("COLORTERM").as_deref() {
        _ if !canvas.colour => "no colours",
        Some("truecolor" | "24bit") => "true colours",
        _ if term.contains("256color") => "256 colours",
        _ => "16 colours",
    };
    let width = canvas.width.unwrap_or_default();
    let found = format!(
        "TERM={term}, {colours}, {width} columns, locale {}",
        if locale.is_empty() { "not set" } else { &locale }
    );
    if term.is_empty() || term == "dumb" {
        return Finding::warning(
            "terminal",
            found,
            "set TERM to what the terminal is, such as xterm-256color",
        );
    }
    if !is_utf8 {
        return Finding::warning("terminal", found, "set LANG to a UTF-8 locale, such as C.UTF-8");
    }
    if width < NARROW {
        return Finding::warning("terminal", found, format!("widen it to {NARROW} columns or more"));
    }
    Finding::ok("terminal", found)
}
