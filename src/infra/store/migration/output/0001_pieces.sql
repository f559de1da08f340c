-- What executions printed. Times are microseconds since 1970 (UTC); the stream is 1 for standard output, 2 for standard error.
-- Pieces are up to 256 KiB; kept in the key's tree, each would take pages of its own.

CREATE TABLE pieces (
    execution BLOB    NOT NULL,
    offset    INTEGER NOT NULL,
    stream    INTEGER NOT NULL,
    time      INTEGER NOT NULL,
    bytes     BLOB    NOT NULL,
    PRIMARY KEY (execution, offset)
) STRICT;
