//! The server behind its port: what it answers, its clock, the token, the stream of events.

use std::time::Instant;

use http::{Method, header};
use jiff::{SignedDuration, Timestamp, fmt::rfc2822};

use super::{Finding, Report, bounded, chain};
use crate::{
    cli::{error::CliError, measure, whoami::end_of},
    client::{Client, ClientError, RawRequest},
    config::{context::Target, secret::Secret},
    proto::{
        auth::WhoAmI,
        endpoint::Empty,
        event::SubscribeRequest,
        status::{GetStatus, ServerStatus},
    },
};

/// Clocks that differ by more make ages wrong.
const SKEW_WARNS: SignedDuration = SignedDuration::from_secs(5);

/// Clocks that differ by more end tokens and signatures too early or too late.
const SKEW_FAILS: SignedDuration = SignedDuration::from_secs(60);

/// A token that ends within so many hours is worth a look.
const SOON_HOURS: i64 = 48;

/// Tests a server that accepts connections.
pub(super) async fn look(report: &mut Report<'_>, client: &Client, target: &Target) -> Result<(), CliError> {
    // Without a token: whether the server is well is told to everybody, and a token that is not is tested next.
    let (answers, clock) =
        health(&Client::trusting(&target.server, None, target.authority.as_deref())?).await;
    if !report.take(answers)? {
        return Ok(());
    }
    report.take(clock)?;
    let (credentials, holds) = token(client, target.token.as_ref()).await;
    report.take(credentials)?;
    if !holds {
        return Ok(());
    }
    report.take(version(client).await)?;
    report.take(websocket(client).await)?;
    Ok(())
}

/// Asks whether the server serves, and compares its clock with ours.
async fn health(client: &Client) -> (Finding, Finding) {
    let request =
        RawRequest { method: Method::GET, path: "/health".to_owned(), query: Vec::new(), body: None };
    let (begun, sent) = (Instant::now(), Timestamp::now());
    let reply = bounded(async { client.raw(&request).await.map_err(|error| chain(&error)) }).await;
    let took = begun.elapsed();
    let unknown = || Finding::skipped("clock", "the answer does not say what time it is there");
    let reply = match reply {
        Ok(reply) => reply,
        Err(reason) => {
            let cure = "is it a Worpen server? look at its log, or sign in to another with: worpen login";
            return (Finding::failed("server", reason, cure), unknown());
        }
    };
    let status = reply.status();
    let date = reply.headers().get(header::DATE).and_then(|date| date.to_str().ok());
    let date = date.and_then(|date| rfc2822::parse(date).ok()).map(|date| date.timestamp());
    let clock = date.map_or_else(unknown, |date| {
        // The moment that is told was somewhere in between, and is cut to whole seconds.
        let half = SignedDuration::try_from(took / 2).unwrap_or_default();
        let here = sent.checked_add(half).unwrap_or(sent);
        skew(here.duration_since(date) - SignedDuration::from_millis(500))
    });
    if !status.is_success() {
        let cure = "look at the server's log; a proxy in between may be the one that answers";
        return (Finding::failed("server", format!("/health answers {status}"), cure), clock);
    }
    (Finding::ok("server", format!("/health answers {status} ({} ms)", took.as_millis())), clock)
}

fn skew(ahead: SignedDuration) -> Finding {
    let apart = ahead.abs();
    let way = if ahead.is_negative() { "behind" } else { "ahead of" };
    let seconds = apart.as_millis().div_euclid(100);
    let found = format!("this clock is {}.{} s {way} the server's", seconds / 10, seconds % 10);
    let cure = "set the clocks by NTP here and there (timedatectl set-ntp true)";
    if apart > SKEW_FAILS {
        return Finding::failed("clock", found, cure);
    }
    if apart > SKEW_WARNS {
        return Finding::warning("clock", found, cure);
    }
    Finding::ok("clock", found)
}

/// Compares the server's version with ours.
async fn version(client: &Client) -> Finding {
    let here = env!("CARGO_PKG_VERSION");
    let asked = async { client.call::<GetStatus>(&Empty {}).await.map_err(|error| chain(&error)) };
    match bounded(asked).await {
        Ok(reply) => {
            let ServerStatus { version: there, .. } = reply.body;
            if line_of(&there) == line_of(here) {
                Finding::ok("version", format!("{there} there, {here} here"))
            } else {
                let cure = "bring the older of the two up to date";
                Finding::warning("version", format!("{there} there, {here} here"), cure)
            }
        }
        Err(reason) => Finding::warning("version", reason, "compare `worpen --version` here and there"),
    }
}

/// The part of a version whose change may change the protocol (semver).
fn line_of(version: &str) -> Vec<&str> {
    let parts: Vec<&str> = version.split('.').take(2).collect();
    if parts.first() == Some(&"0") { parts } else { parts.into_iter().take(1).collect() }
}

/// Asks who we are there, and until when.
async fn token(client: &Client, token: Option<&Secret>) -> (Finding, bool) {
    let sign_in = "sign in with: worpen login";
    let Some(token) = token else {
        return (Finding::failed("token", "there is none for this server", sign_in), false);
    };
    let asked = bounded(async { Ok(client.call::<WhoAmI>(&Empty {}).await) }).await;
    let identity = match asked {
        Ok(Ok(reply)) => reply.body,
        Ok(Err(ClientError::Problem(problem))) if problem.status == 401 => {
            return (Finding::failed("token", problem.detail.clone(), sign_in), false);
        }
        Ok(Err(error)) => {
            return (Finding::failed("token", chain(&error), "look at the server's log"), false);
        }
        Err(reason) => return (Finding::failed("token", reason, "look at the server's log"), false),
    };
    let who = format!("{} ({})", identity.username, identity.role.as_str());
    let Some(end) = end_of(&identity, Some(token)) else {
        return (Finding::ok("token", format!("it is that of {who}")), true);
    };
    let hours = end.duration_since(Timestamp::now()).as_hours();
    let found = format!("it is that of {who}, until {}", measure::moment(end));
    // A token that is signed for an hour is meant to end soon; a key is not.
    if identity.key.is_some() && hours < SOON_HOURS {
        return (Finding::warning("token", found, sign_in), true);
    }
    (Finding::ok("token", found), true)
}

/// Opens the stream of events.
async fn websocket(client: &Client) -> Finding {
    let begun = Instant::now();
    let mut stream = client.stream(SubscribeRequest::default());
    match bounded(async { stream.connect().await.map_err(|error| chain(&error)) }).await {
        Ok(()) => {
            Finding::ok("websocket", format!("events can be followed ({} ms)", begun.elapsed().as_millis()))
        }
        Err(reason) => {
            let cure = "have the proxy in between pass on the headers Upgrade and Connection";
            Finding::failed("websocket", reason, cure)
        }
    }
}
