//! Many callers' changes in one transaction: each is written as a whole or not at all, whatever its neighbours do.

use rusqlite::{
    ErrorCode,
    ffi::{
        SQLITE_CONSTRAINT_CHECK, SQLITE_CONSTRAINT_FOREIGNKEY, SQLITE_CONSTRAINT_PRIMARYKEY,
        SQLITE_CONSTRAINT_ROWID, SQLITE_CONSTRAINT_UNIQUE,
    },
};

use super::{
    journal::{Heads, Journal, Origin},
    statements::Statements,
};
use crate::core::change::{Change, CommitError, Committed, Conflict, Statement};

/// What became of a batch that is on disk.
pub(super) struct Written {
    /// What each caller is told.
    pub(super) answers: Vec<Result<Committed, CommitError>>,
    /// What was appended.
    pub(super) journal: Journal,
}

/// Why a statement did not do what it must.
enum Refusal {
    /// Its own change is undone.
    Change(CommitError),
    /// The file cannot be written: the whole batch is undone.
    Batch(rusqlite::Error),
}

/// Commits the changes after `heads`. After an error nothing of them is written, but a transaction may be open.
pub(super) fn commit(
    statements: &mut Statements<'_>,
    heads: Heads,
    origin: &Origin,
    changes: Vec<Change>,
) -> rusqlite::Result<Written> {
    // A change without neighbours is undone with its transaction.
    let alone = changes.len() == 1;
    let mut journal = Journal::after(heads);
    let mut answers = Vec::new();
    statements.control("BEGIN IMMEDIATE")?;
    for change in changes {
        if !alone {
            statements.control("SAVEPOINT change")?;
        }
        let answer = match apply(statements, &change.statements) {
            Ok(()) => Ok(Committed { sequence: journal.append(origin, change.events, change.audit) }),
            Err(Refusal::Change(error)) if alone => {
                statements.control("ROLLBACK")?;
                return Ok(Written { answers: vec![Err(error)], journal });
            }
            Err(Refusal::Change(error)) => {
                statements.control("ROLLBACK TO change")?;
                Err(error)
            }
            Err(Refusal::Batch(error)) => return Err(error),
        };
        if !alone {
            statements.control("RELEASE change")?;
        }
        answers.push(answer);
    }
    journal.write(statements)?;
    statements.control("COMMIT")?;
    Ok(Written { answers, journal })
}

fn apply(statements: &mut Statements<'_>, change: &[Statement]) -> Result<(), Refusal> {
    for statement in change {
        match statements.run(statement.sql, &statement.values) {
            Ok(touched) if statement.rows.allow(touched) => {}
            Ok(_) => return Err(conflict(statement)),
            Err(error) => return Err(refusal(statements, statement, error)),
        }
    }
    Ok(())
}

const fn conflict(statement: &Statement) -> Refusal {
    Refusal::Change(CommitError::Conflict(Conflict { statement: statement.name }))
}

fn refusal(statements: &Statements<'_>, statement: &Statement, error: rusqlite::Error) -> Refusal {
    // SQLite itself undoes the transaction after the worst of failures.
    if statements.connection().is_autocommit() {
        return Refusal::Batch(error);
    }
    match error.sqlite_error().map(|error| (error.code, error.extended_code)) {
        Some((
            _,
            SQLITE_CONSTRAINT_UNIQUE
            | SQLITE_CONSTRAINT_PRIMARYKEY
            | SQLITE_CONSTRAINT_ROWID
            | SQLITE_CONSTRAINT_FOREIGNKEY
            | SQLITE_CONSTRAINT_CHECK,
        )) => conflict(statement),
        // A statement that cannot be right, whatever the file holds; it takes nobody else down.
        None
        | Some((
            ErrorCode::Unknown
            | ErrorCode::ConstraintViolation
            | ErrorCode::TypeMismatch
            | ErrorCode::TooBig
            | ErrorCode::ParameterOutOfRange
            | ErrorCode::ApiMisuse,
            _,
        )) => Refusal::Change(CommitError::Unavailable(format!("{}: {error}", statement.name))),
        Some(_) => Refusal::Batch(error),
    }
}
