//! What keys and the mouse do: to the overlay when there is one, else to the place.

mod over;

use crossterm::event::{KeyEvent, MouseButton, MouseEvent, MouseEventKind};

use super::{
    State,
    detail::{Detail, Subject},
    list::{Filter, Scoped},
    overlay::Overlay,
    palette::Palette,
    place::Place,
    prompt::Prompt,
};
use crate::{
    proto::window::WindowList,
    tui::{
        effect::{Deed, Effect},
        figure::several,
        keymap::{Act, Chord},
        theme::Tone,
        view,
    },
};

impl State {
    /// Takes a key.
    pub(super) fn key(&mut self, key: KeyEvent) -> Vec<Effect> {
        if let Some(overlay) = self.overlay.take() {
            return self.over(overlay, key);
        }
        match self.keymap.act(Chord::from(key), &self.scopes()) {
            Some(act) => self.act(act),
            None => Vec::new(),
        }
    }

    /// Takes pasted text: only a prompt has use for it, so that no paste is taken for keys.
    pub(super) fn pasted(&mut self, text: &str) -> Vec<Effect> {
        match &mut self.overlay {
            Some(Overlay::Filter { prompt, .. }) => {
                prompt.insert(text);
                self.filtered()
            }
            Some(Overlay::Palette(palette)) => {
                palette.prompt.insert(text);
                palette.find();
                Vec::new()
            }
            Some(Overlay::Save(prompt)) => {
                prompt.insert(text);
                Vec::new()
            }
            Some(Overlay::Confirm(question)) => {
                question.prompt.insert(text);
                Vec::new()
            }
            _ => Vec::new(),
        }
    }

    /// Everything that can be given here, the forbidden too.
    pub(in crate::tui) fn legal(&self) -> impl Iterator<Item = Act> {
        let scopes = self.scopes();
        Act::ALL.iter().copied().filter(move |act| scopes.contains(&act.scope()))
    }

    /// Carries out an act.
    pub(super) fn act(&mut self, act: Act) -> Vec<Effect> {
        if let Some(reason) = self.forbids(act) {
            self.say(Tone::Warning, format!("{}: {reason}", act.word()));
            return Vec::new();
        }
        match act {
            Act::Fleet => self.go(Place::Fleet),
            Act::Agents => self.go_to_list(WindowList::Agents),
            Act::Containers => self.go_to_list(WindowList::Containers),
            Act::Images => self.go_to_list(WindowList::Images),
            Act::Commands => self.go(Place::Commands),
            Act::Events => self.go(Place::Events),
            Act::Logs => self.go(Place::Logs),
            Act::Palette => self.lay(Overlay::Palette(Palette::new(self.legal()))),
            Act::Help => self.lay(Overlay::Help { top: 0 }),
            Act::Back => self.escape(),
            Act::Earlier => self.back().unwrap_or_default(),
            Act::Later => self.forward(),
            Act::NextTheme => {
                self.next_theme();
                Vec::new()
            }
            Act::Mouse => {
                self.mouse = !self.mouse;
                let said = if self.mouse {
                    "the mouse clicks and scrolls here"
                } else {
                    "the mouse is the terminal's"
                };
                self.say(Tone::Plain, said);
                vec![Effect::Mouse(self.mouse)]
            }
            Act::ReadOnly => self.toggle_lock(),
            Act::Redraw => vec![Effect::Redraw],
            Act::Stop => vec![Effect::Stop],
            Act::Quit => vec![Effect::Quit],
            act => self.act_here(act),
        }
    }

