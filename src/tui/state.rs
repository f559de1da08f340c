//! [`State`]: everything the dashboard knows. [`State::update`] is its only change, a pure function of what happened; views
//! read it and nothing else.

mod choice;
pub(super) mod column;
pub(super) mod detail;
pub(super) mod feed;
pub(super) mod fleet;
mod history;
mod key;
pub(super) mod list;
pub(super) mod logs;
pub(super) mod overlay;
pub(super) mod palette;
pub(super) mod place;
pub(super) mod prompt;

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use self::{
    feed::Feed,
    fleet::Fleet,
    list::{List, Scoped},
    logs::Logs,
    overlay::{Overlay, Question},
    place::{Place, Visits},
};
use super::{
    effect::{Deed, Effect, Query},
    event::{Answer, Configured, Event, LinkNews},
    figure::several,
    keymap::{Act, Keymap, Scope},
    theme::{Surroundings, Theme, ThemeName, Tone},
};
use crate::proto::{
    auth::Identity,
    command::Command,
    event::{Event as Happening, EventKind},
    image::PullProgress,
    window::{WindowAsk, WindowField, WindowList, WindowTold},
};

/// The windows of the fleet; lists have the numbers above.
pub(super) const SUMMARY_WINDOW: u32 = 1;
pub(super) const HEAT_WINDOW: u32 = 2;
const FIRST_LIST_WINDOW: u32 = 3;

/// How long what happened stays said.
const NOTICE: SignedDuration = SignedDuration::from_secs(6);
/// Lines around a list: the head, the place, the titles, the hints.
const CHROME: u16 = 4;
/// How many events are read at the start, and at once further back.
const EVENTS: u32 = 200;
/// How long the link may be on its way before a banner says so.
const PATIENCE: SignedDuration = SignedDuration::from_millis(900);

/// Everything the dashboard knows.
#[derive(Clone, Debug)]
pub(super) struct State {
    pub(super) now: Timestamp,
    pub(super) size: (u16, u16),
    /// What the server is called here, and its address.
    pub(super) context: String,
    pub(super) server: String,
    pub(super) link: Link,
    pub(super) caller: Option<Identity>,
    /// Whether what changes the fleet is locked, and whether it can be unlocked here.
    pub(super) read_only: bool,
    pub(super) locked: bool,
    pub(super) mouse: bool,
    pub(super) keymap: Keymap,
    pub(super) theme: Theme,
    ascii: Option<bool>,
    surroundings: Surroundings,
    pub(super) visits: Visits,
    pub(super) overlay: Option<Overlay>,
    pub(super) fleet: Fleet,
    pub(super) events: Feed<Happening>,
    pub(super) commands: Feed<Command>,
    /// The cursor of the next page of commands.
    commands_cursor: Option<String>,
    /// The last event that is known: those after it are to come.
    pub(super) position: Option<u64>,
    pub(super) logs: Logs,
    /// What the server can show of each list.
    pub(super) fields: BTreeMap<FieldsOf, Vec<WindowField>>,
    pub(super) notice: Option<Notice>,
    pub(super) jobs: BTreeMap<u64, Job>,
    next_job: u64,
    next_window: u32,
}

/// A list, as a key.
pub(super) type FieldsOf = &'static str;

/// How the server is linked.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Link {
    /// For the first time.
    Connecting {
        /// Since when.
        since: Timestamp,
    },
    /// It stands.
    Up,
    /// It broke.
    Lost {
        /// When.
        since: Timestamp,
        /// When it is tried again.
        retry_at: Timestamp,
        /// Why.
        cause: String,
    },
    /// The server refuses.
    Refused {
        /// Why.
        cause: String,
    },
}

/// Something that is said for a while.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Notice {
    pub(super) text: String,
    pub(super) tone: Tone,
    until: Timestamp,
}

/// An act under way.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Job {
    pub(super) deed: Deed,
    pub(super) total: usize,
    pub(super) done: usize,
    pub(super) failures: Vec<String>,
    /// How far pulls are, by node.
    pub(super) progress: BTreeMap<String, (u64, u64)>,
}

