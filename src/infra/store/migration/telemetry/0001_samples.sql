-- Measurements, one row each, in the order of their agent and time.

CREATE TABLE samples (
    agent BLOB   NOT NULL,
    time  BIGINT NOT NULL,
    body  TEXT   NOT NULL,
    PRIMARY KEY (agent, time)
) WITHOUT ROWID;
