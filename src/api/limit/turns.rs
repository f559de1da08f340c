//! [`Turns`]: when whoever is refused may come again, so that a crowd does not come back as one.

use std::{
    collections::HashMap,
    net::IpAddr,
    time::{Duration, Instant},
};

/// No turn is further away: who waits so long counts anew.
const MOST: Duration = Duration::from_secs(60);
/// How many households are remembered; those whose turns are over are forgotten first.
const REMEMBERED: usize = 4096;

/// The last turn that each household was given.
#[derive(Debug, Default)]
pub(super) struct Turns(HashMap<IpAddr, Instant>);

impl Turns {
    /// Gives the next turn, so many a second in each household; how long it is until then.
    pub(super) fn next(&mut self, household: IpAddr, each_second: u32, now: Instant) -> Duration {
        if self.0.len() >= REMEMBERED && !self.0.contains_key(&household) {
            self.0.retain(|_, last| *last > now);
            if self.0.len() >= REMEMBERED {
                return MOST;
            }
        }
        let last = self.0.entry(household).or_insert(now);
        *last = ((*last).max(now) + Duration::from_secs(1) / each_second.max(1)).min(now + MOST);
        *last - now
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    #[test]
    fn a_crowd_is_spread_at_the_rate_at_which_it_is_let_in() {
        let (mut turns, now) = (Turns::default(), Instant::now());
        let (site, other) = (IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V4(Ipv4Addr::BROADCAST));
        let waits: Vec<u64> = (0..1000).map(|_| turns.next(site, 200, now).as_millis() as u64).collect();
        assert!(waits.is_sorted());
        assert_eq!((waits[0], waits[199], waits[999]), (5, 1000, 5000));
        assert_eq!(turns.next(other, 200, now).as_millis(), 5, "another site's crowd is its own");
        assert_eq!(turns.next(site, 200, now + Duration::from_secs(6)).as_millis(), 5, "it is over");
        assert!((0..20_000).all(|_| turns.next(site, 200, now) <= MOST));
    }
}
