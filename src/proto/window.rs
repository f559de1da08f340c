//! Windows: the part of a list that somebody looks at, kept true by the server.
//!
//! A watcher opens windows over one WebSocket. The server filters, sorts and cuts the list, sends the rows once, and then
//! what changes in them: [`WindowAsk`] goes one way, [`WindowTold`] the other, as text or, longer than 1 KiB, as zstd in a
//! binary frame. What a row shows are the fields that selectors know.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    dashboard::DashboardStats,
    endpoint::{Content, Empty, endpoints},
    example,
};

endpoints! {
    /// Opens windows on lists over a WebSocket, which keeps them true.
    WatchWindows: GET "/api/v1/windows", Viewer, Empty => WindowTold {
        SCOPED: bool = true;
        CONTENT: Content = Content::WebSocket;
    };
}

/// The most rows that a window has.
pub const MAX_WINDOW_ROWS: u32 = 2000;

/// The most columns that a row has.
pub const MAX_WINDOW_COLUMNS: usize = 32;

/// The most windows that one watcher opens.
pub const MAX_WINDOWS: usize = 16;

/// The most bytes of what the server says at once, before zstd.
pub const MAX_WINDOW_BYTES: usize = 8 * 1024 * 1024;

/// What a watcher says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
#[schemars(example = example::window_ask())]
pub enum WindowAsk {
    /// Opens a window, or looks elsewhere through one that is open.
    Open(WindowView),
    /// Shuts a window.
    Close {
        /// The watcher's number for it.
        window: u32,
    },
}

/// Where a window is and what it shows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct WindowView {
    /// The watcher's number for the window.
    pub window: u32,
    /// Comes back with whatever answers this; an older one is no longer answered.
    pub ask: u64,
    /// The list.
    pub list: WindowList,
    /// Only the rows for which this expression holds.
    #[serde(default, rename = "where", skip_serializing_if = "Option::is_none")]
    pub selector: Option<String>,
    /// Only the rows of which a column holds this text, without regard to case; each of several words, separated by
    /// blanks, must be found; a word behind `!` must not. Looked at are texts, lists and labels: `where` compares numbers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub search: Option<String>,
    /// The fields to sort by, as lists take them; equals, and all unless told, stand by node and name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sort: Option<String>,
    /// The fields that are shown.
    #[serde(default)]
    pub columns: Vec<String>,
    /// How many rows stand before the window; a window beyond the last row is moved back.
    #[serde(default)]
    pub offset: u64,
    /// The most rows to show, at most 2,000; of `heat` the most cells.
    pub limit: u32,
    /// The id of a row that is to be in the window: `offset` gives way, so that it stands in its middle.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub around: Option<String>,
}

/// What can be looked at through a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum WindowList {
    /// The agents.
    Agents,
    /// The containers.
    Containers,
    /// The images.
    Images,
    /// The fleet in a few numbers: [`WindowTold::Summary`].
    Summary,
    /// The nodes as cells of a map: [`WindowTold::Heat`].
    Heat,
}

/// What the server says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
#[schemars(example = example::window_told())]
pub enum WindowTold {
    /// What a list can show; said before the first rows of each list.
    Fields {
        /// The list.
        list: WindowList,
        /// Its fields.
        fields: Vec<WindowField>,
    },
    /// All rows of a window.
    Rows {
        /// The watcher's number for the window.
        window: u32,
        /// The view that this answers.
        ask: u64,
        /// The rows of the list.
        total: u64,
        /// The rows of the list that the filters let through.
        matched: u64,
        /// How many of these stand before the first row.
        offset: u64,
        /// The row that `around` names, counted from the first that matches; `null` when it is not among them.
        at: Option<u64>,
        /// The rows.
        rows: Vec<WindowRow>,
    },
    /// What changed in a window whose rows are still the same ones in the same order.
    Changed {
        /// The watcher's number for the window.
        window: u32,
        /// The view that this answers.
        ask: u64,
        /// The rows of the list.
        total: u64,
        /// The rows of the list that the filters let through.
        matched: u64,
        /// The cells that changed: row, counted from the window's first; column; value.
        cells: Vec<(u32, u32, serde_json::Value)>,
    },
    /// The fleet in a few numbers.
    Summary {
        /// The watcher's number for the window.
        window: u32,
        /// The view that this answers.
        ask: u64,
        /// Nodes, load and throughput.
        stats: Box<DashboardStats>,
        /// Containers by state.
        containers: BTreeMap<String, u64>,
        /// Images.
        images: u64,
        /// Commands that are not over.
        open_commands: u64,
    },
    /// The nodes as a map, sorted by site and name.
    Heat {
        /// The watcher's number for the window.
        window: u32,
        /// The view that this answers.
        ask: u64,
        /// The nodes.
        total: u64,
        /// How many nodes stand behind each cell; the last may have fewer.
        nodes_per_cell: u64,
        /// A character a cell, of its worst node: `0` to `9` for the tenth of the first column's percentage, `-` without
        /// telemetry, `D` DEGRADED, `U` UNKNOWN, `X` OFFLINE, `M` MAINTENANCE, `Q` QUARANTINED.
        cells: String,
    },
    /// A view that cannot be shown.
    Refused {
        /// The watcher's number for the window.
        window: u32,
        /// The view.
        ask: u64,
        /// What is wrong with it: `where`, `search`, `sort`, `columns`, `limit`, `around`, `window`. The window is shut.
        field: String,
        /// Why, and what to do.
        detail: String,
    },
}

/// A row of a window.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct WindowRow {
    /// What the row is known by, unique in its list and the same as long as it lives.
    pub id: String,
    /// What a path takes: the agent's name, `node/container`, `node/image`.
    pub name: String,
    /// The value of each column that was asked for; `null` where there is none. An age is the moment that it counts from, in
    /// seconds since 1970, so that it does not change by itself; a number has two decimals.
    pub cells: Vec<serde_json::Value>,
}

/// A field that rows can show.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct WindowField {
    /// Its name in columns, sorts and expressions.
    pub name: String,
    /// What its values are.
    pub kind: WindowFieldKind,
    /// What it tells, in a few words.
    pub about: String,
}

/// What the values of a field are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum WindowFieldKind {
    /// A text.
    Text,
    /// A whole number.
    Integer,
    /// A number.
    Number,
    /// True or false.
    Truth,
    /// Several texts.
    List,
    /// Texts by name.
    Labels,
    /// How long ago something was: the moment, in seconds since 1970.
    Age,
}
