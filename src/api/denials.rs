//! [`Denials`]: whom nobody knows and who was turned away, counted by address, so that a flood of strangers is a few
//! entries of the audit log and not a flood of them.

use std::{
    collections::BTreeMap,
    net::IpAddr,
    sync::{Mutex, MutexGuard, PoisonError},
};

use jiff::Timestamp;
use serde_json::json;
use tokio::sync::Notify;

use super::{address::household, app::App, clock};
use crate::core::{change::Change, error::Error, usecase::Origin};

/// Addresses that are counted apart between two entries; the others are counted together.
const MOST: usize = 256;

/// Where somebody was turned away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Door {
    /// Signing in with a password.
    SignIn,
    /// A call without credentials that hold.
    Credentials,
    /// A node that would join.
    Join,
    /// An agent that could not prove itself.
    Agent,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Counts {
    sign_in: u64,
    credentials: u64,
    join: u64,
    agent: u64,
}

impl Counts {
    const fn at(&mut self, door: Door) -> &mut u64 {
        match door {
            Door::SignIn => &mut self.sign_in,
            Door::Credentials => &mut self.credentials,
            Door::Join => &mut self.join,
            Door::Agent => &mut self.agent,
        }
    }

    fn add(&mut self, other: Self) {
        self.sign_in += other.sign_in;
        self.credentials += other.credentials;
        self.join += other.join;
        self.agent += other.agent;
    }
}

/// What was counted since the last entries.
#[derive(Debug, Default)]
struct Counted {
    since: Option<Timestamp>,
    addresses: BTreeMap<IpAddr, Counts>,
    others: Counts,
}

impl Counted {
    /// The counts of an address, where there is room for it.
    fn of(&mut self, address: Option<IpAddr>) -> &mut Counts {
        match address.map(household) {
            Some(address) if self.addresses.len() < MOST || self.addresses.contains_key(&address) => {
                self.addresses.entry(address).or_default()
            }
            _ => &mut self.others,
        }
    }
}

/// Counts denials.
#[derive(Debug, Default)]
pub struct Denials {
    counted: Mutex<Counted>,
    noted: Notify,
}

impl Denials {
    /// Counts one.
    pub fn note(&self, address: Option<IpAddr>, door: Door) {
        let mut counted = self.counted();
        *counted.of(address).at(door) += 1;
        if counted.since.is_none() {
            counted.since = Some(clock::now());
            self.noted.notify_one();
        }
    }

    /// Waits until there is something to write.
    pub async fn noted(&self) {
        self.noted.notified().await;
    }

    /// Writes what was counted: an entry for each address, and one for the others.
    ///
    /// # Errors
    /// The store cannot write; what it did not take is counted still.
    pub async fn write(&self, app: &App) -> Result<(), Error> {
        let counted = std::mem::take(&mut *self.counted());
        let Some(since) = counted.since else { return Ok(()) };
        let others = (counted.others != Counts::default()).then_some((None, counted.others));
        let addresses = counted.addresses.into_iter().map(|(address, counts)| (Some(address), counts));
        let commits = addresses.chain(others).map(|(address, counts)| async move {
            let words = address.map_or_else(|| "others".to_owned(), |address| address.to_string());
            let origin = Origin {
                actor: "anonymous".into(),
                address: Some(words),
                ..Origin::server(clock::now(), app.server.to_string())
            };
            let facts = json!({
                "sign_in": counts.sign_in,
                "credentials": counts.credentials,
                "join": counts.join,
                "agent": counts.agent,
                "since": since,
            });
            let entry = origin.denied("anonymous.denied", "api", facts);
            (address, counts, app.store.commit(Change::new().audit(entry)).await)
        });
        // Together, so that the writer takes them as one batch.
        let mut outcome = Ok(());
        for (address, counts, written) in futures_util::future::join_all(commits).await {
            if let Err(error) = written {
                let mut counted = self.counted();
                counted.of(address).add(counts);
                counted.since.get_or_insert(since);
                outcome = Err(error.into());
            }
        }
        if outcome.is_err() {
            self.noted.notify_one();
        }
        outcome
    }

    fn counted(&self) -> MutexGuard<'_, Counted> {
        self.counted.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_of_addresses_is_counted_in_bounded_room() {
        let denials = Denials::default();
        for host in 0..10_000_u32 {
            denials.note(Some(IpAddr::from(host.to_be_bytes())), Door::SignIn);
        }
        denials.note(Some(IpAddr::from([0, 0, 0, 1])), Door::Join);
        denials.note(None, Door::Agent);
        let counted = denials.counted();
        assert_eq!(counted.addresses.len(), MOST);
        assert_eq!(counted.others, Counts { sign_in: 10_000 - MOST as u64, agent: 1, ..Counts::default() });
        let known = counted.addresses[&IpAddr::from([0, 0, 0, 1])];
        assert_eq!(known, Counts { sign_in: 1, join: 1, ..Counts::default() });
    }
}
