//! `worpen man`: writes the manual's pages, made from the same declarations as the help.

use std::{fs, io, path::PathBuf};

use super::{error::CliError, exit::ExitStatus, printer::Printer};

/// Arguments of `worpen man`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Write a page for every subcommand into this directory; the first page goes to stdout unless told.
    #[arg(long, value_name = "DIR", value_hint = clap::ValueHint::DirPath)]
    dir: Option<PathBuf>,
}

pub(crate) fn run(
    args: &Args,
    mut command: clap::Command,
    printer: &Printer,
) -> Result<ExitStatus, CliError> {
    command.build();
    let Some(directory) = &args.dir else {
        let page = render(command).map_err(CliError::output)?;
        printer.data(&String::from_utf8_lossy(&page))?;
        return Ok(ExitStatus::Done);
    };
    let failed = |error: io::Error| {
        CliError::new(ExitStatus::Failed, format!("cannot write into {}: {error}", directory.display()))
    };
    fs::create_dir_all(directory).map_err(failed)?;
    let mut pages = Vec::new();
    gather(&command, &mut pages);
    for command in &pages {
        // Once the tree is built, this is `worpen-agents-ls`.
        let name = command.get_display_name().unwrap_or_else(|| command.get_name()).to_owned();
        let page = render((*command).clone()).map_err(failed)?;
        fs::write(directory.join(format!("{name}.1")), page).map_err(failed)?;
    }
    printer.note(&format!("{} pages in {}", pages.len(), directory.display()));
    Ok(ExitStatus::Done)
}

fn gather<'a>(command: &'a clap::Command, pages: &mut Vec<&'a clap::Command>) {
    pages.push(command);
    for verb in command.get_subcommands().filter(|verb| !verb.is_hide_set()) {
        gather(verb, pages);
    }
}

fn render(command: clap::Command) -> io::Result<Vec<u8>> {
    let mut page = Vec::new();
    clap_mangen::Man::new(command).manual("Worpen").render(&mut page)?;
    Ok(page)
}
