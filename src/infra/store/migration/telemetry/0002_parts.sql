-- Recent measurements are rows in the order of their arrival; older ones are parts: an hour of a group of nodes, in
-- blocks of one metric each. A part is seen once seal.arrival has reached its own; rows up to there are no longer.

CREATE TABLE nodes (
    number      INTEGER NOT NULL PRIMARY KEY,
    agent       BLOB    NOT NULL UNIQUE,
    latest_time INTEGER,
    latest      BLOB
) STRICT;

-- Names of disks and interfaces, by which series are known.
CREATE TABLE labels (
    id   INTEGER NOT NULL PRIMARY KEY,
    name TEXT    NOT NULL UNIQUE
) STRICT;

-- What of measurements is not a number, once a change.
CREATE TABLE shapes (
    id   INTEGER NOT NULL PRIMARY KEY,
    node INTEGER NOT NULL,
    body TEXT    NOT NULL
) STRICT;
CREATE INDEX shapes_of_node ON shapes (node);

-- No index by node: it would cost ten times what the rows do. `earlier` is the arrival before of the same node.
CREATE TABLE recent (
    arrival INTEGER NOT NULL PRIMARY KEY,
    node    INTEGER NOT NULL,
    time    INTEGER NOT NULL,
    earlier INTEGER NOT NULL,
    body    BLOB    NOT NULL
) STRICT;

CREATE TABLE parts (
    id        INTEGER NOT NULL PRIMARY KEY,
    nodes     INTEGER NOT NULL,
    hour      INTEGER NOT NULL,
    arrival   INTEGER NOT NULL,
    directory BLOB    NOT NULL
) STRICT;
CREATE INDEX parts_by_nodes ON parts (nodes, hour, arrival);

-- id = 256 times the part's, and which metric and which roll-up.
CREATE TABLE blocks (
    id   INTEGER NOT NULL PRIMARY KEY,
    body BLOB    NOT NULL
) STRICT;

CREATE TABLE seal (
    arrival INTEGER NOT NULL
) STRICT;
INSERT INTO seal VALUES (0);
