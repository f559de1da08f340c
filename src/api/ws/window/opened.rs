//! [`Opened`]: a window that is open: what it shows, what it showed last, when it is looked through again.

use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, Instant as Clock},
};

use tokio::time::Instant;

use super::super::super::{
    app::App,
    clock, dashboard,
    sight::Sight,
    statistics::{in_words, tally},
};
use crate::{
    core::{
        error::Error,
        fleet::Versions,
        window::{Difference, LONGEST_LOOK, Look, Moment, Sight as Seeing, Standing, Wrong},
    },
    proto::{
        dashboard::DashboardStats,
        window::{WindowList, WindowTold, WindowView},
    },
};

/// A window tells at most so often.
const LEAST_PAUSE: Duration = Duration::from_millis(250);
/// What is of the whole fleet is told at most so often; what changes with the time of day alone is looked at so often.
const LEAST_PAUSE_OF_ALL: Duration = Duration::from_secs(1);
/// For each moment that a look took there are so many without one, so that no window takes more than a part of a core.
const PAUSE_FOR_COST: u32 = 10;

/// A window that is open.
pub(super) struct Opened {
    number: u32,
    ask: u64,
    list: WindowList,
    /// What is looked through; none for the summary, which is no list.
    look: Option<Arc<Look>>,
    /// What was told last; none while the watcher's ask is not answered.
    told: Option<Shown>,
    /// What the fleet was then.
    seen: Seen,
    is_stale: bool,
    not_before: Instant,
}

/// What the fleet was when it was looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Seen {
    /// These parts of it.
    Parts(Versions),
    /// All of it, after so many changes.
    All(u64),
}

/// What a window shows.
#[derive(PartialEq)]
enum Shown {
    List(Seeing),
    Summary(Box<Summary>),
}

/// The fleet in a few numbers.
struct Summary {
    stats: DashboardStats,
    containers: BTreeMap<String, u64>,
    images: u64,
    open_commands: u64,
}

impl PartialEq for Summary {
    /// The time alone is no difference.
    fn eq(&self, other: &Self) -> bool {
        let DashboardStats { time: _, nodes, throughput, load, security } = &self.stats;
        let it = &other.stats;
        (nodes, throughput, load, security) == (&it.nodes, &it.throughput, &it.load, &it.security)
            && (&self.containers, self.images, self.open_commands)
                == (&other.containers, other.images, other.open_commands)
    }
}

/// Why a look shows nothing.
pub(super) enum Failed {
    /// The view cannot be shown.
    Refused(Wrong),
    /// Something of the server fails; it may not, later.
    Later,
}

impl Opened {
    /// Understands a view; nothing is looked at yet.
    pub(super) fn of(app: &App, view: &WindowView) -> Result<Self, Wrong> {
        let look = Look::of(view, &app.lists.selectors)?;
        if look.is_none() {
            no_list(view)?;
        }
        Ok(Self {
            number: view.window,
            ask: view.ask,
            list: view.list,
            look: look.map(Arc::new),
            told: None,
            seen: Seen::All(0),
            is_stale: true,
            not_before: Instant::now(),
        })
    }

    /// The list that is looked at.
    pub(super) const fn list(&self) -> WindowList {
        self.list
    }

    /// Whether the watcher waits for an answer.
    pub(super) const fn is_asked_for(&self) -> bool {
        self.told.is_none()
    }

    /// When it is to be looked through: at once what is asked for, unless the server just failed to; none while nothing
    /// changed.
    pub(super) fn due(&self) -> Option<Instant> {
        let is_timed = self.look.as_ref().is_some_and(|look| look.is_timed());
        (self.is_stale || is_timed).then_some(self.not_before)
    }

    /// Notes that the fleet changed, perhaps in what is shown.
    pub(super) fn notice(&mut self, app: &App) {
        self.is_stale = self.is_stale || self.seen != self.now(app);
    }

    fn now(&self, app: &App) -> Seen {
        match &self.look {
            Some(look) => Seen::Parts(app.fleet.read().versions().of(look.needs())),
            None => Seen::All(*app.windows.changes().borrow()),
        }
    }

    /// Looks, and gives what is to be told, if anything is.
    pub(super) async fn look(&mut self, app: &Arc<App>, sight: &Sight) -> Result<Option<WindowTold>, Failed> {
        // Before the look: what changes during it is seen the next time.
        self.seen = self.now(app);
        self.is_stale = false;
        let (shown, cost) = match &self.look {
            Some(look) => looked(app, sight, look.clone()).await,
            None => summed_up(app, sight).await,
        };
        let least = if self.is_of_all() { LEAST_PAUSE_OF_ALL } else { LEAST_PAUSE };
        self.not_before = Instant::now() + least.max(cost * PAUSE_FOR_COST);
        let shown = shown.inspect_err(|_| self.is_stale = true)?;
        let told = self.tell(&shown);
        self.told = Some(shown);
        Ok(told)
    }

    fn is_of_all(&self) -> bool {
        match &self.look {
            Some(look) => matches!(**look, Look::Heat(_)) || look.is_timed(),
            None => true,
        }
    }

