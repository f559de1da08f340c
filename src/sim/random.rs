//! [`Random`]: small seeded randomness (splitmix64, Steele et al. 2014), so that a run can be had again.

use std::time::Duration;

use sha2::{Digest, Sha256};

/// A sequence of numbers that its seed decides.
#[derive(Clone, Debug)]
pub(super) struct Random(u64);

impl Random {
    /// The sequence of one agent.
    pub(super) fn of(seed: u64, name: &str) -> Self {
        Self(derive_number(seed, "random", name))
    }

    /// The sequence at one place of many that a key has.
    pub(super) const fn at(key: u64, place: u64) -> Self {
        Self(key ^ place.wrapping_mul(0xd1b5_4a32_d192_ed03))
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^ (bits >> 31)
    }

    /// A number below `end`, which is not 0.
    pub(super) fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    /// A number from 0 to 1, 1 not included.
    pub(super) fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// A step of a random walk, -1 to 1, small ones more often.
    pub(super) fn step(&mut self) -> f32 {
        (self.unit() + self.unit() - 1.0) as f32
    }

    /// How long until something happens that happens so often per minute (exponential); `None` when it never does.
    pub(super) fn until_next(&mut self, per_minute: f64) -> Option<Duration> {
        let seconds = -(1.0 - self.unit()).ln() * 60.0 / per_minute;
        Duration::try_from_secs_f64(seconds).ok().filter(|wait| *wait < Duration::from_hours(48))
    }
}

/// A number that seed, purpose and name decide.
pub(super) fn derive_number(seed: u64, purpose: &str, name: &str) -> u64 {
    let digest = derive(seed, purpose, name);
    u64::from_le_bytes([
        digest[0], digest[1], digest[2], digest[3], digest[4], digest[5], digest[6], digest[7],
    ])
}

/// 32 bytes that seed, purpose and name decide.
pub(super) fn derive(seed: u64, purpose: &str, name: &str) -> [u8; 32] {
    Sha256::digest(format!("worpen-sim\0{seed}\0{purpose}\0{name}")).into()
}