    /// Carries out what depends on the place.
    fn act_here(&mut self, act: Act) -> Vec<Effect> {
        match act {
            Act::Up | Act::Down | Act::PageUp | Act::PageDown | Act::Top | Act::Bottom => self.move_to(act),
            Act::Left | Act::Right => self.move_sideways(if act == Act::Left { -1 } else { 1 }),
            Act::Open => self.open_current(),
            Act::Filter => self.begin_filter(),
            Act::Copy => self.copy(),
            Act::Mark | Act::MarkRange | Act::MarkAll | Act::Unmark => self.mark(act),
            Act::Sort | Act::SortBack | Act::Reverse => {
                let Some(list) = self.list_mut() else { return Vec::new() };
                match act {
                    Act::Sort => vec![list.sort_next(1)],
                    Act::SortBack => vec![list.sort_next(-1)],
                    _ => list.reverse().into_iter().collect(),
                }
            }
            Act::Columns => self.lay(Overlay::Columns { cursor: 0 }),
            Act::Metric => {
                self.fleet.next_metric();
                self.look_at_heat().into_iter().collect()
            }
            Act::Span | Act::SpanBack => {
                let by = if act == Act::Span { 1 } else { -1 };
                match self.visits.place_mut() {
                    Place::Agent(detail) | Place::Container(detail) => detail.look_back(by),
                    _ => Vec::new(),
                }
            }
            Act::Sync => self.give_here(Deed::Sync),
            Act::Maintenance => self.give_here(self.maintenance()),
            Act::RemoveAgent => self.give_here(Deed::RemoveAgent),
            Act::Start => self.give_here(Deed::Start),
            Act::StopContainer => self.give_here(Deed::Stop),
            Act::Restart => self.give_here(Deed::Restart),
            Act::Remove => self.give_here(Deed::Remove),
            Act::Pull => self.give_here(Deed::Pull),
            Act::Prune => self.give_here(Deed::Prune),
            Act::CancelCommand => self.give_here(Deed::Cancel),
            Act::Retry => self.give_here(Deed::Retry),
            Act::ItsContainers => self.go_to_containers(),
            Act::ItsAgent => self.go_to_agent(),
            Act::ShowLogs => self.follow_logs(),
            Act::Inspect => self.inspect(),
            act => self.logs.act(act).map_or_else(Vec::new, |over| self.lay(over)),
        }
    }

    fn lay(&mut self, overlay: Overlay) -> Vec<Effect> {
        self.overlay = Some(overlay);
        Vec::new()
    }

    fn toggle_lock(&mut self) -> Vec<Effect> {
        if self.locked {
            self.say(Tone::Warning, "it was started with --read-only and stays so");
        } else {
            self.read_only = !self.read_only;
            let said = if self.read_only { "nothing can be changed from here now" } else { "unlocked" };
            self.say(Tone::Plain, said);
        }
        Vec::new()
    }

    /// Shows a whole list, as it was left when it was shown before.
    fn go_to_list(&mut self, kind: WindowList) -> Vec<Effect> {
        if self.list().is_some_and(|list| list.kind == kind && list.scope.is_none()) {
            return Vec::new();
        }
        let place = match self.visits.latest(kind).cloned() {
            Some(mut list) => {
                list.window = self.new_window();
                Place::List(Box::new(list))
            }
            None => self.list_place(kind, None),
        };
        self.go(place)
    }

    fn go_to_containers(&mut self) -> Vec<Effect> {
        let Some(node) = self.node_here() else { return Vec::new() };
        let selector = format!("node == {}", serde_json::Value::from(node.as_str()));
        let place = self.list_place(WindowList::Containers, Some(Scoped { name: node, selector }));
        self.go(place)
    }

    fn go_to_agent(&mut self) -> Vec<Effect> {
        let Some(node) = self.node_here() else { return Vec::new() };
        let window = self.new_window();
        self.go(Place::Agent(Box::new(Detail::agent(node, window))))
    }

    /// The node of what is under the cursor.
    fn node_here(&self) -> Option<String> {
        let name = match self.visits.place() {
            Place::List(list) => list.current().map(|row| row.name.clone()),
            Place::Agent(detail) | Place::Container(detail) => Some(detail.name.clone()),
            _ => None,
        };
        name.map(|name| name.split('/').next().unwrap_or_default().to_owned())
    }

