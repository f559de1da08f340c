-- What keys are narrowed to (JSON), and the secret before the present one, while it still holds.
ALTER TABLE api_keys ADD COLUMN scope          TEXT;
ALTER TABLE api_keys ADD COLUMN previous_hash  TEXT;
ALTER TABLE api_keys ADD COLUMN previous_until INTEGER;
CREATE UNIQUE INDEX api_key_previous ON api_keys (previous_hash) WHERE previous_hash IS NOT NULL;

-- A user who is disabled signs in no more and has no effect through any key, schedule or command.
ALTER TABLE users ADD COLUMN disabled_at INTEGER;

-- Who signed in, each until it expires or is ended.
CREATE TABLE sessions (
    id         TEXT    NOT NULL PRIMARY KEY,
    user_id    TEXT    NOT NULL REFERENCES users (id),
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    ended_at   INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX session_user ON sessions (user_id);
CREATE INDEX session_expiry ON sessions (expires_at);

-- On whose behalf: looked at when something is asked for, and again right before it is sent.
ALTER TABLE commands ADD COLUMN by_user TEXT;
ALTER TABLE commands ADD COLUMN by_key  TEXT;
ALTER TABLE plans    ADD COLUMN by_user TEXT;
ALTER TABLE plans    ADD COLUMN by_key  TEXT;

-- What was given before this: by its actor's name, where that names one user, or one key of one user.
UPDATE commands SET by_user = (SELECT id FROM users WHERE 'user:' || username = actor) WHERE actor LIKE 'user:%';
UPDATE commands SET (by_user, by_key) = (
    SELECT min(user_id), min(api_keys.id) FROM api_keys JOIN users ON users.id = user_id
    WHERE 'key:' || username || '/' || name = actor HAVING count(*) = 1
) WHERE actor LIKE 'key:%';

-- The first admin is made once for a store, even if nobody is left of its users.
INSERT INTO settings (name, value) SELECT 'first_admin', 'made' WHERE EXISTS (SELECT 1 FROM users);
