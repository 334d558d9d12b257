-- Forms that are not handed in yet, right or wrong as they are. Of this phone alone: nothing of them is sent.
CREATE TABLE drafts (
    id     TEXT    NOT NULL PRIMARY KEY,
    at     INTEGER NOT NULL,
    schema INTEGER NOT NULL,
    json   TEXT    NOT NULL
) STRICT, WITHOUT ROWID;