    /// What an act here is about.
    fn targets(&self) -> Vec<String> {
        match self.visits.place() {
            Place::List(list) => list.targets(),
            Place::Agent(detail) | Place::Container(detail) => vec![detail.name.clone()],
            Place::Command(id) => vec![id.to_string()],
            Place::Commands => {
                self.commands.current().map(|command| command.id.to_string()).into_iter().collect()
            }
            _ => Vec::new(),
        }
    }

    fn give_here(&mut self, deed: Deed) -> Vec<Effect> {
        let targets = self.targets();
        self.give(deed, targets)
    }

    /// Whether maintenance would begin or end: as it stands with what is under the cursor.
    fn maintenance(&self) -> Deed {
        let status = match self.visits.place() {
            Place::List(list) => list.current().and_then(|row| list.value(row, "status")),
            Place::Agent(detail) => match &detail.subject {
                Subject::Agent { live, .. } => live.first().cloned(),
                Subject::Container { .. } => None,
            },
            _ => None,
        };
        let ends = status.and_then(|status| status.as_str().map(|status| status == "MAINTENANCE"));
        if ends.unwrap_or(false) { Deed::EndMaintenance } else { Deed::BeginMaintenance }
    }

    fn follow_logs(&mut self) -> Vec<Effect> {
        let sources = self.targets();
        if sources.is_empty() {
            return Vec::new();
        }
        let follow = self.logs.follow(sources);
        let mut effects = self.go(Place::Logs);
        effects.push(follow);
        effects
    }

    fn inspect(&mut self) -> Vec<Effect> {
        if let Place::Container(detail) = self.visits.place_mut() {
            return detail.inspect();
        }
        let mut effects = self.open_current();
        if let Place::Container(detail) = self.visits.place_mut() {
            effects.extend(detail.inspect());
        }
        effects
    }

    /// Esc: takes off what is set here, then goes back.
    fn escape(&mut self) -> Vec<Effect> {
        match self.visits.place_mut() {
            Place::List(list) if !list.marks.is_empty() => {
                list.marks.clear();
                return Vec::new();
            }
            Place::List(list) if !list.filter.text.is_empty() => {
                list.filter = Filter::default();
                return vec![list.restart()];
            }
            Place::Container(detail) if detail.is_inspected() => return detail.inspect(),
            Place::Commands if !self.commands.filter.is_empty() => {
                self.commands.search(String::new());
                return Vec::new();
            }
            Place::Events if !self.events.filter.is_empty() => {
                self.events.search(String::new());
                return Vec::new();
            }
            Place::Logs if self.logs.clear_search() => return Vec::new(),
            _ => {}
        }
        self.back().unwrap_or_default()
    }

    fn move_to(&mut self, act: Act) -> Vec<Effect> {
        let last = match self.visits.place() {
            Place::Agent(detail) => view::agent::last_top(self, detail),
            Place::Container(detail) => view::container::last_top(self, detail),
            _ => 0,
        };
        let effect = match self.visits.place_mut() {
            Place::List(list) => match act {
                Act::Up => list.step(-1),
                Act::Down => list.step(1),
                Act::PageUp => list.page(-1),
                Act::PageDown => list.page(1),
                Act::Top => list.go(0),
                _ => list.go(list.matched.saturating_sub(1)),
            },
            Place::Fleet => {
                let columns = i64::from(view::fleet::map_size(self.size).0);
                self.fleet.step(match act {
                    Act::Up => -columns,
                    Act::Down => columns,
                    Act::PageUp | Act::Top => i64::MIN,
                    _ => i64::MAX,
                });
                None
            }
            Place::Agent(detail) | Place::Container(detail) => {
                detail.top = scrolled(detail.top, act, self.size.1).min(last);
                None
            }
            Place::Events => {
                move_feed(&mut self.events, act);
                return self.more_events();
            }
            Place::Commands => {
                move_feed(&mut self.commands, act);
                return self.more_commands();
            }
            Place::Logs if act == Act::Top && self.logs.is_at_top() => {
                let back = self.logs.reach_back();
                let said = if back.is_some() {
                    "reading ten times as far back"
                } else {
                    "this is as far back as lines are kept"
                };
                self.say(Tone::Plain, said);
                back
            }
            Place::Logs => {
                self.logs.step(act);
                None
            }
            Place::Command(_) => None,
        };
        effect.into_iter().collect()
    }

