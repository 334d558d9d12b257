-- The county's database. Ids are BLOBs; a record, a document and a change have a small number inside.
CREATE TABLE meta (
    key TEXT NOT NULL PRIMARY KEY,
    value BLOB NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE regions (
    code TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL DEFAULT ''
) STRICT, WITHOUT ROWID;

CREATE TABLE users (
    id TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL DEFAULT '',
    password TEXT NOT NULL DEFAULT '', -- argon2id; empty: may not sign in at a desk
    admin INTEGER NOT NULL DEFAULT 0,
    created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE assignments (
    user TEXT NOT NULL REFERENCES users(id),
    role INTEGER NOT NULL,
    scope TEXT NOT NULL REFERENCES regions(code),
    PRIMARY KEY (user, role, scope)
) STRICT, WITHOUT ROWID;

CREATE TABLE devices (
    id BLOB NOT NULL PRIMARY KEY,
    public_key BLOB NOT NULL,
    name TEXT NOT NULL DEFAULT '',
    user TEXT NOT NULL REFERENCES users(id),
    role INTEGER NOT NULL,
    enrolled_at INTEGER NOT NULL,
    last_contact INTEGER NOT NULL,
    revoked_at INTEGER -- NULL: in use
) STRICT, WITHOUT ROWID;

-- The vectors that a device may come back with: slot 0 from the last reply, slot 1 from before it.
CREATE TABLE hints (
    device BLOB NOT NULL REFERENCES devices(id),
    slot INTEGER NOT NULL,
    root BLOB NOT NULL,
    vector BLOB NOT NULL,
    PRIMARY KEY (device, slot)
) STRICT, WITHOUT ROWID;

CREATE TABLE nonces (
    device BLOB NOT NULL,
    nonce BLOB NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (device, nonce)
) STRICT, WITHOUT ROWID;
CREATE INDEX nonces_at ON nonces (at);

-- The first eight bytes of the secret's hash find the row; the secret is wiped some time after it has expired.
CREATE TABLE invites (
    id BLOB NOT NULL PRIMARY KEY,
    secret BLOB NOT NULL,
    user TEXT NOT NULL REFERENCES users(id),
    role INTEGER NOT NULL,
    expires INTEGER NOT NULL,
    failures INTEGER NOT NULL DEFAULT 0,
    device BLOB -- NULL: not used yet
) STRICT, WITHOUT ROWID;

-- `version` counts every change of what is known of a record, so that a verdict can be checked against it.
CREATE TABLE records (
    n INTEGER NOT NULL PRIMARY KEY,
    id BLOB NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    version INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX records_kind ON records (kind);

CREATE TABLE routes (
    record INTEGER NOT NULL REFERENCES records(n),
    scope TEXT NOT NULL,
    PRIMARY KEY (record, scope)
) STRICT, WITHOUT ROWID;

CREATE TABLE docs (
    n INTEGER NOT NULL PRIMARY KEY,
    record INTEGER NOT NULL REFERENCES records(n),
    audience INTEGER NOT NULL,
    generation INTEGER NOT NULL,
    snapshot BLOB NOT NULL DEFAULT x'',
    snapshot_len INTEGER NOT NULL DEFAULT 0, -- changes inside the snapshot
    UNIQUE (record, audience, generation)
) STRICT;

-- The parts of an envelope that many changes share.
CREATE TABLE commons (
    n INTEGER NOT NULL PRIMARY KEY,
    author TEXT NOT NULL,
    role INTEGER NOT NULL,
    device BLOB NOT NULL,
    lease TEXT,
    grid TEXT NOT NULL,
    accepted_at INTEGER NOT NULL,
    epoch INTEGER NOT NULL,
    accepted_by TEXT
) STRICT;

-- Raw changes are the truth; `n` is the order of acceptance, dependencies first.
CREATE TABLE changes (
    n INTEGER NOT NULL PRIMARY KEY,
    doc INTEGER NOT NULL REFERENCES docs(n),
    hash BLOB NOT NULL,
    raw BLOB NOT NULL,
    common INTEGER NOT NULL REFERENCES commons(n),
    bounded INTEGER,
    tag_key INTEGER NOT NULL,
    tag BLOB NOT NULL,
    commit_no INTEGER NOT NULL,
    UNIQUE (doc, hash)
) STRICT;

CREATE TABLE buckets (
    n INTEGER NOT NULL PRIMARY KEY,
    scope TEXT NOT NULL,
    audience INTEGER NOT NULL,
    head INTEGER NOT NULL DEFAULT 0,
    digest BLOB NOT NULL DEFAULT (zeroblob(32)),
    UNIQUE (scope, audience)
) STRICT;

CREATE TABLE log (
    bucket INTEGER NOT NULL REFERENCES buckets(n),
    seq INTEGER NOT NULL,
    change INTEGER NOT NULL REFERENCES changes(n),
    digest BLOB NOT NULL, -- running sum up to and with this entry
    PRIMARY KEY (bucket, seq)
) STRICT, WITHOUT ROWID;

CREATE TABLE control (
    seq INTEGER NOT NULL PRIMARY KEY,
    entry BLOB NOT NULL
) STRICT;

-- What was not accepted, with its bytes: nothing is dropped silently.
CREATE TABLE set_aside (
    n INTEGER NOT NULL PRIMARY KEY,
    doc BLOB NOT NULL,
    hash BLOB NOT NULL, -- of the change; where it cannot be read, SHA-256 of its bytes
    kind TEXT NOT NULL,
    grid TEXT NOT NULL,
    raw BLOB NOT NULL,
    state INTEGER NOT NULL, -- 0 review, 1 refused
    rule TEXT NOT NULL,
    zh TEXT NOT NULL,
    en TEXT NOT NULL,
    device BLOB NOT NULL,
    user TEXT NOT NULL,
    role INTEGER NOT NULL,
    at INTEGER NOT NULL,
    UNIQUE (doc, hash)
) STRICT;
CREATE INDEX set_aside_device ON set_aside (device);

-- Keys of imported rows, so that importing twice adds nothing.
CREATE TABLE import_keys (
    source TEXT NOT NULL,
    key TEXT NOT NULL,
    record BLOB NOT NULL,
    PRIMARY KEY (source, key)
) STRICT, WITHOUT ROWID;

-- Records that may be one person or one door, for a person to judge.
CREATE TABLE pairs (
    a BLOB NOT NULL,
    b BLOB NOT NULL,
    rule TEXT NOT NULL,
    zh TEXT NOT NULL,
    en TEXT NOT NULL,
    at INTEGER NOT NULL,
    judged INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (a, b, rule)
) STRICT, WITHOUT ROWID;
