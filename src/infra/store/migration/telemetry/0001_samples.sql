-- Measurements in the order of their arrival: appended, four to a page; the index finds them by agent and time.

CREATE TABLE samples (
    arrival INTEGER NOT NULL PRIMARY KEY,
    agent   BLOB    NOT NULL,
    time    INTEGER NOT NULL,
    body    TEXT    NOT NULL,
    UNIQUE (agent, time)
) STRICT;
