//! [`Answers`]: how many answers of nodes are open at a time, in all, of each user and of each caller. Each may hold a window of memory
//! for as long as its reader is slow.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use crate::{
    core::{access::Caller, error::Error},
    id::UserId,
};

/// The most that are open: so many windows of a mebibyte at the worst.
const AT_A_TIME: usize = 512;
/// The most of one caller,
const OF_ONE_CALLER: usize = 64;
/// and of one user with all of its keys.
const OF_ONE_USER: usize = 4 * OF_ONE_CALLER;

/// A user, or a key of theirs.
type Who = (UserId, Option<String>);

/// The answers that are open, by who reads them.
#[derive(Debug, Default)]
pub(in crate::api) struct Answers {
    open: Mutex<HashMap<Who, usize>>,
}

/// The place of an open answer. Dropping it makes room.
#[derive(Debug)]
pub(in crate::api) struct Place {
    all: Arc<Answers>,
    who: Who,
}

impl Answers {
    /// A place for one more answer.
    ///
    /// # Errors
    /// This caller, its user, or all together read as many as they may.
    pub(in crate::api) fn place(self: &Arc<Self>, caller: &Caller) -> Result<Place, Error> {
        let who = (caller.user, caller.key.as_ref().map(|key| key.name.clone()));
        let mut open = self.open();
        if open.get(&who).is_some_and(|held| *held >= OF_ONE_CALLER) {
            let detail = format!("this caller reads {OF_ONE_CALLER} answers of nodes already; end one first");
            return Err(Error::TooMany { detail, retry_after_s: 1 });
        }
        let of_user = open.iter().filter(|((user, _), _)| *user == caller.user);
        if of_user.map(|(_, held)| held).sum::<usize>() >= OF_ONE_USER {
            let detail = format!(
                "this user reads {OF_ONE_USER} answers of nodes already, by all of its keys; end one first"
            );
            return Err(Error::TooMany { detail, retry_after_s: 1 });
        }
        if open.values().sum::<usize>() >= AT_A_TIME {
            let detail = format!("{AT_A_TIME} answers of nodes are read at this moment; ask again shortly");
            return Err(Error::Absent { code: "too_many_answers", detail });
        }
        *open.entry(who.clone()).or_default() += 1;
        drop(open);
        Ok(Place { all: self.clone(), who })
    }

    fn open(&self) -> MutexGuard<'_, HashMap<Who, usize>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut open = self.all.open();
        if let Some(held) = open.get_mut(&self.who) {
            *held -= 1;
            if *held == 0 {
                open.remove(&self.who);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        id::KeyId,
        proto::{auth::ApiKey, user::Role},
    };

    fn caller() -> Caller {
        Caller {
            user: UserId::generate(),
            username: "ada".into(),
            role: Role::Viewer,
            key: None,
            session: None,
        }
    }

    #[test]
    fn a_user_reads_no_more_by_having_many_keys() {
        let (all, user) = (Arc::new(Answers::default()), caller());
        let key = |number: usize| ApiKey {
            id: KeyId::generate(),
            name: format!("key {number}"),
            username: "ada".into(),
            role: Role::Viewer,
            created_at: jiff::Timestamp::UNIX_EPOCH,
            expires_at: jiff::Timestamp::UNIX_EPOCH,
            scope: None,
        };
        let placed = (0..AT_A_TIME)
            .map_while(|number| all.place(&Caller { key: Some(key(number)), ..user.clone() }).ok());
        assert_eq!(placed.collect::<Vec<_>>().len(), OF_ONE_USER);
        assert!(all.place(&user).is_ok(), "they are gone");
    }

    #[test]
    fn neither_one_caller_nor_all_read_more_than_there_is_memory_for() {
        let (all, greedy) = (Arc::new(Answers::default()), caller());
        let mut places: Vec<Place> = (0..OF_ONE_CALLER).map(|_| all.place(&greedy).unwrap()).collect();
        assert!(matches!(all.place(&greedy), Err(Error::TooMany { .. })));
        while places.len() < AT_A_TIME {
            places.push(all.place(&caller()).unwrap());
        }
        assert!(matches!(all.place(&caller()), Err(Error::Absent { code: "too_many_answers", .. })));
        drop(places);
        assert!(all.place(&greedy).is_ok());
        assert!(all.open().is_empty(), "who holds nothing is forgotten");
    }
}
