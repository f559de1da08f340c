-- Control data. Times are microseconds since 1970 (UTC), ids and JSON are text, booleans are 0 or 1.

CREATE TABLE settings (
    name  TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
);

CREATE TABLE users (
    id            TEXT   NOT NULL PRIMARY KEY,
    username      TEXT   NOT NULL UNIQUE,
    role          TEXT   NOT NULL,
    password_hash TEXT   NOT NULL,
    created_at    BIGINT NOT NULL
);

CREATE TABLE api_keys (
    id          TEXT   NOT NULL PRIMARY KEY,
    user_id     TEXT   NOT NULL REFERENCES users (id),
    name        TEXT   NOT NULL,
    role        TEXT   NOT NULL,
    secret_hash TEXT   NOT NULL UNIQUE,
    created_at  BIGINT NOT NULL,
    expires_at  BIGINT NOT NULL,
    revoked_at  BIGINT
);
CREATE INDEX api_key_user ON api_keys (user_id);

CREATE TABLE invitations (
    id          TEXT   NOT NULL PRIMARY KEY,
    name        TEXT   NOT NULL,
    site        TEXT   NOT NULL,
    secret_hash TEXT   NOT NULL,
    created_at  BIGINT NOT NULL,
    expires_at  BIGINT NOT NULL,
    used_at     BIGINT,
    used_by     TEXT
);

CREATE TABLE agents (
    id               TEXT   NOT NULL PRIMARY KEY,
    agent_id         TEXT   NOT NULL,
    site             TEXT   NOT NULL,
    status           TEXT   NOT NULL,
    status_since     BIGINT NOT NULL,
    version          TEXT,
    capabilities     TEXT   NOT NULL,
    labels           TEXT   NOT NULL,
    host             TEXT   NOT NULL,
    container_engine TEXT,
    created_at       BIGINT NOT NULL,
    last_seen_at     BIGINT,
    address          TEXT,
    public_key       TEXT   NOT NULL,
    epoch            BIGINT NOT NULL,
    offered_epoch    BIGINT NOT NULL,
    ingested         BIGINT NOT NULL,
    removed_at       BIGINT
);
-- Ids are never used again; a name is, once its holder is removed.
CREATE UNIQUE INDEX agent_name ON agents (agent_id) WHERE removed_at IS NULL;

CREATE TABLE containers (
    agent TEXT NOT NULL REFERENCES agents (id),
    id    TEXT NOT NULL,
    facts TEXT NOT NULL,
    PRIMARY KEY (agent, id)
);

CREATE TABLE images (
    agent TEXT NOT NULL REFERENCES agents (id),
    id    TEXT NOT NULL,
    facts TEXT NOT NULL,
    PRIMARY KEY (agent, id)
);

CREATE TABLE commands (
    id             TEXT   NOT NULL PRIMARY KEY,
    verb           TEXT   NOT NULL,
    args           TEXT   NOT NULL,
    actor          TEXT   NOT NULL,
    created_at     BIGINT NOT NULL,
    expires_at     BIGINT NOT NULL,
    timeout_s      BIGINT NOT NULL,
    correlation_id TEXT   NOT NULL
);

CREATE TABLE executions (
    id            TEXT   NOT NULL PRIMARY KEY,
    command_id    TEXT   NOT NULL REFERENCES commands (id),
    agent         TEXT   NOT NULL REFERENCES agents (id),
    node          TEXT   NOT NULL,
    attempt       BIGINT NOT NULL,
    status        TEXT   NOT NULL,
    cause         TEXT   NOT NULL,
    started_at    BIGINT,
    ended_at      BIGINT,
    result        TEXT,
    error_message TEXT,
    UNIQUE (command_id, agent, attempt)
);
CREATE INDEX execution_queued ON executions (agent) WHERE status = 'queued';

CREATE TABLE idempotency (
    caller     TEXT   NOT NULL,
    endpoint   TEXT   NOT NULL,
    key        TEXT   NOT NULL,
    body_hash  TEXT   NOT NULL,
    resource   TEXT   NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (caller, endpoint, key)
);
CREATE INDEX idempotency_age ON idempotency (created_at);

CREATE TABLE events (
    sequence    INTEGER NOT NULL PRIMARY KEY,
    id          TEXT    NOT NULL,
    kind        TEXT    NOT NULL,
    subject     TEXT,
    time        BIGINT  NOT NULL,
    actor       TEXT    NOT NULL,
    correlation TEXT,
    causation   TEXT,
    data        TEXT    NOT NULL
);

CREATE TABLE audit (
    number   INTEGER NOT NULL PRIMARY KEY,
    server   TEXT    NOT NULL,
    entry    TEXT    NOT NULL,
    previous BLOB    NOT NULL,
    hash     BLOB    NOT NULL
);