/// What a dashboard begins with.
#[derive(Clone, Debug)]
pub(super) struct Beginning {
    pub(super) now: Timestamp,
    pub(super) size: (u16, u16),
    pub(super) context: String,
    pub(super) server: String,
    pub(super) read_only: bool,
    pub(super) mouse: bool,
    pub(super) configured: Configured,
    pub(super) surroundings: Surroundings,
}

impl State {
    /// The state at the start, and what is to be done first.
    pub(super) fn new(beginning: Beginning) -> (Self, Vec<Effect>) {
        let Beginning { now, size, context, server, read_only, mouse, configured, surroundings } = beginning;
        let Configured { keymap, theme, ascii } = configured;
        let rows = size.1.saturating_sub(CHROME);
        let state = Self {
            now,
            size,
            context,
            server,
            link: Link::Connecting { since: now },
            caller: None,
            read_only,
            locked: read_only,
            mouse,
            keymap,
            theme: Theme::new(theme, &surroundings, ascii),
            ascii,
            surroundings,
            visits: Visits::new(Place::Fleet),
            overlay: None,
            fleet: Fleet::default(),
            events: Feed::new(rows),
            commands: Feed::new(rows),
            commands_cursor: None,
            position: None,
            logs: {
                let mut logs = Logs::new(rows);
                logs.resize(size.0, rows);
                logs
            },
            fields: BTreeMap::new(),
            notice: None,
            jobs: BTreeMap::new(),
            next_job: 1,
            next_window: FIRST_LIST_WINDOW,
        };
        let title = Effect::Title(format!("worpen · {}", state.context));
        (state, vec![title])
    }

    /// Changes by what happened; gives what is to be done outside.
    pub(super) fn update(&mut self, now: Timestamp, event: Event) -> Vec<Effect> {
        self.now = self.now.max(now);
        if self.notice.as_ref().is_some_and(|notice| notice.until <= self.now) {
            self.notice = None;
        }
        match event {
            Event::Key(key) => self.key(key),
            Event::Mouse(event) => self.mouse(event),
            Event::Pasted(text) => self.pasted(&text),
            Event::Resized(width, height) => self.resized((width, height)),
            Event::Tick => Vec::new(),
            Event::Continued => vec![Effect::Redraw],
            Event::Link(news) => self.linked(news),
            Event::Position(sequence) => {
                self.position = Some(sequence);
                self.more_events()
            }
            Event::Told(told) => self.told(*told),
            Event::Happened(happening) => self.happened(*happening),
            Event::Missed { count } => {
                self.say(Tone::Warning, format!("{} are no longer kept", several(count as usize, "event")));
                Vec::new()
            }
            Event::Progress(progress) => self.progressed(&progress),
            Event::Answered(answer) => self.answered(*answer),
            Event::Log { turn, news } => {
                if turn == self.logs.turn {
                    self.logs.take(news, self.now);
                }
                Vec::new()
            }
            Event::Configured(configured) => self.configured(*configured),
        }
    }

    /// The rows that lists have room for.
    pub(super) fn rows(&self) -> u16 {
        self.size.1.saturating_sub(CHROME + u16::from(self.banner().is_some()))
    }

    /// What the banner says, when there is one.
    pub(super) fn banner(&self) -> Option<(Tone, String)> {
        let server = &self.server;
        match &self.link {
            Link::Up => None,
            Link::Connecting { since } if self.now.duration_since(*since) < PATIENCE => None,
            Link::Connecting { .. } => Some((Tone::Warning, format!("connecting to {server} ..."))),
            Link::Lost { since, retry_at, cause } => {
                let age = super::figure::seconds(self.now.duration_since(*since).as_secs());
                let wait = retry_at.duration_since(self.now).as_secs().max(0);
                let again =
                    if wait == 0 { "trying again".to_owned() } else { format!("trying again in {wait}s") };
                Some((
                    Tone::Bad,
                    format!("no link to {server} for {age}; what is shown is as old; {again} · {cause}"),
                ))
            }
            Link::Refused { cause } => Some((Tone::Bad, format!("{server} refuses: {cause}"))),
        }
    }

