-- What rules over several records need (core/src/merge/across), as on a phone but over the whole county. All of it is
-- derived from changes: `projected` in meta says up to which, and another schema makes it anew.
CREATE TABLE facts (
    record BLOB NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL,
    scope TEXT NOT NULL,
    json TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- References backwards; `link` is `kind.field`.
CREATE TABLE links (
    target BLOB NOT NULL,
    link TEXT NOT NULL,
    record BLOB NOT NULL,
    PRIMARY KEY (target, link, record)
) STRICT, WITHOUT ROWID;

-- Keys under which likely duplicates meet, hashed under a key of the county: an index of plain ID numbers, or of hashes
-- that anybody can compute, could be searched for every number there is.
CREATE TABLE keys (
    key BLOB NOT NULL,
    record BLOB NOT NULL,
    PRIMARY KEY (key, record)
) STRICT, WITHOUT ROWID;

-- What waits for a person; an item over several records stands under each of them, with an empty field.
CREATE TABLE attention (
    record BLOB NOT NULL,
    id BLOB NOT NULL,
    rule TEXT NOT NULL,
    field TEXT NOT NULL,
    json TEXT NOT NULL,
    PRIMARY KEY (record, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX attention_id ON attention (id);
