//! [`Courier`]: carries what the state wants to the server, and the server's news back.

mod deed;
mod log;
mod query;

use std::{io, sync::Arc, time::Duration};

use tokio::{
    sync::{
        Semaphore,
        mpsc::{Receiver, Sender, channel},
    },
    task::JoinHandle,
};

use super::{
    config::Settings,
    effect::Effect,
    event::{Answer, Event, LinkNews},
};
use crate::{
    client::{Client, ClientError, News, WindowAsker, WindowNews},
    proto::event::{StreamItem, SubscribeRequest},
};

/// News that wait; who sends more waits too, so that a flood stays on the other side.
const NEWS: usize = 1024;
/// Acts that are under way at once.
const ACTS: usize = 8;

/// The way to the server and back.
pub(super) struct Courier {
    client: Client,
    settings: Settings,
    asker: Option<WindowAsker>,
    news: Receiver<Event>,
    sender: Sender<Event>,
    acts: Arc<Semaphore>,
    logs: Vec<JoinHandle<()>>,
}

impl Courier {
    /// A courier that has not set out yet.
    pub(super) fn new(client: Client, settings: Settings) -> Self {
        let (sender, news) = channel(NEWS);
        Self {
            client,
            settings,
            asker: None,
            news,
            sender,
            acts: Arc::new(Semaphore::new(ACTS)),
            logs: Vec::new(),
        }
    }

    /// Links windows and events to the server, and watches the configuration.
    pub(super) fn begin(&mut self) {
        let mut windows = self.client.windows();
        self.asker = Some(windows.asker());
        let sender = self.sender.clone();
        tokio::spawn(async move {
            loop {
                let event = match windows.next().await {
                    Ok(WindowNews::Told(told)) => Event::Told(Box::new(told)),
                    Ok(WindowNews::Linked) => Event::Link(LinkNews::Up),
                    Ok(WindowNews::Lost { cause, retry_in }) => {
                        Event::Link(LinkNews::Lost { cause: told(&cause), retry_in })
                    }
                    Err(error) => {
                        let refused = Event::Link(LinkNews::Refused { cause: told(&error) });
                        let _ = sender.send(refused).await;
                        return;
                    }
                };
                if sender.send(event).await.is_err() {
                    return;
                }
            }
        });
        tokio::spawn(follow_events(self.client.clone(), self.sender.clone()));
        tokio::spawn(follow_configuration(self.settings.clone(), self.sender.clone()));
    }

    /// Waits for the next news.
    pub(super) async fn next(&mut self) -> Event {
        match self.news.recv().await {
            Some(event) => event,
            // This holds a sender itself, so the channel never closes.
            None => std::future::pending().await,
        }
    }

    /// The next news, when it is here.
    pub(super) fn next_now(&mut self) -> Option<Event> {
        self.news.try_recv().ok()
    }

    /// Reports how something went that was done without the server.
    pub(super) fn report(&self, done: Result<String, String>) {
        // Full means that so much happens that this is not seen anyway.
        let _ = self.sender.try_send(Event::Answered(Box::new(Answer::Done(done))));
    }

    /// Sets out.
    pub(super) fn carry_out(&mut self, effect: Effect) {
        let (client, sender) = (self.client.clone(), self.sender.clone());
        match effect {
            Effect::Ask(ask) => {
                if let Some(asker) = &self.asker {
                    asker.ask(ask);
                }
            }
            Effect::Load(query) => {
                tokio::spawn(async move {
                    let answer = query::ask(&client, query).await;
                    let _ = sender.send(Event::Answered(Box::new(answer))).await;
                });
            }
            Effect::Act { job, deed, targets } => {
                let acts = self.acts.clone();
                tokio::spawn(async move {
                    for target in targets {
                        let (client, sender) = (client.clone(), sender.clone());
                        let Ok(turn) = acts.clone().acquire_owned().await else { return };
                        tokio::spawn(async move {
                            let outcome = deed::act(&client, deed, &target).await;
                            drop(turn);
                            let answer = Answer::Acted { job, target, outcome };
                            let _ = sender.send(Event::Answered(Box::new(answer))).await;
                        });
                    }
                });
            }
            Effect::Follow { sources, tail, turn } => {
                self.logs.drain(..).for_each(|log| log.abort());
                let follow =
                    |source| tokio::spawn(log::follow(client.clone(), source, tail, turn, sender.clone()));
                self.logs = sources.into_iter().map(follow).collect();
            }
            Effect::Save { path, text } => {
                tokio::spawn(async move {
                    let done = save(&path, text).await.map_err(|error| format!("{path}: {error}"));
                    let _ = sender.send(Event::Answered(Box::new(Answer::Done(done)))).await;
                });
            }
            // What is done to the terminal is not carried anywhere.
            Effect::Copy(_)
            | Effect::Title(_)
            | Effect::Mouse(_)
            | Effect::Redraw
            | Effect::Stop
            | Effect::Quit => {}
        }
    }
}

/// Writes a new file; one that is there stays as it is.
async fn save(path: &str, text: String) -> io::Result<String> {
    let (file, lines) = (path.to_owned(), text.lines().count());
    let written = tokio::task::spawn_blocking(move || {
        use io::Write as _;
        let mut file = std::fs::File::create_new(file)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()
    });
    written.await.map_err(io::Error::other)??;
    Ok(format!("wrote {lines} lines to {path}"))
}

/// Tells of what happens in the fleet, from now on, across broken links.
async fn follow_events(client: Client, sender: Sender<Event>) {
    let request = SubscribeRequest { live: Some("progress".to_owned()), ..SubscribeRequest::default() };
    let mut stream = client.stream(request);
    loop {
        let event = match stream.next().await {
            Ok(News::Item(StreamItem::Position { sequence })) => Event::Position(sequence),
            Ok(News::Item(StreamItem::Events { event })) => Event::Happened(event),
            Ok(News::Item(StreamItem::Gap { from, to })) => {
                Event::Missed { count: to.saturating_sub(from) + 1 }
            }
            Ok(News::Item(StreamItem::Live { progress: Some(progress), .. })) => Event::Progress(progress),
            // How the link stands is told by the windows.
            Ok(_) => continue,
            Err(_) => return,
        };
        if sender.send(event).await.is_err() {
            return;
        }
    }
}

async fn follow_configuration(settings: Settings, sender: Sender<Event>) {
    let Some(mut watch) = settings.watch() else { return };
    while watch.changed().await.is_some() {
        let configured = Event::Configured(Box::new(settings.read()));
        if sender.send(configured).await.is_err() {
            return;
        }
    }
}

/// An error with what lies beneath it, in one line.
fn told(error: &ClientError) -> String {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        let words = cause.to_string();
        if !text.ends_with(&words) {
            text = format!("{text}: {words}");
        }
        source = cause.source();
    }
    text
}

/// A pause, when there is one.
async fn pause(seconds: u64) {
    if seconds > 0 {
        tokio::time::sleep(Duration::from_secs(seconds)).await;
    }
}