    /// Whether the fleet as a whole is shown, and the link stands.
    pub(super) fn is_overview(&self) -> bool {
        matches!(self.visits.place(), Place::Fleet) && self.link == Link::Up
    }

    /// Whether something is shown that changes from second to second.
    pub(super) fn is_passing(&self) -> bool {
        self.notice.is_some() || self.link != Link::Up
    }

    /// Says something for a while.
    pub(super) fn say(&mut self, tone: Tone, text: impl Into<String>) {
        let until = self.now.checked_add(NOTICE).unwrap_or(self.now);
        self.notice = Some(Notice { text: text.into(), tone, until });
    }

    /// The list that is shown, when a list is.
    pub(super) fn list(&self) -> Option<&List> {
        match self.visits.place() {
            Place::List(list) => Some(list),
            _ => None,
        }
    }

    fn list_mut(&mut self) -> Option<&mut List> {
        match self.visits.place_mut() {
            Place::List(list) => Some(list),
            _ => None,
        }
    }

    /// Where keys are looked for.
    pub(super) fn scopes(&self) -> Vec<Scope> {
        let mut scopes = vec![Scope::Everywhere, Scope::Rows];
        match self.visits.place() {
            Place::Fleet => scopes.push(Scope::Fleet),
            Place::List(list) => {
                scopes.push(Scope::List);
                scopes.extend(noun(list.kind));
            }
            Place::Agent(_) => scopes.extend([Scope::Agents, Scope::Graph]),
            Place::Container(_) => scopes.extend([Scope::Containers, Scope::Graph]),
            Place::Logs => scopes.push(Scope::Logs),
            Place::Commands | Place::Command(_) => scopes.push(Scope::Commands),
            Place::Events => {}
        }
        scopes
    }

    /// Why an act cannot be given here, when it cannot.
    pub(super) fn forbids(&self, act: Act) -> Option<String> {
        let role = act.role();
        if role == crate::proto::user::Role::Viewer {
            return None;
        }
        if self.read_only {
            let unlock = self.keymap.hint(Act::ReadOnly).filter(|_| !self.locked);
            let cure = unlock.map_or_else(String::new, |key| format!("; {key} unlocks"));
            return Some(format!("read-only{cure}"));
        }
        match &self.caller {
            Some(caller) if caller.role < role => Some(format!(
                "{} is a {}; this needs {}",
                caller.username,
                caller.role.as_str(),
                role.as_str()
            )),
            _ if self.link != Link::Up => Some("no link to the server".to_owned()),
            _ => None,
        }
    }

    fn resized(&mut self, size: (u16, u16)) -> Vec<Effect> {
        self.size = size;
        self.fit()
    }

    /// Gives every list the rows that there are now.
    fn fit(&mut self) -> Vec<Effect> {
        let rows = self.rows();
        self.events.resize(rows);
        self.commands.resize(rows);
        self.logs.resize(self.size.0, rows);
        let mut effects: Vec<Effect> =
            self.list_mut().and_then(|list| list.resize(rows)).into_iter().collect();
        effects.extend(self.look_at_heat());
        effects
    }

    fn linked(&mut self, news: LinkNews) -> Vec<Effect> {
        let had_banner = self.banner().is_some();
        let mut effects = match news {
            LinkNews::Up => {
                if let Link::Lost { since, .. } = &self.link {
                    let away = super::figure::seconds(self.now.duration_since(*since).as_secs());
                    self.say(Tone::Good, format!("linked again after {away}"));
                }
                self.link = Link::Up;
                self.arrive()
            }
            LinkNews::Lost { cause, retry_in } => {
                let since = match &self.link {
                    Link::Lost { since, .. } | Link::Connecting { since } => *since,
                    _ => self.now,
                };
                let retry = SignedDuration::try_from(retry_in).unwrap_or(SignedDuration::ZERO);
                let retry_at = self.now.checked_add(retry).unwrap_or(self.now);
                self.link = Link::Lost { since, retry_at, cause };
                Vec::new()
            }
            LinkNews::Refused { cause } => {
                self.link = Link::Refused { cause };
                Vec::new()
            }
        };
        if had_banner != self.banner().is_some() {
            effects.extend(self.fit());
        }
        effects
    }

