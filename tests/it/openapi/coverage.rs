//! docs/api.md.
