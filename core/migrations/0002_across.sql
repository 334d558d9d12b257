-- What rules over several records need (core/src/merge/across). All of it is derived from documents and is made anew with
-- the views when the schema in force is another one.

-- The few values of a record that such rules look at, what names it, and where its references lead.
CREATE TABLE facts (
    record BLOB NOT NULL PRIMARY KEY CHECK (length(record) = 16),
    kind   TEXT NOT NULL,
    scope  TEXT NOT NULL,
    json   TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- References backwards: which records lead to one. `link` is `kind.field`; the target need not be here.
CREATE TABLE links (
    target BLOB NOT NULL CHECK (length(target) = 16),
    link   TEXT NOT NULL,
    record BLOB NOT NULL CHECK (length(record) = 16),
    PRIMARY KEY (target, link, record)
) STRICT, WITHOUT ROWID;

-- Keys under which likely duplicates meet, as eight bytes of their hash: a rule compares the values themselves.
CREATE TABLE keys (
    key    INTEGER NOT NULL,
    record BLOB    NOT NULL CHECK (length(record) = 16),
    PRIMARY KEY (key, record)
) STRICT, WITHOUT ROWID;

-- An item over several records is stored under each of them, with an empty field, and replaced by its id.
CREATE INDEX attention_id ON attention (id);
