//! The store: SQLite files for control data and for telemetry.
