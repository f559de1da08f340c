//! How fast changes are committed.

fn main() {}
