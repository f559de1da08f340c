-- What the engine of commands remembers. Priorities are 0 (critical) to 3 (low).

ALTER TABLE commands ADD COLUMN priority     INTEGER NOT NULL DEFAULT 2;
ALTER TABLE commands ADD COLUMN max_retries  INTEGER NOT NULL DEFAULT 0;
ALTER TABLE commands ADD COLUMN idempotent   INTEGER NOT NULL DEFAULT 0;
ALTER TABLE commands ADD COLUMN scheduled_at INTEGER;
ALTER TABLE commands ADD COLUMN precondition TEXT;
ALTER TABLE commands ADD COLUMN rollout      TEXT;
ALTER TABLE commands ADD COLUMN output_bytes INTEGER NOT NULL DEFAULT 0;
ALTER TABLE commands ADD COLUMN plan         TEXT;
ALTER TABLE commands ADD COLUMN schedule     TEXT;
-- The arguments with their secrets, sealed with the server's key, until the command has ended; `args` has none.
ALTER TABLE commands ADD COLUMN sealed_args  BLOB;
CREATE INDEX command_schedule ON commands (schedule, id) WHERE schedule IS NOT NULL;

ALTER TABLE executions ADD COLUMN batch        INTEGER NOT NULL DEFAULT 0;
-- Its part of a rollout has not begun: it may not be sent, and does not expire.
ALTER TABLE executions ADD COLUMN held         INTEGER NOT NULL DEFAULT 0;
ALTER TABLE executions ADD COLUMN not_before   INTEGER;
ALTER TABLE executions ADD COLUMN expires_at   INTEGER;
ALTER TABLE executions ADD COLUMN cancelled_at INTEGER;
ALTER TABLE executions ADD COLUMN output       TEXT;
-- When the server acts by itself if nothing is heard: a queued one expires, a started one is given up.
ALTER TABLE executions ADD COLUMN due_at       INTEGER;
UPDATE executions SET expires_at = (SELECT expires_at FROM commands WHERE commands.id = command_id);
UPDATE executions SET due_at = expires_at WHERE status = 'queued';
CREATE INDEX execution_due ON executions (due_at) WHERE due_at IS NOT NULL;

-- Rollouts that are under way: the part that runs, and when the next may begin.
CREATE TABLE rollouts (
    command_id TEXT    NOT NULL PRIMARY KEY REFERENCES commands (id),
    batch      INTEGER NOT NULL,
    resume_at  INTEGER
) STRICT, WITHOUT ROWID;

CREATE TABLE plans (
    id         TEXT    NOT NULL PRIMARY KEY,
    request    TEXT    NOT NULL,
    sealed     BLOB,
    targets    TEXT    NOT NULL,
    actor      TEXT    NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    applied_at INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX plan_expiry ON plans (expires_at);

CREATE TABLE schedules (
    id           TEXT    NOT NULL PRIMARY KEY,
    name         TEXT    NOT NULL UNIQUE,
    cron         TEXT    NOT NULL,
    time_zone    TEXT    NOT NULL,
    overlap      TEXT    NOT NULL,
    request      TEXT    NOT NULL,
    sealed       BLOB,
    actor        TEXT    NOT NULL,
    -- Whose rights are looked at each time: the user, and the key that was shown.
    user_id      TEXT    NOT NULL,
    key_id       TEXT,
    created_at   INTEGER NOT NULL,
    paused       INTEGER NOT NULL,
    next_at      INTEGER,
    last_at      INTEGER,
    last_command TEXT,
    last_error   TEXT
) STRICT, WITHOUT ROWID;
CREATE INDEX schedule_next ON schedules (next_at) WHERE next_at IS NOT NULL;

-- What the agents' sites defined, by agent.
ALTER TABLE agents ADD COLUMN verbs TEXT NOT NULL DEFAULT '[]';
