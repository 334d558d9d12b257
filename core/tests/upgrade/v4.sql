-- A database of schema version 4 with a few rows. Frozen: the upgrade tests start from it.

CREATE TABLE meta (
    key   TEXT NOT NULL PRIMARY KEY,
    value BLOB NOT NULL
) STRICT, WITHOUT ROWID;

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
CREATE INDEX changes_own_accepted ON changes (n) WHERE own = 1 AND state = 1;

CREATE TABLE outbox (
    n      INTEGER PRIMARY KEY REFERENCES changes (n) ON DELETE CASCADE,
    scope  TEXT NOT NULL,
    reason TEXT NOT NULL DEFAULT ''
) STRICT;

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
CREATE INDEX views_order ON views (kind, sort, record, scope, contested, title);

CREATE TABLE attention (
    record BLOB NOT NULL CHECK (length(record) = 16),
    id     BLOB NOT NULL CHECK (length(id) = 16),
    rule   TEXT NOT NULL,
    field  TEXT NOT NULL DEFAULT '',
    json   TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (record, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE cursors (
    scope    TEXT    NOT NULL,
    audience INTEGER NOT NULL,
    seq      INTEGER NOT NULL,
    digest   BLOB    NOT NULL CHECK (length(digest) = 32),
    PRIMARY KEY (scope, audience)
) STRICT, WITHOUT ROWID;

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
-- Which records a person declared to be another one (`alias_of` of each), so that they are read and listed as one. Derived
-- from documents, and made anew with the views.
CREATE TABLE aliases (
    record BLOB NOT NULL PRIMARY KEY CHECK (length(record) = 16),
    head   BLOB NOT NULL CHECK (length(head) = 16)
) STRICT, WITHOUT ROWID;
CREATE INDEX aliases_head ON aliases (head, record);

-- What the owner of this phone did and can take back for a day, and what is put off to the next meeting. Both are of this
-- phone alone: nothing is derived from them, and nothing of them is sent.

CREATE TABLE acts (
    id   TEXT    NOT NULL PRIMARY KEY,
    at   INTEGER NOT NULL,
    json TEXT    NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX acts_at ON acts (at);

-- Items 待确认 that wait for the next meeting 下次见面问.
CREATE TABLE later (
    item BLOB    NOT NULL PRIMARY KEY CHECK (length(item) = 16),
    at   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
-- Forms that are not handed in yet, right or wrong as they are. Of this phone alone: nothing of them is sent.
CREATE TABLE drafts (
    id     TEXT    NOT NULL PRIMARY KEY,
    at     INTEGER NOT NULL,
    schema INTEGER NOT NULL,
    json   TEXT    NOT NULL
) STRICT, WITHOUT ROWID;

INSERT INTO meta (key, value) VALUES ('schema', x'01');
INSERT INTO docs (doc, record, audience, generation, kind, scope, len, snapshot_len, snapshot) VALUES
    (1, x'0199a0c0000070008000000000000001', 1, 0, 'resident', '410102001001001', 2, 1, x'0102'),
    (2, x'0199a0c0000070008000000000000002', 0, 0, 'dwelling', '410102001001001', 1, 0, x'');
INSERT INTO envelope_commons (id, accepted_at, epoch, kind, grid, author, role, device, lease, accepted_by) VALUES
    (1, 1790000000000, 7, 'resident', '410102001001001', 'zhang.wei', 'GW', x'05050505050505050505050505050505', 'L-1', NULL);
INSERT INTO changes (n, doc, state, own, common, bounded, tag_key, tag_mac, hash, raw) VALUES
    (1, 1, 1, 1, 1, NULL, 1, x'0808080808080808', x'1111111111111111111111111111111111111111111111111111111111111111', x'856f4a83'),
    (2, 1, 0, 1, NULL, NULL, NULL, NULL, x'2222222222222222222222222222222222222222222222222222222222222222', x'856f4a84'),
    (3, 2, 3, 1, NULL, NULL, NULL, NULL, x'3333333333333333333333333333333333333333333333333333333333333333', x'856f4a85');
INSERT INTO outbox (n, scope, reason) VALUES
    (2, '410102001001001', ''),
    (3, '410102001001001', '{"rule":"lease","zh":"期限已过","en":"lease ended"}');
INSERT INTO views (record, kind, scope, title, sort, contested, pending, updated, json) VALUES
    (x'0199a0c0000070008000000000000001', 'resident', '410102001001001', '张三', 'zhangsan', 1, 1, 1790000000000, '{}');
INSERT INTO attention (record, id, rule, field, json) VALUES
    (x'0199a0c0000070008000000000000001', x'09090909090909090909090909090909', 'contested', 'phone', '{}');
INSERT INTO cursors (scope, audience, seq, digest) VALUES
    ('410102001001001', 1, 12, x'0000000000000000000000000000000000000000000000000000000000000000');
INSERT INTO facts (record, kind, scope, json) VALUES
    (x'0199a0c0000070008000000000000001', 'resident', '410102001001001', '{"v":{"name":"张三"}}');
INSERT INTO keys (key, record) VALUES (-5, x'0199a0c0000070008000000000000001');
INSERT INTO links (target, link, record) VALUES
    (x'0199a0c0000070008000000000000001', 'residence.resident', x'0199a0c0000070008000000000000003');
INSERT INTO acts (id, at, json) VALUES ('01J0000000000000000000000A', 1790000000000, '{}');
INSERT INTO later (item, at) VALUES (x'09090909090909090909090909090909', 1790000000000);
INSERT INTO aliases (record, head) VALUES
    (x'0199a0c0000070008000000000000004', x'0199a0c0000070008000000000000001');
INSERT INTO drafts (id, at, schema, json) VALUES ('01J0000000000000000000000B', 1790000000000, 1, '{}');
