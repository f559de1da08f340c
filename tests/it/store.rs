//! The store: one suite that every engine passes, and what survives a crash.