    fn move_sideways(&mut self, by: i64) -> Vec<Effect> {
        match self.visits.place_mut() {
            Place::Fleet => self.fleet.step(by),
            Place::List(list) => {
                let most = list.columns.len().saturating_sub(2);
                list.shift = list.shift.saturating_add_signed(by as isize).min(most);
            }
            Place::Logs => self.logs.shift(by),
            _ => {}
        }
        Vec::new()
    }

    /// Looks into what is under the cursor.
    fn open_current(&mut self) -> Vec<Effect> {
        let place = match self.visits.place() {
            Place::Fleet => {
                let before = self.fleet.agents_before();
                let mut effects = self.go_to_list(WindowList::Agents);
                if let Some(list) = self.list_mut() {
                    effects.extend(list.go(before));
                }
                return effects;
            }
            Place::List(list) => {
                let Some(name) = list.current().map(|row| row.name.clone()) else { return Vec::new() };
                match list.kind {
                    WindowList::Agents => {
                        let window = self.new_window();
                        Place::Agent(Box::new(Detail::agent(name, window)))
                    }
                    WindowList::Containers => Place::Container(Box::new(Detail::container(name))),
                    _ => return self.go_to_agent(),
                }
            }
            Place::Agent(_) => return self.go_to_containers(),
            Place::Container(_) => return self.follow_logs(),
            Place::Commands => match self.commands.current() {
                Some(command) => Place::Command(command.id),
                None => return Vec::new(),
            },
            Place::Events => {
                let Some(event) = self.events.current() else { return Vec::new() };
                let container = event.data.get("container").and_then(|record| record.get("name")?.as_str());
                match (&event.subject, container) {
                    (Some(node), Some(name)) => {
                        Place::Container(Box::new(Detail::container(format!("{node}/{name}"))))
                    }
                    (Some(node), None) => {
                        let (node, window) = (node.clone(), self.new_window());
                        Place::Agent(Box::new(Detail::agent(node, window)))
                    }
                    _ => return Vec::new(),
                }
            }
            Place::Command(_) | Place::Logs => return Vec::new(),
        };
        self.go(place)
    }

    fn begin_filter(&mut self) -> Vec<Effect> {
        let before = match self.visits.place() {
            Place::List(list) => list.filter.clone(),
            Place::Commands => Filter { text: self.commands.filter.clone(), expression: false },
            Place::Events => Filter { text: self.events.filter.clone(), expression: false },
            Place::Logs => Filter { text: self.logs.search_text().to_owned(), expression: false },
            _ => return Vec::new(),
        };
        let (prompt, expression) = (Prompt::new(&before.text), before.expression);
        self.lay(Overlay::Filter { prompt, expression, before })
    }

    /// Applies what the filter's prompt holds.
    fn filtered(&mut self) -> Vec<Effect> {
        let Some(Overlay::Filter { prompt, expression, .. }) = &self.overlay else { return Vec::new() };
        let filter = Filter { text: prompt.text().to_owned(), expression: *expression };
        self.filter_by(filter)
    }

    fn filter_by(&mut self, filter: Filter) -> Vec<Effect> {
        match self.visits.place_mut() {
            Place::List(list) => {
                list.filter = filter;
                return vec![list.restart()];
            }
            Place::Commands => {
                self.commands.search(filter.text);
                return self.more_commands();
            }
            Place::Events => {
                self.events.search(filter.text);
                return self.more_events();
            }
            Place::Logs => self.logs.search(&filter.text),
            _ => {}
        }
        Vec::new()
    }