    /// Asks for everything that is shown: the link is new, and the server knows of no window.
    fn arrive(&mut self) -> Vec<Effect> {
        let mut effects = vec![Effect::Load(Query::Caller), self.fleet.look(SUMMARY_WINDOW)];
        effects.extend(self.look_at_heat());
        effects.extend(self.open());
        effects
    }

    /// Asks for what the place shows that is on top now.
    fn open(&mut self) -> Vec<Effect> {
        let rows = self.rows();
        match self.visits.place_mut() {
            Place::Fleet => {
                let mut effects = self.fleet.histories();
                effects.extend(self.look_at_heat());
                effects
            }
            Place::List(list) => {
                list.resize(rows);
                vec![list.look(true)]
            }
            Place::Agent(detail) | Place::Container(detail) => detail.open(),
            Place::Commands if self.commands.len() == 0 => self.more_commands(),
            Place::Command(id) => vec![Effect::Load(Query::Command(*id))],
            Place::Events => self.more_events(),
            Place::Commands | Place::Logs => Vec::new(),
        }
    }

    /// Shuts the windows of the place that is left.
    fn leave(&mut self) -> Vec<Effect> {
        let window = match self.visits.place() {
            Place::List(list) => Some(list.window),
            Place::Agent(detail) | Place::Container(detail) => detail.window(),
            Place::Fleet => Some(HEAT_WINDOW),
            _ => None,
        };
        window.map(|window| Effect::Ask(WindowAsk::Close { window })).into_iter().collect()
    }

    /// Goes to a place.
    pub(super) fn go(&mut self, place: Place) -> Vec<Effect> {
        let mut effects = self.leave();
        self.overlay = None;
        self.visits.go(place);
        effects.extend(self.open());
        effects
    }

    fn back(&mut self) -> Option<Vec<Effect>> {
        let mut effects = self.leave();
        if !self.visits.back() {
            return None;
        }
        effects.extend(self.open());
        Some(effects)
    }

    fn forward(&mut self) -> Vec<Effect> {
        let mut effects = self.leave();
        self.visits.forward();
        effects.extend(self.open());
        effects
    }

    /// A list's place.
    fn list_place(&mut self, kind: WindowList, scope: Option<Scoped>) -> Place {
        let window = self.new_window();
        Place::List(Box::new(List::new(kind, window, scope, self.rows())))
    }

    fn new_window(&mut self) -> u32 {
        self.next_window += 1;
        self.next_window - 1
    }

    fn look_at_heat(&mut self) -> Option<Effect> {
        let shown = matches!(self.visits.place(), Place::Fleet) && self.link == Link::Up;
        shown.then(|| self.fleet.look_at_heat(HEAT_WINDOW, self.size)).flatten()
    }

    fn told(&mut self, told: WindowTold) -> Vec<Effect> {
        let window = match &told {
            WindowTold::Fields { list, fields } => {
                self.fields.insert(list_name(*list), fields.clone());
                return Vec::new();
            }
            WindowTold::Rows { window, .. }
            | WindowTold::Changed { window, .. }
            | WindowTold::Summary { window, .. }
            | WindowTold::Heat { window, .. }
            | WindowTold::Refused { window, .. } => *window,
        };
        if matches!(window, SUMMARY_WINDOW | HEAT_WINDOW) {
            self.fleet.take(told, self.now);
            return Vec::new();
        }
        let now = self.now;
        match self.visits.place_mut() {
            Place::List(list) if list.window == window => {
                list.take(told, now);
                list.reach().into_iter().collect()
            }
            Place::Agent(detail) | Place::Container(detail) if detail.window() == Some(window) => {
                detail.take(told, now);
                Vec::new()
            }
            _ => Vec::new(),
        }
    }

