//! Typed identifiers: a UUIDv7 (RFC 9562) under a name of its own, so that one kind cannot stand for another.

use std::{fmt, str::FromStr};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

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
                Self(Uuid::now_v7())
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
    /// A command as its caller gave it.
    CommandId;
    /// One attempt of a command on one target.
    ExecutionId;
    /// An entry of the event log.
    EventId;
    /// One HTTP request; the correlation of everything it caused.
    RequestId;
}
