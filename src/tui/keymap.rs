//! The keymap: what each key does, where. Help, hints and the palette are made from it, and the configuration changes it.

mod chord;

use std::collections::BTreeMap;

pub(super) use self::chord::Chord;
use crate::proto::user::Role;

/// Where an act can be given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Scope {
    /// Everywhere.
    Everywhere,
    /// Wherever a cursor moves over rows.
    Rows,
    /// Lists that the server filters and sorts.
    List,
    /// The fleet.
    Fleet,
    /// Agents, or one of them.
    Agents,
    /// Containers, or one of them.
    Containers,
    /// Images.
    Images,
    /// Commands, or one of them.
    Commands,
    /// What has a graph.
    Graph,
    /// Logs.
    Logs,
}

impl Scope {
    /// The heading in the help.
    pub(super) const fn title(self) -> &'static str {
        match self {
            Self::Everywhere => "everywhere",
            Self::Rows => "moving",
            Self::List => "lists",
            Self::Fleet => "fleet",
            Self::Agents => "agents",
            Self::Containers => "containers",
            Self::Images => "images",
            Self::Commands => "commands",
            Self::Graph => "graphs",
            Self::Logs => "logs",
        }
    }
}

macro_rules! acts {
    ($($name:ident $word:literal $scope:ident $role:ident [$($key:literal),*] $about:literal;)*) => {
        /// Everything that a key or the palette can do.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub(super) enum Act {
            $(#[doc = $about] $name,)*
        }

        impl Act {
            /// Every act, in the order in which help shows them.
            pub(super) const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// Its name in the configuration and the palette.
            pub(super) const fn word(self) -> &'static str {
                match self { $(Self::$name => $word,)* }
            }

            /// What it does, in a few words.
            pub(super) const fn about(self) -> &'static str {
                match self { $(Self::$name => $about,)* }
            }

            /// Where it can be given.
            pub(super) const fn scope(self) -> Scope {
                match self { $(Self::$name => Scope::$scope,)* }
            }

            /// The least role that may give it.
            pub(super) const fn role(self) -> Role {
                match self { $(Self::$name => Role::$role,)* }
            }

            /// The keys that give it unless the configuration says otherwise.
            const fn keys(self) -> &'static [&'static str] {
                match self { $(Self::$name => &[$($key),*],)* }
            }
        }
    };
}

acts! {
    Fleet "fleet" Everywhere Viewer ["1"] "show the fleet";
    Agents "agents" Everywhere Viewer ["2"] "show the agents";
    Containers "containers" Everywhere Viewer ["3"] "show the containers";
    Images "images" Everywhere Viewer ["4"] "show the images";
    Commands "commands" Everywhere Viewer ["5"] "show the commands";
    Events "events" Everywhere Viewer ["6"] "show the events";
    Logs "logs" Everywhere Viewer ["7"] "show the logs that are open";
    Palette "palette" Everywhere Viewer [":", "ctrl-p"] "find a view or an act by its name";
    Help "help" Everywhere Viewer ["?", "f1"] "show the keys of this place";
    Back "back" Everywhere Viewer ["esc"] "leave, or clear what is set here";
    Earlier "earlier" Everywhere Viewer ["[", "alt-left"] "go to the place before";
    Later "later" Everywhere Viewer ["]", "alt-right"] "go to the place after";
    NextTheme "theme" Everywhere Viewer ["T"] "take the next theme";
    Mouse "mouse" Everywhere Viewer ["M"] "take the mouse, or leave it to the terminal";
    ReadOnly "read-only" Everywhere Viewer ["ctrl-o"] "lock or unlock what changes the fleet";
    Redraw "redraw" Everywhere Viewer ["ctrl-l"] "draw the screen anew";
    Stop "suspend" Everywhere Viewer ["ctrl-z"] "give the terminal back for a while";
    Quit "quit" Everywhere Viewer ["q", "ctrl-c"] "end";
    Up "up" Rows Viewer ["up", "k"] "up a row";
    Down "down" Rows Viewer ["down", "j"] "down a row";
    PageUp "page-up" Rows Viewer ["pageup", "ctrl-b"] "up a page";
    PageDown "page-down" Rows Viewer ["pagedown", "ctrl-f"] "down a page";
    Top "top" Rows Viewer ["home", "g"] "to the first row";
    Bottom "bottom" Rows Viewer ["end", "G"] "to the last row";
    Left "left" Rows Viewer ["left", "h"] "to the left";
    Right "right" Rows Viewer ["right", "l"] "to the right";
    Open "open" Rows Viewer ["enter"] "look into it";
    Filter "filter" Rows Viewer ["/"] "filter by text; Tab for an expression";
    Copy "copy" Rows Viewer ["y"] "copy the name, or the names of what is marked";
    Mark "mark" List Viewer ["space"] "mark the row and go on";
    MarkRange "mark-range" List Viewer ["ctrl-space", "V"] "mark from the last mark to here";
    MarkAll "mark-all" List Viewer ["ctrl-a"] "mark all that is loaded here";
    Unmark "unmark" List Viewer ["u"] "take all marks off";
    Sort "sort" List Viewer ["o"] "sort by the next column";
    SortBack "sort-back" List Viewer ["O"] "sort by the column before";
    Reverse "reverse" List Viewer ["r"] "turn the order round";
    Columns "columns" List Viewer ["c"] "choose the columns";
    Metric "metric" Fleet Viewer ["m"] "colour the map by the next metric";
    Sync "sync" Agents Operator ["s"] "ask the agent to report everything now";
    Maintenance "maintenance" Agents Admin ["t"] "begin or end maintenance";
    RemoveAgent "remove-agent" Agents Admin ["ctrl-x"] "remove the agent for good";
    ItsContainers "its-containers" Agents Viewer ["n"] "show its containers";
    ShowLogs "show-logs" Containers Viewer ["L"] "follow the log of it, or of all that is marked";
    Inspect "inspect" Containers Viewer ["i"] "show what the engine knows of it";
    ItsAgent "its-agent" Containers Viewer ["a"] "show its node";
    Start "start" Containers Operator ["s"] "start it";
    StopContainer "stop" Containers Operator ["x"] "stop it";
    Restart "restart" Containers Operator ["R"] "restart it";
    Remove "remove" Containers Operator ["ctrl-x"] "remove it";
    Pull "pull" Images Operator ["p"] "pull it anew on its node";
    Prune "prune" Images Operator ["ctrl-x"] "remove what its node does not use";
    CancelCommand "cancel" Commands Operator ["x"] "stop it: what waits never starts, what runs is killed";
    Retry "retry" Commands Operator ["R"] "give it again where it did not succeed";
    Span "span" Graph Viewer ["+", "="] "look at a longer time";
    SpanBack "span-back" Graph Viewer ["-"] "look at a shorter time";
    Follow "follow" Logs Viewer ["f"] "follow the end";
    Wrap "wrap" Logs Viewer ["w"] "wrap long lines";
    NextMatch "next-match" Logs Viewer ["n"] "to the next match";
    LastMatch "last-match" Logs Viewer ["N"] "to the match before";
    OnlyMatches "only-matches" Logs Viewer ["v"] "show only what matches, or all";
    Levels "levels" Logs Viewer ["e"] "show from the next level up";
    Times "times" Logs Viewer ["t"] "show times";
    Save "save" Logs Viewer ["S"] "write what is shown to a file";
}

