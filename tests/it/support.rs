//! What every area's tests share: what may be absent, and where randomness comes from.

use std::{
    env,
    time::{SystemTime, UNIX_EPOCH},
};

/// Says that a test cannot run for want of something; under continuous integration that is a failure.
pub(crate) fn absent(what: &str) {
    assert!(env::var("CI").as_deref() != Ok("true"), "absent under CI=true: {what}");
    eprintln!("skipped: {what}");
}

/// Random numbers (splitmix64) from a seed that is printed; `WORPEN_TEST_SEED` sets it.
#[derive(Clone, Debug)]
pub(crate) struct Seeded(u64);

impl Seeded {
    /// Takes a seed and prints it.
    pub(crate) fn new(test: &str) -> Self {
        let seed =
            env::var("WORPEN_TEST_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or_else(|| {
                SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |age| age.subsec_nanos().into())
            });
        eprintln!("{test}: WORPEN_TEST_SEED={seed}");
        Self(seed)
    }

    /// The next number of a range.
    pub(crate) fn within(&mut self, range: std::ops::Range<u64>) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        range.start + (bits ^ (bits >> 31)) % (range.end - range.start)
    }
}
