//! Columns: what a list shows of its rows, and in which form.

use crate::proto::window::{WindowField, WindowFieldKind, WindowList};

/// A column of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::tui) struct Column {
    /// The field, as the server calls it.
    pub(in crate::tui) field: String,
    /// What stands above it.
    pub(in crate::tui) title: String,
    /// How its values are shown.
    pub(in crate::tui) form: Form,
}

/// How the values of a column are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::tui) enum Form {
    /// The text that a row is known by.
    Name,
    /// Text.
    Text,
    /// Text of which the end says most, as of an image.
    Tail,
    /// How something stands: a glyph and the word.
    State,
    /// Percent of what there is, with a bar.
    Percent,
    /// A number.
    Number,
    /// A count.
    Count,
    /// Bytes.
    Bytes,
    /// An exit code: 0 is well.
    Code,
    /// How long ago.
    Age,
    /// Yes or no.
    Truth,
    /// Several texts.
    List,
}

impl Form {
    /// Whether values stand at the right of their column.
    pub(in crate::tui) const fn is_number(self) -> bool {
        matches!(self, Self::Percent | Self::Number | Self::Count | Self::Bytes | Self::Code | Self::Age)
    }

    /// The least and the usual width.
    pub(in crate::tui) const fn widths(self) -> (u16, u16) {
        match self {
            Self::Name => (12, 40),
            Self::Text => (6, 24),
            Self::Tail => (8, 44),
            Self::State => (10, 14),
            Self::Percent => (5, 11),
            Self::Number => (6, 7),
            Self::Count => (5, 6),
            Self::Bytes => (6, 7),
            Self::Code => (4, 4),
            Self::Age => (4, 4),
            Self::Truth => (3, 5),
            Self::List => (8, 28),
        }
    }

    /// Whether room that is left over does this column good.
    pub(in crate::tui) const fn grows(self) -> bool {
        matches!(self, Self::Name | Self::Text | Self::Tail | Self::List)
    }
}

/// The columns that a list begins with, the most telling first: the last go first when the terminal is narrow.
pub(in crate::tui) fn usual(list: WindowList) -> Vec<Column> {
    let fields: &[&str] = match list {
        WindowList::Agents => &[
            "name",
            "status",
            "cpu",
            "memory",
            "disk",
            "running",
            "load1",
            "status_age",
            "site",
            "version",
            "os",
        ],
        WindowList::Containers => {
            &["name", "state", "node", "image", "started_age", "health", "exit_code", "ports"]
        }
        WindowList::Images => &["tag", "node", "size", "age", "site"],
        WindowList::Summary | WindowList::Heat => &[],
    };
    fields.iter().map(|field| Column::new(list, field, None)).collect()
}

impl Column {
    /// The column of a field, in the form that fits what it is.
    pub(in crate::tui) fn new(list: WindowList, field: &str, known: Option<&WindowField>) -> Self {
        let form = match (list, field) {
            (WindowList::Images, "tag") | (_, "name") => Form::Name,
            (_, "status" | "state" | "health") => Form::State,
            (_, "cpu" | "memory" | "disk") => Form::Percent,
            (_, "size" | "size_bytes" | "memory_total_bytes") => Form::Bytes,
            (_, "exit_code") => Form::Code,
            (_, "image") => Form::Tail,
            (_, "ports" | "tags" | "digests" | "capabilities" | "labels") => Form::List,
            (_, "load1" | "load5" | "load15") => Form::Number,
            (_, "running" | "containers" | "exited" | "paused" | "dead" | "restarting" | "cpu_count") => {
                Form::Count
            }
            (_, "stale" | "linked") => Form::Truth,
            (_, field) if field.ends_with("age") || field == "host_uptime" => Form::Age,
            _ => match known.map(|field| field.kind) {
                Some(WindowFieldKind::Integer) => Form::Count,
                Some(WindowFieldKind::Number) => Form::Number,
                Some(WindowFieldKind::Truth) => Form::Truth,
                Some(WindowFieldKind::List | WindowFieldKind::Labels) => Form::List,
                Some(WindowFieldKind::Age) => Form::Age,
                _ => Form::Text,
            },
        };
        let title = match (list, field) {
            (WindowList::Containers, "started_age") => "up",
            (_, "status_age") => "since",
            (_, "containers") => "all",
            (_, "load1") => "load",
            (_, "exit_code") => "exit",
            (WindowList::Images, "tag") => "image",
            (_, field) => field,
        };
        Self { field: field.to_owned(), title: title.replace('_', " "), form }
    }
}
