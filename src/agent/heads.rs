//! [`Heads`]: the heads of the server's audit log that this node was given, in a file that anybody can take to
//! `worpen audit verify --heads`. Whoever changes the server's log cannot change them here.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
};

use crate::{
    config::private,
    core::{
        audit::head::{SignedHead, heads_in},
        signing::PublicKey,
    },
    id::ServerId,
    proto::envelope::Envelope,
};

/// The file in the data folder.
pub(super) const FILE: &str = "audit-heads.jsonl";
/// How many heads are kept. Between the newest and the first they lie ever further apart.
const MOST: usize = 64;
/// Of these the newest are all kept.
const NEWEST: usize = 16;

/// The heads, in the order in which they were given.
pub(super) struct Heads {
    path: PathBuf,
    kept: Mutex<Vec<SignedHead>>,
}

impl Heads {
    /// Reads the file. One that cannot be read is begun anew, after a word in the log: it only ever accuses the server.
    pub(super) fn open(folder: &Path) -> Self {
        let path = folder.join(FILE);
        let text = match fs::read(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            Err(error) => {
                tracing::error!(path = %path.display(), %error, "the heads of the audit log cannot be read");
                Vec::new()
            }
        };
        let (heads, others) = heads_in(&text);
        if others > 0 {
            tracing::error!(path = %path.display(), others, "lines of this file are not heads of an audit log");
        }
        Self { path, kept: Mutex::new(heads.iter().filter_map(SignedHead::claimed).collect()) }
    }

    /// The last head that was given.
    pub(super) fn last(&self) -> Option<Envelope> {
        self.kept().last().map(|head| head.envelope.clone())
    }

    /// Keeps a head that this node's server signed; once this returns it is on disk.
    pub(super) fn take(
        &self,
        envelope: &Envelope,
        trusted: &[PublicKey],
        server: ServerId,
    ) -> Result<(), String> {
        let head = SignedHead::open(trusted, envelope).map_err(|why| why.to_string())?;
        if head.server != server {
            return Err(format!("it is of server {}", head.server));
        }
        let mut kept = self.kept();
        if kept.last().is_some_and(|last| last.chain == head.chain) {
            return Ok(());
        }
        if let Some(last) = kept.last().filter(|last| last.chain.number >= head.chain.number) {
            tracing::error!(
                had = last.chain.number,
                given = head.chain.number,
                "the server's audit log went back: it was restored or changed; both heads are kept"
            );
        }
        let mut heads = kept.clone();
        heads.push(head);
        thin(&mut heads);
        let lines = heads.iter().map(|head| serde_json::to_string(&head.envelope).map(|line| line + "\n"));
        let text: String = lines.collect::<Result<_, _>>().map_err(|error| error.to_string())?;
        if let Err(error) = private::replace(&self.path, text.as_bytes()) {
            // It is no fault of the server's, and the next head comes.
            tracing::error!(path = %self.path.display(), %error, "a head of the audit log cannot be kept");
            return Ok(());
        }
        *kept = heads;
        Ok(())
    }

    fn kept(&self) -> MutexGuard<'_, Vec<SignedHead>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Lets go of the head that is missed least: the one whose neighbours are nearest to each other for their age.
fn thin(heads: &mut Vec<SignedHead>) {
    while heads.len() > MOST {
        let now = heads.last().map_or(0, |head| head.time.as_second());
        let missed_least = (1..heads.len() - NEWEST).min_by_key(|place| {
            let hole = heads[place + 1].time.as_second().saturating_sub(heads[place - 1].time.as_second());
            let age = now.saturating_sub(heads[*place].time.as_second()).max(1);
            i128::from(hole) * 1_000_000 / i128::from(age)
        });
        match missed_least {
            Some(place) => heads.remove(place),
            None => return,
        };
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::core::{audit::ChainHead, signing::SigningKey};

    fn head(key: &SigningKey, server: ServerId, number: u64) -> SignedHead {
        let chain = ChainHead { number, hash: [7; 32] };
        let time = Timestamp::from_second(i64::try_from(number).unwrap() * 60).unwrap();
        SignedHead::sign(key, server, chain, time)
    }

    #[test]
    fn heads_of_its_server_alone_are_kept_and_survive_a_restart() {
        let folder = tempfile::tempdir().unwrap();
        let (key, other) = (SigningKey::from_seed(&[1; 32]), SigningKey::from_seed(&[2; 32]));
        let server = ServerId::generate();
        let heads = Heads::open(folder.path());
        assert_eq!(heads.last(), None);
        let good = head(&key, server, 5).envelope;
        heads.take(&good, &[key.public()], server).unwrap();
        heads.take(&head(&other, server, 6).envelope, &[key.public()], server).unwrap_err();
        heads.take(&head(&key, ServerId::generate(), 6).envelope, &[key.public()], server).unwrap_err();
        assert_eq!(Heads::open(folder.path()).last(), Some(good.clone()));

        let back = head(&key, server, 3).envelope;
        heads.take(&back, &[key.public()], server).unwrap();
        let (both, _) = heads_in(&fs::read(folder.path().join(FILE)).unwrap());
        assert_eq!(both, [good, back], "a log that went back does not push out what was");
    }

    #[test]
    fn a_year_of_heads_leaves_few_and_old_ones_among_them() {
        let (key, server) = (SigningKey::from_seed(&[1; 32]), ServerId::generate());
        let first = head(&key, server, 1);
        let mut heads = vec![first.clone()];
        for number in 2..20_000 {
            heads.push(SignedHead {
                chain: ChainHead { number, hash: [7; 32] },
                time: first.time + jiff::SignedDuration::from_mins(number.cast_signed()),
                ..first.clone()
            });
            thin(&mut heads);
        }
        assert_eq!(heads.len(), MOST);
        let numbers: Vec<_> = heads.iter().map(|head| head.chain.number).collect();
        assert_eq!(numbers[0], 1);
        assert!(numbers[MOST - NEWEST..].windows(2).all(|pair| pair[1] == pair[0] + 1), "{numbers:?}");
        let older = numbers.iter().filter(|number| (2..10_000).contains(*number)).count();
        assert!(older >= 5, "{numbers:?}");
    }
}
