//! [`Listing`]: a list that is printed page by page, so that a long one is never held as a whole where its form allows.

use std::{marker::PhantomData, num::NonZeroU32};

use jiff::Timestamp;
use serde::de::DeserializeOwned;

use super::{
    columns::Columns,
    error::CliError,
    exit::ExitStatus,
    form::{Format, csv_line, json_line, json_pretty, yaml},
    jq,
    session::Session,
    table::{Cell, Row, Sheet},
    watch,
};
use crate::{
    client::{Client, Pages},
    proto::{
        endpoint::Endpoint,
        page::{MAX_LIMIT, Page},
    },
};

/// What is shown of a list.
#[derive(Clone, Debug, Default, clap::Args)]
pub(crate) struct Shown {
    /// Columns to show, by their names, separated by commas.
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    pub(crate) columns: Option<Vec<String>>,
    /// The most lines to show.
    #[arg(long, value_name = "NUMBER")]
    pub(crate) limit: Option<NonZeroU32>,
    /// Show the list again whenever it changes, until interrupted; with -o ndjson each line that changed.
    #[arg(long)]
    pub(crate) watch: bool,
}

impl Shown {
    /// How many items a page is to have.
    pub(crate) fn page(&self) -> Option<u32> {
        self.limit.map(|limit| limit.get().min(MAX_LIMIT))
    }

    /// The most items that are shown.
    pub(crate) fn most(&self) -> usize {
        self.limit.map_or(usize::MAX, |limit| limit.get() as usize)
    }
}

/// Prints a list that the server has, once or at each change; `types` are the events that change it.
pub(crate) async fn list<E, T>(
    session: &Session,
    shown: &Shown,
    request: &E::Request,
    types: &str,
) -> Result<ExitStatus, CliError>
where
    E: Endpoint<Response = Page<T>>,
    T: Row + DeserializeOwned,
{
    let columns = shown.columns.as_deref();
    let listing = Listing::new(session, columns)?;
    let client: Client = session.client()?;
    if shown.watch {
        let read = async || client.pages::<E, T>(request)?.first(shown.most()).await;
        return watch::watch(session, &client, columns, types, read).await;
    }
    listing.pages(client.pages::<E, T>(request)?, shown.most()).await?;
    Ok(ExitStatus::Done)
}

/// A list that is being printed.
pub(crate) struct Listing<'a, T> {
    session: &'a Session,
    now: Timestamp,
    shape: Shape,
    count: usize,
    items: PhantomData<fn(&T)>,
}

enum Shape {
    /// Widths are known when all lines are.
    Table(Sheet),
    /// A filter reads the list as one array.
    Filtered(Vec<jq::Document>),
    Csv(Columns),
    Json,
    Lines,
    Yaml,
    Names,
}

impl<'a, T: Row> Listing<'a, T> {
    /// Begins a list with the columns of that name, or the usual ones.
    ///
    /// # Errors
    /// A column is not known.
    pub(crate) fn new(session: &'a Session, columns: Option<&[String]>) -> Result<Self, CliError> {
        let format = session.form.format;
        let chosen = Columns::of::<T>(columns, matches!(format, Format::Wide | Format::Csv))?;
        let shape = match format {
            Format::Table | Format::Wide => Shape::Table(Sheet::new(chosen)),
            Format::Csv => Shape::Csv(chosen),
            Format::Json if session.form.jq.is_some() => Shape::Filtered(Vec::new()),
            Format::Json => Shape::Json,
            Format::Ndjson => Shape::Lines,
            Format::Yaml => Shape::Yaml,
            Format::Name => Shape::Names,
        };
        Ok(Self { session, now: session.now, shape, count: 0, items: PhantomData })
    }

    /// Tells ages as of this moment.
    pub(crate) fn at(&mut self, now: Timestamp) {
        self.now = now;
    }

    /// Prints or keeps more of the list.
    pub(crate) fn add(&mut self, items: &[T]) -> Result<(), CliError> {
        if items.is_empty() {
            return Ok(());
        }
        let mut text = String::new();
        if self.count == 0 {
            text.push_str(&self.head());
        }
        for item in items {
            match &mut self.shape {
                Shape::Table(sheet) => sheet.add(item, self.now),
                Shape::Filtered(documents) => {
                    let read = jq::document(json_line(item).as_bytes()).map_err(CliError::usage)?;
                    documents.push(read);
                }
                Shape::Csv(columns) => {
                    let cells = columns.cells(item, self.now);
                    text.push_str(&csv_line(cells.iter().map(Cell::value)));
                }
                Shape::Json => {
                    text.push_str(if self.count == 0 { "[\n  " } else { ",\n  " });
                    text.push_str(&json_pretty(item).replace('\n', "\n  "));
                }
                Shape::Lines => text.push_str(&self.session.form.line(item)?),
                Shape::Yaml => text.push_str(&yaml(&[item])),
                Shape::Names => text.push_str(&(item.name() + "\n")),
            }
            self.count += 1;
        }
        self.session.printer.raw(&text)
    }

    /// Prints what is left.
    pub(crate) fn end(mut self) -> Result<(), CliError> {
        let printer = &self.session.printer;
        match std::mem::replace(&mut self.shape, Shape::Names) {
            Shape::Table(sheet) if sheet.is_empty() => printer.note("nothing to show"),
            Shape::Table(sheet) => printer.page(&sheet.draw(self.session.canvas()))?,
            Shape::Filtered(documents) => printer.raw(&self.session.form.filter(jq::array(documents))?)?,
            Shape::Json => printer.raw(if self.count == 0 { "[]\n" } else { "\n]\n" })?,
            Shape::Csv(columns) if self.count == 0 => printer.raw(&csv_line(columns.names()))?,
            Shape::Yaml if self.count == 0 => printer.raw("[]\n")?,
            Shape::Csv(_) | Shape::Lines | Shape::Yaml | Shape::Names => {}
        }
        Ok(())
    }

    /// Prints a whole list, or as much of its beginning as asked for.
    pub(crate) async fn pages(mut self, mut pages: Pages<T>, most: usize) -> Result<(), CliError>
    where
        T: DeserializeOwned,
    {
        let mut left = most;
        while left > 0
            && let Some(mut page) = pages.next().await?
        {
            page.truncate(left);
            left -= page.len();
            self.add(&page)?;
        }
        self.end()
    }

    fn head(&self) -> String {
        match &self.shape {
            Shape::Csv(columns) => csv_line(columns.names()),
            _ => String::new(),
        }
    }
}
