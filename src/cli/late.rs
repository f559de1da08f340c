//! [`Late`]: arguments that are declared when their subcommand is named, and not at every start.

use clap::{ArgMatches, Args, Command, Error, FromArgMatches, Subcommand};

/// The same arguments or verbs, whose part of the command tree is built only when somebody asks for it.
///
/// The global options are there before it, so it is not for arguments of which one has a global option's name, such as the
/// `--server` of `worpen agent`.
#[derive(Debug)]
pub(crate) struct Late<T>(pub(crate) T);

/// A variant's own words stand before those of its arguments' type, as they do without the delay.
fn keeping_about(command: Command, augment: fn(Command) -> Command) -> Command {
    let (about, long) = (command.get_about().cloned(), command.get_long_about().cloned());
    let mut command = augment(command);
    if let Some(about) = about {
        command = command.about(about);
    }
    match long {
        Some(long) => command.long_about(long),
        None => command.long_about(None),
    }
}

fn arguments<T: Args>(command: Command) -> Command {
    keeping_about(command, T::augment_args)
}

fn verbs<T: Subcommand>(command: Command) -> Command {
    keeping_about(command, T::augment_subcommands)
}

impl<T: FromArgMatches> FromArgMatches for Late<T> {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, Error> {
        T::from_arg_matches(matches).map(Self)
    }

    fn from_arg_matches_mut(matches: &mut ArgMatches) -> Result<Self, Error> {
        T::from_arg_matches_mut(matches).map(Self)
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), Error> {
        self.0.update_from_arg_matches(matches)
    }
}

impl<T: Args> Args for Late<T> {
    fn augment_args(command: Command) -> Command {
        command.defer(arguments::<T>)
    }

    fn augment_args_for_update(command: Command) -> Command {
        T::augment_args_for_update(command)
    }
}

impl<T: Subcommand> Subcommand for Late<T> {
    fn augment_subcommands(command: Command) -> Command {
        command.defer(verbs::<T>)
    }

    fn augment_subcommands_for_update(command: Command) -> Command {
        T::augment_subcommands_for_update(command)
    }

    fn has_subcommand(name: &str) -> bool {
        T::has_subcommand(name)
    }
}
