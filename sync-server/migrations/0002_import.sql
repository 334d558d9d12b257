-- What the last import of a row said, field by field as short hashes: when the ledger comes again, only cells that
-- changed since are new observations, and what a worker has corrected meanwhile is not overwritten by the old cell.
CREATE TABLE import_cells (
    record BLOB NOT NULL PRIMARY KEY,
    cells TEXT NOT NULL -- JSON object: document key to hash of the value
) STRICT, WITHOUT ROWID;