    fn happened(&mut self, happening: Happening) -> Vec<Effect> {
        self.position = happening.sequence.parse().ok().max(self.position);
        let mut effects = Vec::new();
        if happening.kind.as_str().starts_with("command.")
            && let Some(Ok(command)) =
                happening.data.get("command").map(|record| serde_json::from_value::<Command>(record.clone()))
        {
            if let Place::Command(id) = self.visits.place()
                && *id == command.id
            {
                effects.push(Effect::Load(Query::Command(*id)));
            }
            self.commands.put(command);
        }
        if let Place::Agent(detail) | Place::Container(detail) = self.visits.place_mut() {
            effects.extend(detail.happened(&happening));
        }
        if happening.kind == EventKind::KeyRevoked {
            effects.push(Effect::Load(Query::Caller));
        }
        self.events.put(happening);
        effects
    }

    fn progressed(&mut self, progress: &PullProgress) -> Vec<Effect> {
        let pulls = self.jobs.values_mut().filter(|job| job.deed == Deed::Pull);
        for job in pulls {
            job.progress.insert(progress.node.clone(), (progress.done_bytes, progress.total_bytes));
        }
        Vec::new()
    }

    fn configured(&mut self, configured: Result<Configured, String>) -> Vec<Effect> {
        match configured {
            Ok(Configured { keymap, theme, ascii }) => {
                (self.keymap, self.ascii) = (keymap, ascii);
                self.theme = Theme::new(theme, &self.surroundings, ascii);
                self.say(Tone::Good, "the configuration was read anew");
            }
            Err(error) => self.say(Tone::Bad, format!("the configuration stays as it was: {error}")),
        }
        Vec::new()
    }

    fn next_theme(&mut self) {
        let at = ThemeName::ALL.iter().position(|name| *name == self.theme.name());
        let next = ThemeName::ALL[at.map_or(0, |at| at + 1) % ThemeName::ALL.len()];
        self.theme = Theme::new(next, &self.surroundings, self.ascii);
        self.say(Tone::Plain, format!("theme: {}", next.as_str()));
    }

    fn answered(&mut self, answer: Answer) -> Vec<Effect> {
        match answer {
            Answer::Caller(Ok(caller)) => self.caller = Some(caller),
            Answer::Caller(Err(cause)) => self.say(Tone::Bad, cause),
            Answer::Acted { job, target, outcome } => self.acted(job, &target, outcome),
            Answer::Commands { cursor, found } => match found {
                Ok(page) if cursor == self.commands_cursor || cursor.is_none() => {
                    let more = page.next_cursor.is_some();
                    self.commands_cursor = page.next_cursor;
                    let known: Vec<Command> = page
                        .items
                        .into_iter()
                        .filter(|command| self.commands.iter().all(|known| known.id != command.id))
                        .collect();
                    self.commands.extend(known, more);
                }
                Ok(_) => self.commands.waiting = false,
                Err(cause) => (self.commands.waiting, self.commands.failed) = (false, Some(cause)),
            },
            Answer::Events(found) => match found {
                Ok(page) => self.older_events(page.items, page.gap.is_some()),
                Err(cause) => (self.events.waiting, self.events.failed) = (false, Some(cause)),
            },
            Answer::Done(Ok(text)) => self.say(Tone::Good, text),
            Answer::Done(Err(text)) => self.say(Tone::Bad, text),
            Answer::History { of, found } if of.node.is_none() => self.fleet.went(&of, found),
            answer => {
                if let Place::Agent(detail) | Place::Container(detail) = self.visits.place_mut() {
                    return detail.answered(answer, self.now);
                }
                if let (Place::Command(id), Answer::Command { id: answered, found }) =
                    (self.visits.place(), answer)
                    && *id == answered
                {
                    match found {
                        Ok(command) => self.commands.put(*command),
                        Err(cause) => self.say(Tone::Bad, cause),
                    }
                }
            }
        }
        Vec::new()
    }

