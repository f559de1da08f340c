//! The numbered changes of a file's form, each applied once, in one transaction.

use jiff::Timestamp;
use rusqlite::{Connection, TransactionBehavior, params};
use sha2::{Digest, Sha256};

use super::{OpenError, connection::DatabaseFile};

/// One change of form.
pub(super) struct Migration {
    name: &'static str,
    sql: &'static str,
}

macro_rules! migrations {
    ($folder:literal: $($name:literal),*) => {
        &[$(Migration { name: $name, sql: include_str!(concat!("migration/", $folder, "/", $name, ".sql")) }),*]
    };
}

/// Of the control data.
pub(super) const CONTROL: &[Migration] = migrations!("control": "0001_spine", "0002_bearers", "0003_engine", "0004_certificates", "0005_scopes", "0006_audit", "0007_audit_keys");

/// Of what executions print.
pub(super) const OUTPUT: &[Migration] = migrations!("output": "0001_pieces");

/// Of the telemetry.
pub(super) const TELEMETRY: &[Migration] = migrations!("telemetry": "0001_samples", "0002_parts");

/// Brings a file to the newest form; refuses a file whose migrations are not the first of `known`.
pub(super) fn migrate(
    file: &DatabaseFile,
    connection: &mut Connection,
    known: &[Migration],
) -> Result<(), OpenError> {
    let applied = applied(connection).map_err(|source| file.failed(source))?;
    for (index, (name, checksum)) in applied.iter().enumerate() {
        let path = || file.path().to_owned();
        match known.get(index) {
            Some(migration) if migration.name == name && migration.checksum() == *checksum => {}
            Some(migration) if migration.name == name => {
                return Err(OpenError::Changed { path: path(), migration: name.clone() });
            }
            _ => return Err(OpenError::Newer { path: path(), migration: name.clone() }),
        }
    }
    for migration in known.iter().skip(applied.len()) {
        migration.apply(connection).map_err(|source| file.failed(source))?;
    }
    Ok(())
}

fn applied(connection: &Connection) -> rusqlite::Result<Vec<(String, String)>> {
    connection.execute_batch(
        "CREATE TABLE IF NOT EXISTS migrations (
             name       TEXT    NOT NULL PRIMARY KEY,
             checksum   TEXT    NOT NULL,
             applied_at INTEGER NOT NULL
         ) STRICT, WITHOUT ROWID",
    )?;
    connection
        .prepare("SELECT name, checksum FROM migrations ORDER BY name")?
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect()
}

impl Migration {
    fn checksum(&self) -> String {
        Sha256::digest(self.sql).iter().map(|byte| format!("{byte:02x}")).collect()
    }

    fn apply(&self, connection: &mut Connection) -> rusqlite::Result<()> {
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        transaction.execute_batch(self.sql)?;
        transaction.execute(
            "INSERT INTO migrations (name, checksum, applied_at) VALUES (?1, ?2, ?3)",
            params![self.name, self.checksum(), Timestamp::now().as_microsecond()],
        )?;
        transaction.commit()
    }
}

#[cfg(test)]
mod tests;