    /// What is different from what was told.
    fn tell(&self, shown: &Shown) -> Option<WindowTold> {
        let (window, ask) = (self.number, self.ask);
        match (shown, &self.told) {
            (shown, Some(told)) if shown == told => None,
            (Shown::List(Seeing::Rows(new)), Some(Shown::List(Seeing::Rows(old)))) => match new.since(old) {
                Difference::Nothing => None,
                Difference::Cells(cells) => {
                    Some(WindowTold::Changed { window, ask, total: new.total, matched: new.matched, cells })
                }
                Difference::Rows => Some(self.whole(shown)),
            },
            _ => Some(self.whole(shown)),
        }
    }

    fn whole(&self, shown: &Shown) -> WindowTold {
        let (window, ask) = (self.number, self.ask);
        match shown {
            Shown::List(Seeing::Rows(picture)) => WindowTold::Rows {
                window,
                ask,
                total: picture.total,
                matched: picture.matched,
                offset: picture.offset,
                at: picture.at,
                rows: picture.rows.clone(),
            },
            Shown::List(Seeing::Heat(heat)) => WindowTold::Heat {
                window,
                ask,
                total: heat.total,
                nodes_per_cell: heat.nodes_per_cell,
                cells: heat.cells.clone(),
            },
            Shown::Summary(summary) => WindowTold::Summary {
                window,
                ask,
                stats: Box::new(summary.stats.clone()),
                containers: summary.containers.clone(),
                images: summary.images,
                open_commands: summary.open_commands,
            },
        }
    }

    /// The refusal of what it shows.
    pub(super) fn refusal(&self, wrong: Wrong) -> WindowTold {
        refusal(self.number, self.ask, wrong)
    }
}

/// The refusal of a view.
pub(super) fn refusal(window: u32, ask: u64, wrong: Wrong) -> WindowTold {
    WindowTold::Refused { window, ask, field: wrong.field.to_owned(), detail: wrong.detail }
}

/// Refuses to filter or sort what is no list.
fn no_list(view: &WindowView) -> Result<(), Wrong> {
    let asked = [
        ("where", view.selector.is_some()),
        ("search", view.search.is_some()),
        ("sort", view.sort.is_some()),
        ("columns", !view.columns.is_empty()),
        ("around", view.around.is_some()),
    ];
    match asked.into_iter().find(|(_, is_asked)| *is_asked) {
        Some((field, _)) => Err(Wrong { field, detail: "the summary has no rows; leave it away".into() }),
        None => Ok(()),
    }
}

/// Looks through a list beside the executor's threads; what it shows, and what that cost.
async fn looked(app: &Arc<App>, shown: &Sight, look: Arc<Look>) -> (Result<Shown, Failed>, Duration) {
    // Whoever needs no more than a few records does not wait for those who look through all of them.
    let turn = if look.is_light() { &app.lists.making } else { &app.lists.looking };
    let Ok(_turn) = turn.acquire().await else { return (Err(Failed::Later), Duration::ZERO) };
    let (within, shown, begun) = (app.clone(), shown.clone(), Clock::now());
    let sight = tokio::task::spawn_blocking(move || {
        let fleet = shown.fleet_now();
        let standing = if shown.is_whole() {
            within.windows.standing(&fleet)
        } else {
            Arc::new(Standing::of(&fleet.read()))
        };
        look.look(&Moment {
            fleet: &fleet,
            standing: &standing,
            now: clock::now(),
            is_late: &|| begun.elapsed() > LONGEST_LOOK,
        })
    });
    let shown = match sight.await {
        Ok(Ok(sight)) => Ok(Shown::List(sight)),
        Ok(Err(wrong)) => Err(Failed::Refused(wrong)),
        Err(error) => {
            tracing::error!(%error, "a look through a window failed");
            Err(Failed::Later)
        }
    };
    (shown, begun.elapsed())
}

/// Sums the fleet up; what there is to show, and what that cost.
async fn summed_up(app: &Arc<App>, sight: &Sight) -> (Result<Shown, Failed>, Duration) {
    let begun = Clock::now();
    let shown = summary(app, sight).await.map(|summary| Shown::Summary(Box::new(summary)));
    let shown = shown.map_err(|error| {
        tracing::warn!(%error, "the fleet cannot be summed up just now");
        Failed::Later
    });
    (shown, begun.elapsed())
}

async fn summary(app: &Arc<App>, sight: &Sight) -> Result<Summary, Error> {
    let open_commands = if sight.is_whole() {
        app.records.open_commands().await?
    } else {
        let agents: Vec<_> = sight.fleet_now().read().agents().map(|agent| agent.id).collect();
        app.queue.lock().commands_on(agents)
    };
    let stats = dashboard::of(app, sight).await?;
    let (within, shown) = (app.clone(), sight.clone());
    let counted = tokio::task::spawn_blocking(move || {
        let fleet = shown.fleet_now();
        let containers = if shown.is_whole() {
            within.windows.containers_by_state(&fleet)
        } else {
            in_words(tally(fleet.read().containers().map(|container| container.facts.state)))
        };
        let images = fleet.read().image_counts().map(|(_, count)| count as u64).sum();
        (containers, images)
    });
    let (containers, images) = counted.await.map_err(|error| Error::Internal(error.to_string()))?;
    Ok(Summary { stats, containers, images, open_commands })
}