    fn older_events(&mut self, mut items: Vec<Happening>, gap: bool) {
        items.reverse();
        let oldest = self.events.oldest().map(|event| event.sequence.clone());
        let first = items.last().and_then(|event| event.sequence.parse::<u64>().ok());
        items.retain(|event| oldest.as_ref().is_none_or(|oldest| event.sequence < *oldest));
        self.events.extend(items, !gap && first.is_some_and(|first| first > 1));
    }

    fn more_events(&mut self) -> Vec<Effect> {
        let oldest = self.events.oldest().and_then(|event| event.sequence.parse::<u64>().ok());
        let Some(before) = oldest.or(self.position.map(|position| position + 1)) else { return Vec::new() };
        if before <= 1 || !self.events.is_short() {
            return Vec::new();
        }
        self.events.waiting = true;
        let from = before.saturating_sub(1 + u64::from(EVENTS));
        let limit = u32::try_from(before - 1 - from).unwrap_or(EVENTS);
        vec![Effect::Load(Query::Events { from, limit, node: None })]
    }

    fn more_commands(&mut self) -> Vec<Effect> {
        if !self.commands.is_short() {
            return Vec::new();
        }
        self.commands.waiting = true;
        vec![Effect::Load(Query::Commands(self.commands_cursor.clone()))]
    }

    /// Asks whether to do something, or does it when it costs nothing.
    pub(super) fn give(&mut self, deed: Deed, targets: Vec<String>) -> Vec<Effect> {
        if targets.is_empty() {
            self.say(Tone::Dim, "there is nothing under the cursor");
            return Vec::new();
        }
        let question = Question::new(deed, targets, &self.context);
        if deed.cost().is_none() && question.targets.len() == 1 {
            return self.commit(question);
        }
        self.overlay = Some(Overlay::Confirm(question));
        Vec::new()
    }

    /// Does what was asked.
    fn commit(&mut self, question: Question) -> Vec<Effect> {
        let Question { deed, targets, .. } = question;
        let job = self.next_job;
        self.next_job += 1;
        let started =
            Job { deed, total: targets.len(), done: 0, failures: Vec::new(), progress: BTreeMap::new() };
        self.jobs.insert(job, started);
        vec![Effect::Act { job, deed, targets }]
    }

    fn acted(&mut self, number: u64, target: &str, outcome: Result<String, String>) {
        let Some(job) = self.jobs.get_mut(&number) else { return };
        job.done += 1;
        let said = match outcome {
            Ok(said) => said,
            Err(cause) => {
                job.failures.push(format!("{target}: {cause}"));
                cause
            }
        };
        if job.done < job.total {
            return;
        }
        let Some(job) = self.jobs.remove(&number) else { return };
        let (total, failed) = (job.total, job.failures.len());
        match (total, failed) {
            (1, 0) => self.say(Tone::Good, said),
            (1, _) => self.say(Tone::Bad, format!("{} {target}: {said}", job.deed.verb())),
            (_, 0) => self.say(Tone::Good, format!("{} {}", job.deed.done(), several(total, "target"))),
            _ => {
                let first = job.failures.first().cloned().unwrap_or_default();
                self.say(Tone::Bad, format!("{}: {failed} of {total} failed; {first}", job.deed.verb()));
            }
        }
    }
}

/// The scope of a list's noun.
fn noun(list: WindowList) -> Option<Scope> {
    match list {
        WindowList::Agents => Some(Scope::Agents),
        WindowList::Containers => Some(Scope::Containers),
        WindowList::Images => Some(Scope::Images),
        WindowList::Summary | WindowList::Heat => None,
    }
}

/// A list's name.
pub(super) const fn list_name(list: WindowList) -> &'static str {
    match list {
        WindowList::Agents => "agents",
        WindowList::Containers => "containers",
        WindowList::Images => "images",
        WindowList::Summary => "summary",
        WindowList::Heat => "heat",
    }
}

#[cfg(test)]
mod tests;
