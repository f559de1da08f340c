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
use crate::core::change::{Change, CommitError, Committed, Conflict, Rows, Statement};

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
///
/// Refusals are rare and savepoints take a fifth of the time, so the changes first run without, unless they are
/// `doubtful`; at a refusal the transaction is undone and each runs again under its own.
pub(super) fn commit(
    statements: &mut Statements<'_>,
    heads: Heads,
    origin: &Origin,
    changes: Vec<Change>,
    doubtful: bool,
) -> rusqlite::Result<Written> {
    let outcomes = if !doubtful && run_together(statements, &changes)? {
        vec![Ok(()); changes.len()]
    } else {
        run_apart(statements, &changes)?
    };
    let mut journal = Journal::after(heads);
    let answers = changes
        .into_iter()
        .zip(outcomes)
        .map(|(Change { events, audit, .. }, outcome)| {
            outcome.map(|()| Committed { sequence: journal.append(origin, events, audit) })
        })
        .collect();
    journal.write(statements, origin)?;
    statements.control("COMMIT")?;
    Ok(Written { answers, journal })
}

/// Runs the changes in a transaction that it opens; at a refusal it is undone and the answer is `false`.
fn run_together(statements: &mut Statements<'_>, changes: &[Change]) -> rusqlite::Result<bool> {
    statements.control("BEGIN IMMEDIATE")?;
    for change in changes {
        match apply(statements, &change.statements) {
            Ok(()) => {}
            Err(Refusal::Change(_)) => {
                statements.control("ROLLBACK")?;
                return Ok(false);
            }
            Err(Refusal::Batch(error)) => return Err(error),
        }
    }
    Ok(true)
}

/// Runs the changes in a transaction that it opens, each under a savepoint of its own; says which were undone.
fn run_apart(
    statements: &mut Statements<'_>,
    changes: &[Change],
) -> rusqlite::Result<Vec<Result<(), CommitError>>> {
    statements.control("BEGIN IMMEDIATE")?;
    let mut outcomes = Vec::with_capacity(changes.len());
    for change in changes {
        statements.control("SAVEPOINT change")?;
        let outcome = match apply(statements, &change.statements) {
            Ok(()) => Ok(()),
            Err(Refusal::Change(error)) => {
                statements.control("ROLLBACK TO change")?;
                Err(error)
            }
            Err(Refusal::Batch(error)) => return Err(error),
        };
        statements.control("RELEASE change")?;
        outcomes.push(outcome);
    }
    Ok(outcomes)
}

fn apply(statements: &mut Statements<'_>, change: &[Statement]) -> Result<(), Refusal> {
    for statement in change {
        let touched = match statement.rows {
            Rows::Found => statements.finds(statement.sql, &statement.values).map(usize::from),
            Rows::Exactly(_) | Rows::Any => statements.run(statement.sql, &statement.values),
        };
        match touched {
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
