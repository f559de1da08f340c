//! The `worpen` program.

fn main() {}
