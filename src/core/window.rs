//! Windows: a view of a list, resolved over its fields, looked through at the fleet as it is, and what changed since.
//!
//! A look takes the records slice by slice, so that writers get their turn; it makes cells of the rows in the window alone.

mod change;
mod heat;
mod listed;
mod search;
mod standing;
mod view;

use std::time::Duration;

pub use self::{
    change::{Difference, Picture},
    heat::Heat,
    listed::Listed,
    standing::Standing,
    view::View,
};
use super::{
    fleet::SharedFleet,
    selector::{Needs, Selectors, agent::AgentRow, container::ContainerRow, image::ImageRow},
};
use crate::proto::window::{WindowField, WindowFieldKind, WindowList, WindowView};
use jiff::Timestamp;

/// How long one look may evaluate an expression: it holds a core, and others wait for it.
pub const LONGEST_LOOK: Duration = Duration::from_secs(5);

/// What is wrong with a view: the field, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrong {
    /// The field.
    pub field: &'static str,
    /// Why, and what to do.
    pub detail: String,
}

/// What is looked at, and when.
#[derive(Clone, Copy)]
pub struct Moment<'a> {
    /// The fleet.
    pub fleet: &'a SharedFleet,
    /// Its agents, in the order of their names.
    pub standing: &'a Standing,
    /// Now.
    pub now: Timestamp,
    /// Whether the look takes longer than it may; asked now and then.
    pub is_late: &'a dyn Fn() -> bool,
}

/// A view that was understood.
#[derive(Debug)]
pub enum Look {
    /// Of the agents.
    Agents(View<AgentRow>),
    /// Of the containers.
    Containers(View<ContainerRow>),
    /// Of the images.
    Images(View<ImageRow>),
    /// Of the nodes as a map.
    Heat(View<AgentRow>),
}

/// What a look sees.
#[derive(Clone, Debug, PartialEq)]
pub enum Sight {
    /// Rows.
    Rows(Picture),
    /// A map.
    Heat(Heat),
}

impl Look {
    /// Understands a view; `None` for one that is not of the fleet's records.
    ///
    /// # Errors
    /// Names the field that is wrong, and why.
    pub fn of(view: &WindowView, selectors: &Selectors) -> Result<Option<Self>, Wrong> {
        Ok(Some(match view.list {
            WindowList::Agents => Self::Agents(View::of(view, selectors)?),
            WindowList::Containers => Self::Containers(View::of(view, selectors)?),
            WindowList::Images => Self::Images(View::of(view, selectors)?),
            WindowList::Heat => Self::Heat(heat::view(view, selectors)?),
            WindowList::Summary => return Ok(None),
        }))
    }

    /// What it depends on, the agents apart.
    #[must_use]
    pub fn needs(&self) -> Needs {
        match self {
            Self::Agents(view) => view.needs(),
            Self::Containers(view) => view.needs().and(Needs::CONTAINERS),
            Self::Images(view) => view.needs().and(Needs::IMAGES),
            Self::Heat(view) => view.needs(),
        }
    }

    /// Whether what it sees changes with the time of day alone. A sort by age does not: all grow old together.
    #[must_use]
    pub fn is_timed(&self) -> bool {
        match self {
            Self::Agents(view) | Self::Heat(view) => view.is_timed(),
            Self::Containers(view) => view.is_timed(),
            Self::Images(view) => view.is_timed(),
        }
    }

    /// Whether no more than the rows of the window are looked at.
    #[must_use]
    pub fn is_light(&self) -> bool {
        match self {
            Self::Agents(view) => view.is_light(),
            Self::Containers(view) => view.is_light(),
            Self::Images(view) => view.is_light(),
            Self::Heat(_) => false,
        }
    }

    /// Looks.
    ///
    /// # Errors
    /// The expression cannot be evaluated for a record, or takes too long.
    pub fn look(&self, moment: &Moment<'_>) -> Result<Sight, Wrong> {
        Ok(match self {
            Self::Agents(view) => Sight::Rows(view.look(moment)?),
            Self::Containers(view) => Sight::Rows(view.look(moment)?),
            Self::Images(view) => Sight::Rows(view.look(moment)?),
            Self::Heat(view) => Sight::Heat(heat::look(view, moment)?),
        })
    }
}

/// The fields that a list's rows can show; none of what is no list.
#[must_use]
pub fn fields(list: WindowList) -> Vec<WindowField> {
    match list {
        WindowList::Agents => fields_of::<AgentRow>(),
        WindowList::Containers => fields_of::<ContainerRow>(),
        WindowList::Images => fields_of::<ImageRow>(),
        WindowList::Summary | WindowList::Heat => Vec::new(),
    }
}

fn fields_of<R: Listed>() -> Vec<WindowField> {
    use super::selector::Kind;
    let kind = |kind, needs: Needs| match kind {
        _ if needs.include(Needs::CLOCK) => WindowFieldKind::Age,
        Kind::Truth => WindowFieldKind::Truth,
        Kind::Integer => WindowFieldKind::Integer,
        Kind::Number => WindowFieldKind::Number,
        Kind::Text => WindowFieldKind::Text,
        Kind::List => WindowFieldKind::List,
        Kind::Labels => WindowFieldKind::Labels,
    };
    let fields = R::FIELDS.iter().map(|field| WindowField {
        name: field.name.to_owned(),
        kind: kind(field.kind, field.needs),
        about: field.about.to_owned(),
    });
    fields.collect()
}

#[cfg(test)]
mod tests;
