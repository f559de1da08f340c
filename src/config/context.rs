//! Contexts: the servers that a person works with, and the key for each.
