-- The first schema of the phone's database (DESIGN 6). Every table is STRICT. A column may be NULL only where "absent"
-- and "empty" must be told apart, because an envelope is rebuilt from its columns to the byte.

-- Small facts: the account, the schema version the views were built with, the last contact.
CREATE TABLE meta (
    key   TEXT NOT NULL PRIMARY KEY,
    value BLOB NOT NULL
) STRICT, WITHOUT ROWID;

-- One row for each automerge document: (record, audience, generation). The snapshot is a cache; empty means none.
-- It stands last so that a walk over the other columns does not read it.
CREATE TABLE docs (
    doc          INTEGER PRIMARY KEY,
    record       BLOB    NOT NULL CHECK (length(record) = 16),
    audience     INTEGER NOT NULL,
    generation   INTEGER NOT NULL,
    kind         TEXT    NOT NULL,
    scope        TEXT    NOT NULL,
    len          INTEGER NOT NULL DEFAULT 0,
    snapshot_len INTEGER NOT NULL DEFAULT 0,
    snapshot     BLOB    NOT NULL DEFAULT x'',
    UNIQUE (record, audience, generation)
) STRICT;

-- What the envelopes of one accepted batch have in common. Changes point here, so that an envelope costs them a few
-- bytes instead of two hundred.
CREATE TABLE envelope_commons (
    id          INTEGER PRIMARY KEY,
    accepted_at INTEGER NOT NULL,
    epoch       INTEGER NOT NULL,
    kind        TEXT    NOT NULL,
    grid        TEXT    NOT NULL,
    author      TEXT    NOT NULL,
    role        TEXT    NOT NULL,
    device      BLOB    NOT NULL CHECK (length(device) = 16),
    lease       TEXT,
    accepted_by TEXT
) STRICT;
CREATE INDEX envelope_commons_find ON envelope_commons (accepted_at, grid, kind);

-- Raw changes: the truth. `n` is the order of arrival (dependencies first) and never used twice.
-- state: 0 pending, 1 accepted, 2 in review, 3 refused, 4 held. own: written on this phone.
CREATE TABLE changes (
    n       INTEGER PRIMARY KEY,
    doc     INTEGER NOT NULL REFERENCES docs (doc) ON DELETE CASCADE,
    state   INTEGER NOT NULL CHECK (state BETWEEN 0 AND 4),
    own     INTEGER NOT NULL DEFAULT 0,
    common  INTEGER REFERENCES envelope_commons (id),
    bounded INTEGER,
    tag_key INTEGER,
    tag_mac BLOB,
    hash    BLOB    NOT NULL CHECK (length(hash) = 32),
    raw     BLOB    NOT NULL,
    UNIQUE (doc, hash)
) STRICT;
-- Only touched at acceptance, so that saving an edit writes no page more.
CREATE INDEX changes_own_accepted ON changes (n) WHERE own = 1 AND state = 1;

-- Own changes that the server has not accepted yet, in the order of writing, with the grid at writing time and, for
-- those refused or in review, the reason. A row leaves at acceptance.
CREATE TABLE outbox (
    n      INTEGER PRIMARY KEY REFERENCES changes (n) ON DELETE CASCADE,
    scope  TEXT NOT NULL,
    reason TEXT NOT NULL DEFAULT ''
) STRICT;

-- What screens show of a record, rebuilt from its documents whenever they change.
CREATE TABLE views (
    record    BLOB    NOT NULL PRIMARY KEY CHECK (length(record) = 16),
    kind      TEXT    NOT NULL,
    scope     TEXT    NOT NULL,
    title     TEXT    NOT NULL DEFAULT '',
    sort      TEXT    NOT NULL DEFAULT '',
    contested INTEGER NOT NULL DEFAULT 0,
    pending   INTEGER NOT NULL DEFAULT 0,
    updated   INTEGER NOT NULL DEFAULT 0,
    json      TEXT    NOT NULL DEFAULT ''
) STRICT;
-- One index pages every list: the order first, then the columns that lists filter by, so that a row that does not
-- match is passed over without being read (10,000 rows by title: 150 ms without the title in it, 3 ms with it).
CREATE INDEX views_order ON views (kind, sort, record, scope, contested, title);

-- Items a person should look at. An item about two records is stored under each.
CREATE TABLE attention (
    record BLOB NOT NULL CHECK (length(record) = 16),
    id     BLOB NOT NULL CHECK (length(id) = 16),
    rule   TEXT NOT NULL,
    field  TEXT NOT NULL DEFAULT '',
    json   TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (record, id)
) STRICT, WITHOUT ROWID;

-- Where this phone is in each bucket's log.
CREATE TABLE cursors (
    scope    TEXT    NOT NULL,
    audience INTEGER NOT NULL,
    seq      INTEGER NOT NULL,
    digest   BLOB    NOT NULL CHECK (length(digest) = 32),
    PRIMARY KEY (scope, audience)
) STRICT, WITHOUT ROWID;
