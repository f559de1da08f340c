-- What the fleet trusts: authorities and the keys that sign commands, public halves only. One of a kind is active.

CREATE TABLE anchors (
    id          TEXT    NOT NULL PRIMARY KEY,
    kind        TEXT    NOT NULL,
    state       TEXT    NOT NULL,
    material    TEXT    NOT NULL,
    endorsement TEXT,
    revision    INTEGER NOT NULL,
    created_at  INTEGER NOT NULL,
    since       INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX anchor_active ON anchors (kind) WHERE state = 'active';
CREATE UNIQUE INDEX anchor_prepared ON anchors (kind) WHERE state = 'prepared';

-- What an agent holds: the certificate that it uses, the one that was made for it since, and what it trusts. No other
-- certificate of an agent is let in.
CREATE TABLE credentials (
    agent             TEXT    NOT NULL PRIMARY KEY REFERENCES agents (id),
    serial            TEXT,
    authority         TEXT,
    not_after         INTEGER,
    offered_serial    TEXT,
    offered_authority TEXT,
    offered_not_after INTEGER,
    revision          INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

-- An invitation may be for the place of an agent whose machine was built anew.
ALTER TABLE invitations ADD COLUMN replaces TEXT REFERENCES agents (id);
