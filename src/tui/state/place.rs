//! [`Place`]: what is looked at; [`Visits`]: the way there and back.

use super::{detail::Detail, list::List};
use crate::{id::CommandId, proto::window::WindowList};

/// The most places that are remembered.
const MOST: usize = 30;

/// What is looked at.
#[derive(Clone, Debug)]
pub(in crate::tui) enum Place {
    /// The fleet as a whole.
    Fleet,
    /// Agents, containers or images.
    List(Box<List>),
    /// One agent.
    Agent(Box<Detail>),
    /// One container.
    Container(Box<Detail>),
    /// The commands.
    Commands,
    /// One command.
    Command(CommandId),
    /// The events.
    Events,
    /// The logs that are open.
    Logs,
}

impl Place {
    /// The name of the tab that it is under.
    pub(in crate::tui) fn tab(&self) -> &'static str {
        match self {
            Self::Fleet => "fleet",
            Self::List(list) => super::list_name(list.kind),
            Self::Agent(_) => "agents",
            Self::Container(_) => "containers",
            Self::Commands | Self::Command(_) => "commands",
            Self::Events => "events",
            Self::Logs => "logs",
        }
    }

    /// Whether going to the other from here would change nothing.
    fn is(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Fleet, Self::Fleet)
            | (Self::Commands, Self::Commands)
            | (Self::Events, Self::Events)
            | (Self::Logs, Self::Logs) => true,
            (Self::List(one), Self::List(other)) => one.kind == other.kind && one.scope == other.scope,
            (Self::Agent(one), Self::Agent(other)) | (Self::Container(one), Self::Container(other)) => {
                one.name == other.name
            }
            (Self::Command(one), Self::Command(other)) => one == other,
            _ => false,
        }
    }
}

/// The places that were visited, as a browser keeps them.
#[derive(Clone, Debug)]
pub(in crate::tui) struct Visits {
    places: Vec<Place>,
    at: usize,
}

impl Visits {
    /// Begins at a place.
    pub(in crate::tui) fn new(place: Place) -> Self {
        Self { places: vec![place], at: 0 }
    }

    /// Where we are.
    pub(in crate::tui) fn place(&self) -> &Place {
        &self.places[self.at]
    }

    /// Where we are.
    pub(in crate::tui) fn place_mut(&mut self) -> &mut Place {
        &mut self.places[self.at]
    }

    /// Goes on to a place; what came after this one is forgotten.
    pub(in crate::tui) fn go(&mut self, place: Place) {
        if self.place().is(&place) {
            return;
        }
        self.places.truncate(self.at + 1);
        self.places.push(place);
        if self.places.len() > MOST {
            self.places.remove(0);
        }
        self.at = self.places.len() - 1;
    }

    /// Goes back; says whether there was anywhere to go.
    pub(in crate::tui) fn back(&mut self) -> bool {
        let Some(before) = self.at.checked_sub(1) else { return false };
        self.at = before;
        true
    }

    /// Goes forward again.
    pub(in crate::tui) fn forward(&mut self) {
        self.at = (self.at + 1).min(self.places.len() - 1);
    }

    /// The latest visit to a whole list of a kind: it keeps its filter, its order and its marks.
    pub(in crate::tui) fn latest(&self, kind: WindowList) -> Option<&List> {
        self.places.iter().rev().find_map(|place| match place {
            Place::List(list) if list.kind == kind && list.scope.is_none() => Some(&**list),
            _ => None,
        })
    }
}
