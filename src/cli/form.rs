//! [`Form`]: in which form data is printed, and how records become text in each.

use clap::ValueEnum;
use serde::Serialize;
use serde_json::Value;

use super::{
    error::CliError,
    exit::ExitStatus,
    jq::{self, Jq},
};

/// The form of the output.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// Columns for people.
    #[default]
    Table,
    /// The same with more columns, never cut.
    Wide,
    /// One JSON document: an array for a list, an object for one thing.
    Json,
    /// One JSON document a line.
    Ndjson,
    /// YAML: a sequence for a list, a mapping for one thing.
    Yaml,
    /// Comma-separated values under a header, as RFC 4180 says: all columns, sizes in bytes, times in RFC 3339.
    Csv,
    /// One name a line, as other commands take it.
    Name,
}

impl Format {
    /// Whether it is for people to read.
    pub(crate) const fn is_for_people(self) -> bool {
        matches!(self, Self::Table | Self::Wide)
    }
}

/// The form of the output, and the expression that JSON goes through.
#[derive(Debug, Default)]
pub(crate) struct Form {
    pub(crate) format: Format,
    pub(crate) jq: Option<Jq>,
}

impl Form {
    /// Puts `-o` and `--jq` together: what goes through an expression is JSON.
    ///
    /// # Errors
    /// The expression is wrong, or the form is none that it could be applied to.
    pub(crate) fn new(format: Option<Format>, jq: Option<&str>) -> Result<Self, CliError> {
        let Some(text) = jq else {
            return Ok(Self { format: format.unwrap_or_default(), jq: None });
        };
        let format = format.unwrap_or(Format::Json);
        if !matches!(format, Format::Json | Format::Ndjson) {
            return Err(
                CliError::usage("--jq is for JSON").hint("leave out -o, or write -o json or -o ndjson")
            );
        }
        let jq = Jq::new(text).map_err(|error| CliError::usage(format!("--jq: {error}")))?;
        Ok(Self { format, jq: Some(jq) })
    }

    /// A record as JSON on one line, or what the expression gives for it.
    ///
    /// # Errors
    /// The expression does not fit the record.
    pub(crate) fn line(&self, record: &(impl Serialize + ?Sized)) -> Result<String, CliError> {
        let json = json_line(record);
        match &self.jq {
            Some(_) => self.filter(jq::document(json.as_bytes()).map_err(unfit)?),
            None => Ok(json + "\n"),
        }
    }

    /// A record as JSON over several lines, or what the expression gives for it.
    ///
    /// # Errors
    /// The expression does not fit the record.
    pub(crate) fn pretty(&self, record: &(impl Serialize + ?Sized)) -> Result<String, CliError> {
        match &self.jq {
            Some(_) => self.line(record),
            None => Ok(json_pretty(record) + "\n"),
        }
    }

    /// What the expression gives for a document.
    ///
    /// # Errors
    /// The expression does not fit the document.
    pub(crate) fn filter(&self, document: jq::Document) -> Result<String, CliError> {
        let Some(jq) = &self.jq else { return Ok(String::new()) };
        jq.lines(document).map_err(unfit)
    }
}

#[expect(clippy::needless_pass_by_value, reason = "errors are mapped by it")]
fn unfit(error: String) -> CliError {
    CliError::new(ExitStatus::Failed, format!("--jq: {error}"))
}

/// JSON on one line.
pub(crate) fn json_line(value: &(impl Serialize + ?Sized)) -> String {
    serde_json::to_string(value).unwrap_or_else(|error| unwritable(&error))
}

/// JSON over several lines.
pub(crate) fn json_pretty(value: &(impl Serialize + ?Sized)) -> String {
    serde_json::to_string_pretty(value).unwrap_or_else(|error| unwritable(&error))
}

/// YAML, ending its line.
pub(crate) fn yaml(value: &impl Serialize) -> String {
    let text = serde_saphyr::to_string(value).unwrap_or_else(|error| unwritable(&error));
    if text.ends_with('\n') { text } else { text + "\n" }
}

/// A line of CSV as RFC 4180 writes it.
pub(crate) fn csv_line(fields: impl IntoIterator<Item = impl AsRef<[u8]>>) -> String {
    let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
    // Memory takes every byte, and one line has no other to differ from in length.
    let line = writer.write_record(fields).ok().and_then(|()| writer.into_inner().ok()).unwrap_or_default();
    String::from_utf8_lossy(&line).into_owned()
}

/// The fields of a record that has no columns, as a header and a line; what is no single value is JSON.
pub(crate) fn csv_fields(record: &impl Serialize) -> String {
    let fields = match serde_json::to_value(record) {
        Ok(Value::Object(fields)) => fields,
        Ok(other) => [("value".to_owned(), other)].into_iter().collect(),
        Err(_) => return String::new(),
    };
    let values = fields.values().map(|value| match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    });
    [csv_line(fields.keys()), csv_line(values)].concat()
}

/// What is printed of a value that a form cannot hold; the protocol's types have none.
fn unwritable(error: &impl std::fmt::Display) -> String {
    serde_json::json!({ "error": error.to_string() }).to_string()
}

#[cfg(test)]
mod tests;
