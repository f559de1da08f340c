//! Typed identifiers: a UUIDv7 (RFC 9562) under a name of its own, so that one kind cannot stand for another.

use std::{fmt, str::FromStr};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// A fresh id; in a thread that a test has [seeded], the next of the seed's.
fn fresh() -> Uuid {
    #[cfg(test)]
    if let Some(next) = seeded::next() {
        return next;
    }
    Uuid::now_v7()
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
        #[serde(transparent)]
        pub struct $name(Uuid);

        impl $name {
            /// Makes a fresh, time-ordered id.
            #[must_use]
            pub fn generate() -> Self {
                Self(fresh())
            }

            /// Wraps an id that came from outside.
            #[must_use]
            pub const fn from_uuid(uuid: Uuid) -> Self {
                Self(uuid)
            }

            /// The sixteen bytes of the id.
            #[must_use]
            pub const fn as_bytes(&self) -> &[u8; 16] {
                self.0.as_bytes()
            }

            /// When it was made, by the clock of who made it, in milliseconds since 1970; `None` of one that does not say.
            #[must_use]
            pub fn made_at_ms(&self) -> Option<u64> {
                let bytes = self.as_bytes();
                let is_v7 = bytes[6] >> 4 == 7;
                is_v7.then(|| bytes[..6].iter().fold(0, |time, byte| time << 8 | u64::from(*byte)))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.parse().map(Self)
            }
        }
    )*};
}

ids! {
    /// A control plane's own id, made at its first start.
    ServerId;
    /// An enrolled agent; never reused, even when a node of the same name joins again.
    AgentId;
    /// A one-use permission to join.
    InvitationId;
    /// A person or a service account that signs in.
    UserId;
    /// An API key.
    KeyId;
    /// A user's sign-in, until it expires or is ended.
    SessionId;
    /// A command as its caller gave it.
    CommandId;
    /// One attempt of a command on one target.
    ExecutionId;
    /// A command that was looked at before it was given.
    PlanId;
    /// A command that is given by the clock.
    ScheduleId;
    /// An entry of the event log.
    EventId;
    /// One HTTP request; the correlation of everything it caused.
    RequestId;
}

/// Ids that a test can repeat.
#[cfg(test)]
pub(crate) mod seeded {
    use std::cell::Cell;

    use uuid::{Builder, Uuid};

    thread_local! {
        static NEXT: Cell<Option<(u64, u64)>> = const { Cell::new(None) };
    }

    /// From now on, ids of this thread come from a seed; or are fresh again.
    pub(crate) fn begin(seed: Option<u64>) {
        NEXT.set(seed.map(|seed| (seed, 0)));
    }

    pub(super) fn next() -> Option<Uuid> {
        let (seed, count) = NEXT.get()?;
        NEXT.set(Some((seed, count + 1)));
        // They rise with time, as others do, and their ends are as good as random.
        let mut bits = seed ^ count.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        let mut random = [0; 10];
        random[2..].copy_from_slice(&(bits ^ (bits >> 31)).to_be_bytes());
        Some(Builder::from_unix_timestamp_millis(1_800_000_000_000 + count, &random).into_uuid())
    }
}
