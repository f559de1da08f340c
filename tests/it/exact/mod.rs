//! Commands are done exactly once in effect: real servers and agents that are killed, lose their power, and are lied to.

mod disk;
mod drill;
mod kills;
mod pair;
mod power;
mod refused;

/// How often, unless the environment says otherwise.
fn times(variable: &str, unless_told: usize) -> usize {
    std::env::var(variable).ok().and_then(|text| text.parse().ok()).unwrap_or(unless_told)
}
