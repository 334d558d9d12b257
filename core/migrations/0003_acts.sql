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
