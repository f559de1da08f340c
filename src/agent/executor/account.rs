//! Accounts of this node, as `/etc/passwd` has them.

use std::{fs, io};

/// Where the accounts stand.
const PASSWD: &str = "/etc/passwd";

/// An account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Account {
    pub(super) name: String,
    pub(super) uid: u32,
    pub(super) gid: u32,
    pub(super) home: String,
}

/// The account of this name or number; `None` when there is none.
pub(super) fn find(user: &str) -> io::Result<Option<Account>> {
    Ok(search(&fs::read_to_string(PASSWD)?, user))
}

/// The account that this process runs as.
pub(super) fn own() -> Option<Account> {
    find(&rustix::process::geteuid().as_raw().to_string()).ok().flatten()
}

fn search(passwd: &str, user: &str) -> Option<Account> {
    let by_name = || passwd.lines().filter_map(read).find(|account| account.name == user);
    let by_number = || {
        let uid: u32 = user.parse().ok()?;
        passwd.lines().filter_map(read).find(|account| account.uid == uid)
    };
    by_name().or_else(by_number)
}

/// Reads `name:password:uid:gid:comment:home:shell` (passwd(5)).
fn read(line: &str) -> Option<Account> {
    let mut fields = line.split(':');
    let (name, _, uid, gid, _, home) =
        (fields.next()?, fields.next()?, fields.next()?, fields.next()?, fields.next()?, fields.next()?);
    Some(Account {
        name: name.to_owned(),
        uid: uid.parse().ok()?,
        gid: gid.parse().ok()?,
        home: if home.is_empty() { "/" } else { home }.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_is_found_by_its_name_or_number() {
        let passwd =
            "root:x:0:0:root:/root:/bin/sh\n# comment\nada:x:1000:100::/home/ada:/bin/sh\n7:x:8:8::/seven:\n";
        let ada = Account { name: "ada".into(), uid: 1000, gid: 100, home: "/home/ada".into() };
        assert_eq!(search(passwd, "ada"), Some(ada.clone()));
        assert_eq!(search(passwd, "1000"), Some(ada));
        assert_eq!(search(passwd, "7").map(|account| account.uid), Some(8), "a name goes before a number");
        assert_eq!((search(passwd, "eve"), search(passwd, "1001"), search(passwd, "")), (None, None, None));
    }
}
