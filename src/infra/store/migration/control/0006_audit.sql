-- Where the audit chain goes on when its beginning was trimmed: the last entry that is gone, and the head signed for it.
CREATE TABLE audit_base (
    one    INTEGER NOT NULL PRIMARY KEY CHECK (one = 1),
    number INTEGER NOT NULL,
    hash   BLOB    NOT NULL,
    head   TEXT    NOT NULL
) STRICT;
