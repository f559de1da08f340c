//! `--watch`: a list that is read again whenever an event says that it may have changed.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use serde_json::Value;

use super::{
    columns::Columns,
    error::CliError,
    exit::ExitStatus,
    form::{Format, json_line},
    listing::Listing,
    live::Live,
    printer::Canvas,
    session::Session,
    table::{Row, Sheet},
};
use crate::{
    client::{Client, ClientError, News},
    proto::event::{StreamItem, SubscribeRequest},
};

/// What comes so soon after the first event is shown together with it; a list that takes long to read gets twice that.
const TOGETHER: Duration = Duration::from_millis(100);
/// However long a list takes, what is shown is not older.
const LATEST: Duration = Duration::from_secs(5);

/// Prints a list, and again after each change, until it is interrupted.
pub(crate) async fn watch<T: Row>(
    session: &Session,
    client: &Client,
    columns: Option<&[String]>,
    types: &str,
    read: impl AsyncFn() -> Result<Vec<T>, ClientError>,
) -> Result<ExitStatus, CliError> {
    let mut showing = Showing::<T>::new(session, columns)?;
    let types = Some(types.to_owned());
    let mut stream = client.stream(SubscribeRequest { types, ..SubscribeRequest::default() });
    stream.begin().await?;
    let mut linked = true;
    loop {
        let began = Instant::now();
        let mut until = None;
        match read().await {
            Ok(items) => showing.show(&items)?,
            // What could not be read is due again whether or not an event comes.
            Err(error) if error.is_passing() => until = Some(tokio::time::Instant::now() + LATEST),
            Err(error) => return Err(error.into()),
        }
        let pause = (began.elapsed() * 2).clamp(TOGETHER, LATEST);
        loop {
            let news = match until {
                None => stream.next().await?,
                Some(until) => match tokio::time::timeout_at(until, stream.next()).await {
                    Ok(news) => news?,
                    Err(_) => break,
                },
            };
            let changed = match news {
                News::Item(item) => matches!(item, StreamItem::Events { .. } | StreamItem::Gap { .. }),
                News::Linked => {
                    showing.tell(session, "linked again");
                    !std::mem::replace(&mut linked, true)
                }
                News::Lost { cause, retry_in } => {
                    linked = false;
                    let pause = retry_in.as_secs_f64();
                    showing.tell(session, &format!("{cause}; trying again in {pause:.1} s"));
                    false
                }
            };
            if changed {
                until.get_or_insert_with(|| tokio::time::Instant::now() + pause);
            }
        }
    }
}

/// What was shown last, and how the next is shown.
struct Showing<'a, T> {
    session: &'a Session,
    columns: Option<Vec<String>>,
    chosen: Columns,
    /// The place on the terminal.
    live: Option<Live>,
    /// Each record under its key, without what is no news.
    known: Option<BTreeMap<String, String>>,
    item: std::marker::PhantomData<fn(&T)>,
}

impl<'a, T: Row> Showing<'a, T> {
    fn new(session: &'a Session, columns: Option<&[String]>) -> Result<Self, CliError> {
        let format = session.form.format;
        if matches!(format, Format::Csv | Format::Yaml) {
            return Err(CliError::usage("--watch prints no csv and no yaml")
                .hint("choose another form: -o table, wide, json, ndjson or name"));
        }
        let chosen = Columns::of::<T>(columns, format == Format::Wide)?;
        let live = if format.is_for_people() { session.printer.live() } else { None };
        Ok(Self {
            session,
            columns: columns.map(<[String]>::to_vec),
            chosen,
            live,
            known: None,
            item: std::marker::PhantomData,
        })
    }

    /// Shows the list if it is another than before.
    fn show(&mut self, items: &[T]) -> Result<(), CliError> {
        let records: BTreeMap<String, String> =
            items.iter().map(|item| (item.key(), lasting(item))).collect();
        let before = self.known.replace(records);
        let now = jiff::Timestamp::now();
        if let Some(live) = &mut self.live {
            let mut sheet = Sheet::new(self.chosen.clone());
            items.iter().for_each(|item| sheet.add(item, now));
            let canvas = Canvas { width: self.session.printer.canvas().width, ..self.session.canvas() };
            let count = items.len();
            return live.draw(&format!("{}\n{count} in all", sheet.draw(canvas)));
        }
        let Some(known) = &self.known else { return Ok(()) };
        match (self.session.form.format, before) {
            (_, Some(before)) if before == *known => Ok(()),
            (Format::Ndjson | Format::Name, Some(before)) => self.changes(items, &before),
            (_, before) => {
                if before.is_some() && self.session.form.format.is_for_people() {
                    self.session.printer.data("\n")?;
                }
                let mut listing = Listing::new(self.session, self.columns.as_deref())?;
                listing.at(now);
                listing.add(items)?;
                listing.end()
            }
        }
    }

    /// Prints the records that are new or other than before; of those that are gone the last that was known, with
    /// `gone`.
    fn changes(&self, items: &[T], before: &BTreeMap<String, String>) -> Result<(), CliError> {
        let known = self.known.as_ref();
        let mut listing = Listing::new(self.session, None)?;
        for item in items {
            let key = item.key();
            if before.get(&key) != known.and_then(|known| known.get(&key)) {
                listing.add(std::slice::from_ref(item))?;
            }
        }
        listing.end()?;
        if self.session.form.format != Format::Ndjson {
            return Ok(());
        }
        for (key, record) in before {
            if known.is_none_or(|known| known.contains_key(key)) {
                continue;
            }
            let mut record: Value = serde_json::from_str(record).unwrap_or_default();
            record["gone"] = true.into();
            self.session.printer.raw(&self.session.form.line(&record)?)?;
        }
        Ok(())
    }

    /// Tells of the link without disturbing what is drawn.
    fn tell(&mut self, session: &Session, text: &str) {
        match &mut self.live {
            Some(live) => live.status(text),
            None => session.printer.note(text),
        }
    }
}

/// A record without what changes all the time.
fn lasting<T: Row>(item: &T) -> String {
    if T::FLEETING.is_empty() {
        return json_line(item);
    }
    let mut record = serde_json::to_value(item).unwrap_or_default();
    if let Value::Object(fields) = &mut record {
        fields.retain(|name, _| !T::FLEETING.contains(&name.as_str()));
    }
    record.to_string()
}