/// Which keys give which acts.
#[derive(Clone, Debug)]
pub(super) struct Keymap {
    keys: BTreeMap<Act, Vec<Chord>>,
}

impl Default for Keymap {
    fn default() -> Self {
        let chords = |act: &Act| act.keys().iter().filter_map(|key| key.parse().ok()).collect();
        Self { keys: Act::ALL.iter().map(|act| (*act, chords(act))).collect() }
    }
}

impl Keymap {
    /// The keymap with what the configuration says: an act's name and its keys, of which none takes the act's keys away.
    ///
    /// # Errors
    /// Names the act or the key that is unknown, or two acts that one key would give in one place.
    pub(super) fn with(changes: &BTreeMap<String, Vec<String>>) -> Result<Self, String> {
        let mut keymap = Self::default();
        for (word, keys) in changes {
            let act = Act::ALL.iter().find(|act| act.word() == word).ok_or_else(|| {
                let near = nearest(word, Act::ALL.iter().map(|act| act.word()));
                format!("keys.{word}: there is no such act; did you mean '{near}'? The help of the dashboard (?) lists all")
            })?;
            let chords: Result<Vec<Chord>, String> =
                keys.iter().map(|key| key.parse().map_err(|error| format!("keys.{word}: {error}"))).collect();
            keymap.keys.insert(*act, chords?);
        }
        keymap.check()?;
        Ok(keymap)
    }

    fn check(&self) -> Result<(), String> {
        let all: Vec<(Act, Chord)> =
            self.keys.iter().flat_map(|(act, chords)| chords.iter().map(|chord| (*act, *chord))).collect();
        for (at, (act, chord)) in all.iter().enumerate() {
            let other =
                all[at + 1..].iter().find(|(other, same)| same == chord && meet(act.scope(), other.scope()));
            if let Some((other, _)) = other {
                return Err(format!(
                    "keys: '{chord}' would both {} ({}) and {} ({}); give one of them another key",
                    act.about(),
                    act.word(),
                    other.about(),
                    other.word()
                ));
            }
        }
        Ok(())
    }

    /// What a key gives where these scopes hold.
    pub(super) fn act(&self, chord: Chord, scopes: &[Scope]) -> Option<Act> {
        let gives = |act: &&Act| scopes.contains(&act.scope()) && self.chords(**act).contains(&chord);
        Act::ALL.iter().find(gives).copied()
    }

    /// The keys that give an act.
    pub(super) fn chords(&self, act: Act) -> &[Chord] {
        self.keys.get(&act).map_or(&[], Vec::as_slice)
    }

    /// The first key that gives an act, as hints show it.
    pub(super) fn hint(&self, act: Act) -> Option<String> {
        self.chords(act).first().map(Chord::to_string)
    }
}

/// Whether two scopes can hold at once.
fn meet(one: Scope, other: Scope) -> bool {
    use Scope::{Agents, Commands, Containers, Everywhere, Fleet, Graph, Images, List, Logs, Rows};
    let nouns = [Fleet, Agents, Containers, Images, Commands, Logs];
    match (one, other) {
        (one, other) if one == other => true,
        (Everywhere | Rows, _) | (_, Everywhere | Rows) => true,
        (List, other) | (other, List) => !matches!(other, Logs | Fleet | Commands),
        (Graph, other) | (other, Graph) => matches!(other, Agents | Containers | Fleet),
        (one, other) => !(nouns.contains(&one) && nouns.contains(&other)),
    }
}

fn nearest<'a>(word: &str, known: impl Iterator<Item = &'a str>) -> &'a str {
    let common =
        |known: &&str| known.chars().zip(word.chars()).take_while(|(one, other)| one == other).count();
    known.max_by_key(common).unwrap_or_default()
}

#[cfg(test)]
mod tests;
