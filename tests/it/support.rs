//! Rules that every test follows.
