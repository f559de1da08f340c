-- Agents that are not ours: they prove themselves by a token alone, of which the hash is kept. Who has a row here has no
-- key in `agents`, and who has a key there has no row here.

CREATE TABLE bearers (
    agent      TEXT    NOT NULL PRIMARY KEY REFERENCES agents (id),
    token_hash TEXT    NOT NULL UNIQUE,
    created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- What such an agent was sent and has not answered ends when its time is over.
CREATE INDEX execution_started ON executions (agent, id, command_id) WHERE status = 'started';
