//! [`Effect`]: what the state wants done outside; `update` returns them, the loop carries them out.

use super::event::HistoryOf;
use crate::{id::CommandId, proto::window::WindowAsk};

/// Something to do outside of the state.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Effect {
    /// Says something to the server's windows.
    Ask(WindowAsk),
    /// Does something to several targets, a few at a time, each answered by itself.
    Act {
        /// The number that answers carry.
        job: u64,
        /// What.
        deed: Deed,
        /// To which, as paths take them.
        targets: Vec<String>,
    },
    /// Asks for something that is answered once.
    Load(Query),
    /// Follows the logs of these containers, and of no other.
    Follow {
        /// The containers, `node/name`.
        sources: Vec<String>,
        /// How many lines before the end each begins.
        tail: u32,
        /// Comes back with the lines: what an earlier one still has on its way is not taken.
        turn: u64,
    },
    /// Sets the clipboard.
    Copy(String),
    /// Writes a file.
    Save {
        /// Where.
        path: String,
        /// What.
        text: String,
    },
    /// Names the terminal's window.
    Title(String),
    /// Takes the mouse, or leaves it to the terminal.
    Mouse(bool),
    /// Draws all anew.
    Redraw,
    /// Gives the terminal back and stops the process.
    Stop,
    /// Ends the dashboard.
    Quit,
}

/// What can be asked for.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Query {
    /// Who the caller is.
    Caller,
    /// An agent by name.
    Agent(String),
    /// A container by `node/name`.
    Container(String),
    /// What a container uses.
    Stats {
        /// Its name, `node/name`.
        name: String,
        /// Comes back with the answer.
        turn: u64,
        /// Seconds to wait before it is asked.
        pause_s: u64,
    },
    /// What the engine knows of a container.
    Inspect(String),
    /// Commands from a cursor, the newest first.
    Commands(Option<String>),
    /// One command.
    Command(CommandId),
    /// Events after a sequence.
    Events {
        /// The sequence.
        from: u64,
        /// How many.
        limit: u32,
        /// Only about this node.
        node: Option<String>,
    },
    /// How a metric went.
    History(HistoryOf),
}

/// What can be done to a target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Deed {
    /// Starts a container.
    Start,
    /// Stops a container.
    Stop,
    /// Restarts a container.
    Restart,
    /// Removes a container, running or not.
    Remove,
    /// Pulls an image: `node/image`.
    Pull,
    /// Removes what a node does not use.
    Prune,
    /// Stops a command.
    Cancel,
    /// Gives a command again where it did not succeed.
    Retry,
    /// Asks an agent to report everything.
    Sync,
    /// Begins an agent's maintenance.
    BeginMaintenance,
    /// Ends an agent's maintenance.
    EndMaintenance,
    /// Removes an agent for good.
    RemoveAgent,
}

impl Deed {
    /// The verb, as in "stop web-1/nginx".
    pub(super) const fn verb(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Stop => "stop",
            Self::Restart => "restart",
            Self::Remove => "remove",
            Self::Pull => "pull",
            Self::Prune => "prune",
            Self::Cancel => "cancel command",
            Self::Retry => "give again",
            Self::Sync => "sync",
            Self::BeginMaintenance => "begin maintenance of",
            Self::EndMaintenance => "end maintenance of",
            Self::RemoveAgent => "remove agent",
        }
    }

    /// What it did, as in "stopped web-1/nginx".
    pub(super) const fn done(self) -> &'static str {
        match self {
            Self::Start => "started",
            Self::Stop => "stopped",
            Self::Restart => "restarted",
            Self::Remove => "removed",
            Self::Pull => "pulled",
            Self::Prune => "pruned",
            Self::Cancel => "cancelled command",
            Self::Retry => "gave again",
            Self::Sync => "synced",
            Self::BeginMaintenance => "began maintenance of",
            Self::EndMaintenance => "ended maintenance of",
            Self::RemoveAgent => "removed agent",
        }
    }

    /// What it costs, when it is not to be given without a question.
    pub(super) const fn cost(self) -> Option<&'static str> {
        match self {
            Self::Stop => Some("What runs in it ends; its data stays."),
            Self::Restart => Some("What runs in it is interrupted."),
            Self::Remove => Some("It is gone for good, with what it wrote outside of volumes."),
            Self::Prune => {
                Some("Images without a name, unused networks and unused build cache are gone for good.")
            }
            Self::Cancel => Some("What waits never starts; what runs is killed where it is."),
            Self::Retry => Some("It runs anew on every target where it did not succeed."),
            Self::BeginMaintenance => Some("It stands so, linked or not, until maintenance ends."),
            Self::RemoveAgent => Some("It is cut off for good; to come back it needs a new invitation."),
            Self::Start | Self::Pull | Self::Sync | Self::EndMaintenance => None,
        }
    }
}
