//! What a server is told at its start.
