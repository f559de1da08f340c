//! Randomness from the operating system.

/// So many random bytes.
///
/// # Panics
/// When the operating system gives none: nothing secret could be made then.
pub(super) fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("the operating system's random source works");
    bytes
}
