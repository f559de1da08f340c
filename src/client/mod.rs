//! Typed calls to a server, over [`Endpoint`](crate::proto::endpoint::Endpoint).
