//! `worpen api`: calls the server's API by hand, with the context's credentials.

use std::{
    fs,
    io::{self, IsTerminal, Read},
};

use http::Method;
use serde_json::Value;

use super::{
    error::CliError,
    exit::ExitStatus,
    form::{Format, json_line},
    session::{Session, aside},
};
use crate::client::{Client, ClientError, RawReply, RawRequest};

const EXAMPLES: &str = "\
Examples:
  worpen api GET /api/v1/agents --query status=online --query limit=10
  worpen api GET agents --paginate -o ndjson
  worpen api POST containers/web-1%2Fnginx/stop --body '{\"timeout_s\": 5}'
  worpen api POST commands --body @command.json

The calls are described at /api-docs of every server.";

/// Arguments of `worpen api`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// GET, POST, PUT or DELETE.
    #[arg(value_parser = method)]
    method: Method,
    /// The path; without a slash before it, it is below /api/v1/.
    path: String,
    /// The body: JSON, @FILE, or - for stdin.
    #[arg(long, value_name = "BODY", allow_hyphen_values = true)]
    body: Option<String>,
    /// A field of the query; may be given several times.
    #[arg(long, value_name = "NAME=VALUE", value_parser = field)]
    query: Vec<(String, String)>,
    /// Print the status and the headers before the body.
    #[arg(long, short)]
    include: bool,
    /// Read every page of a list, and print one array of all items.
    #[arg(long, conflicts_with_all = ["include", "body"])]
    paginate: bool,
}

pub(crate) async fn run(args: Args, session: &Session) -> Result<ExitStatus, CliError> {
    let Args { method, path, body, query, include, paginate } = args;
    if paginate && method != Method::GET {
        return Err(CliError::usage(format!("only a GET has pages, not a {method}")));
    }
    let body = match body {
        Some(body) => Some(read_body(body).await?),
        None => None,
    };
    let path = if path.starts_with('/') { path } else { format!("/api/v1/{path}") };
    let client = session.client()?;
    let request = RawRequest { method, path, query, body };
    if paginate {
        return all_pages(&client, request, session).await;
    }
    let reply = client.raw(&request).await?;
    if include {
        session.printer.data(&head(&reply))?;
    }
    let status = reply.status();
    if !status.is_success() {
        let body = reply.bytes().await?;
        let problem = RawReply::refusal(status, &body);
        session.printer.data(&String::from_utf8_lossy(&body))?;
        return Err(ClientError::Problem(Box::new(problem)).into());
    }
    // Somebody who asks for a form gets it; the answer as it came is what everybody else means by "raw".
    if session.form.format.is_for_people() {
        pass_on(reply, session).await?;
    } else {
        let body = reply.bytes().await?;
        formed(&body, session)?;
    }
    Ok(ExitStatus::Done)
}

/// Prints a body as it comes, part by part.
async fn pass_on(mut reply: RawReply, session: &Session) -> Result<(), CliError> {
    let mut ends_line = true;
    let mut held = Vec::new();
    while let Some(chunk) = reply.chunk().await? {
        held.extend_from_slice(&chunk);
        // A character may be cut in two by the network.
        let whole = match std::str::from_utf8(&held) {
            Err(error) if error.error_len().is_none() => error.valid_up_to(),
            _ => held.len(),
        };
        let part: Vec<u8> = held.drain(..whole).collect();
        ends_line = part.last().map_or(ends_line, |last| *last == b'\n');
        session.printer.raw(&String::from_utf8_lossy(&part))?;
    }
    if !held.is_empty() || !ends_line {
        session.printer.raw(&format!("{}\n", String::from_utf8_lossy(&held)))?;
    }
    Ok(())
}

/// Prints a body of JSON in the form that was asked for; what is no JSON as it is.
fn formed(body: &[u8], session: &Session) -> Result<(), CliError> {
    match serde_json::from_slice::<Value>(body) {
        Ok(value) => session.record(&value, &json_line(&value), String::new),
        Err(_) => session.printer.data(&String::from_utf8_lossy(body)),
    }
}

/// Follows the cursors of a list; its items are printed page by page.
async fn all_pages(
    client: &Client,
    mut request: RawRequest,
    session: &Session,
) -> Result<ExitStatus, CliError> {
    let each_a_line = session.form.format == Format::Ndjson;
    let mut opened = false;
    loop {
        let reply = client.raw(&request).await?;
        let status = reply.status();
        let body = reply.bytes().await?;
        if !status.is_success() {
            return Err(ClientError::Problem(Box::new(RawReply::refusal(status, &body))).into());
        }
        let page: Value = serde_json::from_slice(&body)
            .map_err(|error| CliError::new(ExitStatus::Failed, format!("the answer is not JSON: {error}")))?;
        let Some(items) = page.get("items").and_then(Value::as_array) else {
            return Err(CliError::usage(format!("{} answers no list of pages", request.path))
                .hint("leave --paginate out"));
        };
        let mut text = String::new();
        for item in items {
            text += if each_a_line || !opened { "" } else { ",\n" };
            text += if each_a_line || opened { "" } else { "[\n" };
            text += &json_line(item);
            text += if each_a_line { "\n" } else { "" };
            opened = true;
        }
        session.printer.raw(&text)?;
        match page.get("next_cursor").and_then(Value::as_str) {
            Some(cursor) => {
                request.query.retain(|(name, _)| name != "cursor");
                request.query.push(("cursor".to_owned(), cursor.to_owned()));
            }
            None => break,
        }
    }
    if !each_a_line {
        session.printer.raw(if opened { "\n]\n" } else { "[]\n" })?;
    }
    Ok(ExitStatus::Done)
}

fn head(reply: &RawReply) -> String {
    let status = reply.status();
    let mut head = format!("HTTP/1.1 {status}\n");
    for (name, value) in reply.headers() {
        head += &format!("{name}: {}\n", String::from_utf8_lossy(value.as_bytes()));
    }
    super::calm(&head) + "\n"
}

/// The bytes of `--body`, which are JSON before they are sent.
async fn read_body(told: String) -> Result<Vec<u8>, CliError> {
    let (bytes, from) = match told.strip_prefix('@') {
        Some(path) => {
            let bytes = fs::read(path)
                .map_err(|error| CliError::usage(format!("cannot read the body from {path}: {error}")))?;
            (bytes, path.to_owned())
        }
        None if told == "-" => {
            if io::stdin().is_terminal() {
                return Err(CliError::usage("'-' reads the body from a pipe, and there is none"));
            }
            let read = || {
                let mut bytes = Vec::new();
                io::stdin().read_to_end(&mut bytes).map(|_| bytes).map_err(CliError::input)
            };
            (aside(read).await?, "stdin".to_owned())
        }
        None => (told.into_bytes(), "--body".to_owned()),
    };
    match serde_json::from_slice::<serde::de::IgnoredAny>(&bytes) {
        Ok(_) => Ok(bytes),
        Err(error) => Err(CliError::usage(format!("the body from {from} is not JSON: {error}"))),
    }
}

fn method(text: &str) -> Result<Method, String> {
    let known = [Method::GET, Method::POST, Method::PUT, Method::DELETE];
    known
        .into_iter()
        .find(|method| method.as_str().eq_ignore_ascii_case(text))
        .ok_or_else(|| "expected GET, POST, PUT or DELETE".to_owned())
}

fn field(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("expected NAME=VALUE".to_owned()),
    }
}
