-- Control data. Times are microseconds since 1970 (UTC), ids and JSON are text, booleans are 0 or 1.
-- No constraint is deferred: the writer learns of a violation from the statement that caused it.

CREATE TABLE settings (
    name  TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE users (
    id            TEXT    NOT NULL PRIMARY KEY,
    username      TEXT    NOT NULL UNIQUE,
    role          TEXT    NOT NULL,
    password_hash TEXT    NOT NULL,
    created_at    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE api_keys (
    id          TEXT    NOT NULL PRIMARY KEY,
    user_id     TEXT    NOT NULL REFERENCES users (id),
    name        TEXT    NOT NULL,
    role        TEXT    NOT NULL,
    secret_hash TEXT    NOT NULL UNIQUE,
    created_at  INTEGER NOT NULL,
    expires_at  INTEGER NOT NULL,
    revoked_at  INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX api_key_user ON api_keys (user_id);

CREATE TABLE invitations (
    id          TEXT    NOT NULL PRIMARY KEY,
    name        TEXT    NOT NULL,
    site        TEXT    NOT NULL,
    secret_hash TEXT    NOT NULL,
    created_at  INTEGER NOT NULL,
    expires_at  INTEGER NOT NULL,
    used_at     INTEGER,
    used_by     TEXT
) STRICT, WITHOUT ROWID;

CREATE TABLE agents (
    id               TEXT    NOT NULL PRIMARY KEY,
    agent_id         TEXT    NOT NULL,
    site             TEXT    NOT NULL,
    status           TEXT    NOT NULL,
    status_since     INTEGER NOT NULL,
    version          TEXT,
    capabilities     TEXT    NOT NULL,
    labels           TEXT    NOT NULL,
    host             TEXT    NOT NULL,
    container_engine TEXT,
    created_at       INTEGER NOT NULL,
    last_seen_at     INTEGER,
    address          TEXT,
    public_key       TEXT    NOT NULL,
    epoch            INTEGER NOT NULL,
    offered_epoch    INTEGER NOT NULL,
    ingested         INTEGER NOT NULL,
    removed_at       INTEGER
) STRICT, WITHOUT ROWID;
-- Ids are never used again; a name is, once its holder is removed.
CREATE UNIQUE INDEX agent_name ON agents (agent_id) WHERE removed_at IS NULL;
-- Whoever had a name is found by it too, to be told that it was removed.
CREATE INDEX agent_any_name ON agents (agent_id, id);

-- Facts are a kilobyte or two; kept in the key's tree, each would take a page of its own.
CREATE TABLE containers (
    agent TEXT NOT NULL REFERENCES agents (id),
    id    TEXT NOT NULL,
    facts TEXT NOT NULL,
    PRIMARY KEY (agent, id)
) STRICT;

CREATE TABLE images (
    agent TEXT NOT NULL REFERENCES agents (id),
    id    TEXT NOT NULL,
    facts TEXT NOT NULL,
    PRIMARY KEY (agent, id)
) STRICT;

CREATE TABLE commands (
    id             TEXT    NOT NULL PRIMARY KEY,
    verb           TEXT    NOT NULL,
    args           TEXT    NOT NULL,
    actor          TEXT    NOT NULL,
    created_at     INTEGER NOT NULL,
    expires_at     INTEGER NOT NULL,
    timeout_s      INTEGER NOT NULL,
    correlation_id TEXT    NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE executions (
    id            TEXT    NOT NULL PRIMARY KEY,
    command_id    TEXT    NOT NULL REFERENCES commands (id),
    agent         TEXT    NOT NULL REFERENCES agents (id),
    node          TEXT    NOT NULL,
    attempt       INTEGER NOT NULL,
    status        TEXT    NOT NULL,
    cause         TEXT    NOT NULL,
    started_at    INTEGER,
    ended_at      INTEGER,
    result        TEXT,
    error_message TEXT,
    UNIQUE (command_id, agent, attempt)
) STRICT, WITHOUT ROWID;
CREATE INDEX execution_queued ON executions (agent, id, command_id) WHERE status = 'queued';

CREATE TABLE idempotency (
    caller     TEXT    NOT NULL,
    endpoint   TEXT    NOT NULL,
    key        TEXT    NOT NULL,
    body_hash  TEXT    NOT NULL,
    resource   TEXT    NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (caller, endpoint, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX idempotency_age ON idempotency (created_at);

-- The next sequence follows the last row, so whatever trims the log must leave its last row; so with the audit.
CREATE TABLE events (
    sequence    INTEGER NOT NULL PRIMARY KEY,
    id          TEXT    NOT NULL,
    kind        TEXT    NOT NULL,
    subject     TEXT,
    time        INTEGER NOT NULL,
    actor       TEXT    NOT NULL,
    correlation TEXT,
    causation   TEXT,
    data        TEXT    NOT NULL
) STRICT;

CREATE TABLE audit (
    number   INTEGER NOT NULL PRIMARY KEY,
    server   TEXT    NOT NULL,
    entry    TEXT    NOT NULL,
    previous BLOB    NOT NULL,
    hash     BLOB    NOT NULL
) STRICT;
