//! [`Peer`]: whoever is at the other end of a TLS connection where agents are managed.

use crate::core::{certificate::Binding, usecase::certify::Shown};

/// The other end of a connection to where agents are managed.
#[derive(Clone, Debug)]
pub struct Peer {
    /// What both ends know and nobody else.
    pub binding: Binding,
    /// The certificate that it showed; without one it can join and ask for one, and nothing else.
    pub certificate: Option<Shown>,
}