    fn copy(&mut self) -> Vec<Effect> {
        let text = match self.visits.place() {
            Place::List(_) | Place::Agent(_) | Place::Container(_) => self.targets().join("\n"),
            Place::Commands => {
                self.commands.current().map(|command| command.id.to_string()).unwrap_or_default()
            }
            Place::Command(id) => id.to_string(),
            Place::Events => {
                self.events.current().and_then(|event| serde_json::to_string(event).ok()).unwrap_or_default()
            }
            Place::Logs => self.logs.copied(),
            Place::Fleet => String::new(),
        };
        if text.is_empty() {
            return Vec::new();
        }
        let lines = text.lines().count();
        let said =
            if lines == 1 { format!("copied {text}") } else { format!("copied {}", several(lines, "line")) };
        self.say(Tone::Plain, said);
        vec![Effect::Copy(text)]
    }

    fn mark(&mut self, act: Act) -> Vec<Effect> {
        let Some(list) = self.list_mut() else { return Vec::new() };
        let (effect, absent) = match act {
            Act::Mark => (list.mark(), 0),
            Act::MarkRange => (None, list.mark_range()),
            Act::MarkAll => (None, list.mark_all()),
            _ => {
                list.marks.clear();
                (None, 0)
            }
        };
        let marked = list.marks.len();
        if absent > 0 {
            let said = format!(
                "{} marked; {} are not loaded and stay unmarked",
                several(marked, "row"),
                several(absent as usize, "row")
            );
            self.say(Tone::Warning, said);
        }
        effect.into_iter().collect()
    }

    /// Takes the mouse: the wheel scrolls, a click sets the cursor, another opens, one on the head changes the view.
    pub(super) fn mouse(&mut self, event: MouseEvent) -> Vec<Effect> {
        if !self.mouse || self.overlay.is_some() {
            return Vec::new();
        }
        match event.kind {
            MouseEventKind::ScrollUp => (0..3).flat_map(|_| self.move_to(Act::Up)).collect(),
            MouseEventKind::ScrollDown => (0..3).flat_map(|_| self.move_to(Act::Down)).collect(),
            MouseEventKind::Down(MouseButton::Left) if event.row == 0 => {
                match view::head::tab_at(self, event.column) {
                    Some(act) => self.act(act),
                    None => Vec::new(),
                }
            }
            MouseEventKind::Down(MouseButton::Left) => {
                let first = view::first_row(self);
                let Some(row) = event.row.checked_sub(first).filter(|row| *row < self.rows()) else {
                    return Vec::new();
                };
                self.click(u64::from(row))
            }
            _ => Vec::new(),
        }
    }

    fn click(&mut self, row: u64) -> Vec<Effect> {
        match self.visits.place_mut() {
            Place::List(list) => {
                let to = list.top + row;
                if to >= list.matched {
                    return Vec::new();
                }
                if list.cursor == to { self.open_current() } else { list.go(to).into_iter().collect() }
            }
            Place::Events => {
                let to = self.events.top + row as usize;
                self.events.go(to);
                Vec::new()
            }
            Place::Commands => {
                let to = self.commands.top + row as usize;
                if self.commands.at() == to {
                    return self.open_current();
                }
                self.commands.go(to);
                Vec::new()
            }
            _ => Vec::new(),
        }
    }
}

/// The first line that is shown after an act that moves.
fn scrolled(top: u16, act: Act, height: u16) -> u16 {
    let page = height.saturating_sub(6).max(1);
    match act {
        Act::Up => top.saturating_sub(1),
        Act::Down => top.saturating_add(1),
        Act::PageUp => top.saturating_sub(page),
        Act::PageDown => top.saturating_add(page),
        Act::Top => 0,
        Act::Bottom => u16::MAX,
        _ => top,
    }
}

fn move_feed<T: super::feed::Entry>(feed: &mut super::feed::Feed<T>, act: Act) {
    let page = isize::try_from(feed.height.saturating_sub(1).max(1)).unwrap_or(1);
    match act {
        Act::Up => feed.step(-1),
        Act::Down => feed.step(1),
        Act::PageUp => feed.step(-page),
        Act::PageDown => feed.step(page),
        Act::Top => feed.go(0),
        _ => feed.go(usize::MAX),
    }
}
