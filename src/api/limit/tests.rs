use futures_util::poll;

use super::*;
use crate::proto::{auth::ApiKey, user::Role};

fn limits(caller: u32, anonymous: u32) -> Limits {
    let set = RateLimits { caller, anonymous, window: Duration::from_secs(60) };
    Limits::new(&set, Duration::from_secs(86_400))
}

fn address(text: &str) -> IpAddr {
    text.parse().unwrap()
}

fn wait_of(refused: Result<impl Sized, Error>) -> u64 {
    match refused {
        Err(Error::TooMany { retry_after_s, .. }) => retry_after_s,
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("it was let through"),
    }
}

#[test]
fn an_address_has_its_count_and_hears_how_long_to_wait() {
    let limits = limits(1, 2);
    let one = address("192.0.2.1");
    assert!(limits.stranger(one).is_ok() && limits.stranger(one).is_ok());
    assert!((29..=30).contains(&wait_of(limits.stranger(one))));
    assert!(limits.stranger(address("192.0.2.2")).is_ok());
    assert_eq!(limits.refused.get(), 1);
    let neighbours = [address("2001:db8::1"), address("2001:db8::2"), address("2001:db8::3")];
    assert!(limits.stranger(neighbours[0]).is_ok() && limits.stranger(neighbours[1]).is_ok());
    assert!(limits.stranger(neighbours[2]).is_err(), "a household of IPv6 is one");
}

#[test]
fn many_keys_of_a_user_are_not_many_users() {
    // Whoever issued a key for every request was never slowed.
    let limits = limits(2, 2);
    let ada = crate::id::UserId::generate();
    let caller = |name: String| {
        let key = ApiKey {
            id: crate::id::KeyId::generate(),
            name,
            username: "ada".into(),
            role: Role::Viewer,
            created_at: jiff::Timestamp::UNIX_EPOCH,
            expires_at: jiff::Timestamp::UNIX_EPOCH,
            scope: None,
        };
        Caller { user: ada, username: "ada".into(), role: Role::Viewer, key: Some(key), session: None }
    };
    let let_in = (0..100).filter(|number| limits.caller(&caller(format!("key {number}"))).is_ok()).count();
    assert_eq!(let_in, 2 * USER_SHARE as usize);
    let grace = Caller { user: crate::id::UserId::generate(), ..caller("key 0".into()) };
    assert!(limits.caller(&grace).is_ok());
}

#[test]
fn who_guesses_a_password_is_slowed_and_its_owner_is_not() {
    let limits = limits(100, 100);
    let (thief, owner) = (address("192.0.2.1"), address("198.51.100.1"));
    for _ in 0..TRIES_AT_ONCE {
        assert!(limits.try_sign_in(thief, "ada").is_ok());
    }
    assert!((1..=6).contains(&wait_of(limits.try_sign_in(thief, "ada"))));
    assert!(limits.try_sign_in(owner, "ada").is_ok());
    assert!(limits.try_sign_in(thief, "grace").is_ok());
}

#[test]
fn many_addresses_guess_no_faster_and_lock_nobody_out() {
    let limits = limits(100, 100);
    let usual = address("198.51.100.1");
    limits.signed_in(usual, "ada");
    let thieves = (0..10 * NAME_TRIES_AT_ONCE).map(|n| IpAddr::V4((0x0a00_0000 + n).into()));
    let tried = thieves.filter(|thief| limits.try_sign_in(*thief, "ada").is_ok()).count();
    assert_eq!(tried, NAME_TRIES_AT_ONCE as usize);
    assert!((1..=6).contains(&wait_of(limits.try_sign_in(address("192.0.2.1"), "ada"))));
    assert!(limits.try_sign_in(usual, "ada").is_ok(), "where its holder signs in nothing is counted");
    assert!(limits.try_sign_in(address("192.0.2.1"), "grace").is_ok());
}

#[test]
fn a_fleet_behind_one_address_links() {
    let limits = limits(100, 100);
    let site = address("192.0.2.1");
    assert!((0..LINKS_AT_ONCE).all(|_| limits.link(site).is_ok()));
    assert!(limits.stranger(site).is_ok(), "links do not count as requests");
}

#[test]
fn unknown_credentials_of_one_address_are_bounded() {
    let limits = limits(100, 100);
    let (thief, other) = (address("192.0.2.1"), address("192.0.2.2"));
    let tried = (0..10 * UNPROVEN_AT_ONCE).take_while(|_| limits.unproven(thief).is_ok()).count();
    assert!(tried < 10 * UNPROVEN_AT_ONCE as usize, "{tried}");
    assert!(limits.unproven(other).is_ok() && limits.stranger(thief).is_ok());
}

#[test]
fn memory_does_not_grow_with_the_addresses_of_an_attack() {
    let limits = limits(100, 100);
    for n in 0..4 * u32::try_from(MOST_KEYS).unwrap() {
        let _ = limits.stranger(IpAddr::V4(n.into()));
    }
    let most = MOST_KEYS + TRIM_EVERY as usize + usize::try_from(SHARED).unwrap();
    assert!(limits.strangers.limiter.len() <= most, "{}", limits.strangers.limiter.len());
}

#[tokio::test]
async fn whoever_has_many_addresses_of_a_network_waits_behind_itself() {
    let (limits, hashing) = (limits(1000, 1000), Hashing::new(2));
    let from = |address: String| {
        let (limits, hashing) = (&limits, &hashing);
        Box::pin(async move { limits.sign_in(address.parse().unwrap(), "ada", hashing).await.unwrap() })
    };
    let first = [from("192.0.2.200".into()).await, from("192.0.2.201".into()).await];
    let mut crowd: Vec<_> = (0..10).map(|host| from(format!("192.0.2.{host}"))).collect();
    for one in &mut crowd {
        assert!(poll!(one).is_pending());
    }
    let mut owner = from("198.51.100.1".into());
    assert!(poll!(&mut owner).is_pending(), "all cores hash");
    drop(first);
    let turns = (poll!(&mut crowd[0]), poll!(&mut crowd[1]));
    assert!(turns.0.is_ready() && turns.1.is_ready(), "who came before");
    for one in &mut crowd[2..] {
        assert!(poll!(one).is_pending());
    }
    drop(turns);
    assert!(poll!(&mut owner).is_ready(), "the rest of the crowd is behind");
}

#[test]
fn an_agent_that_pours_is_slowed_and_one_that_catches_up_is_not() {
    let limits = limits(100, 100);
    let (loud, other) = (AgentId::generate(), AgentId::generate());
    assert!((0..4 * 512).all(|_| limits.frame(loud, 2000).is_ok()), "four windows of what it kept");
    assert!((0..10_000).any(|_| limits.frame(loud, 2000).is_err()));
    assert!(limits.frame(other, 2000).is_ok());
    assert!((0..1000).any(|_| limits.plain_frame(other, 100).is_err()));
    assert!(limits.frame(AgentId::generate(), usize::MAX).is_ok(), "the largest frame fits at once");
    assert!(
        (0..JUDGEMENTS_AT_ONCE).all(|_| limits.judgement(other).is_ok()) && limits.judgement(other).is_err()
    );
}
