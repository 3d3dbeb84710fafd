-- Everything that is stored is a record: planes, groups, registrations and resources alike. What lists and
-- conditions ask about stands in columns; what only the runtime core understands is JSON.
CREATE TABLE record (
    -- Position in lists: given once, so that a page continues where the last one ended whatever changed since.
    sequence    INTEGER PRIMARY KEY,
    -- The id in lower case; ids compare without regard to casing.
    key         TEXT NOT NULL UNIQUE,
    -- Key of the group, plane or resource that it lies directly below.
    parent      TEXT NOT NULL,
    -- The type in lower case.
    kind        TEXT NOT NULL,
    id          TEXT NOT NULL,
    type_name   TEXT NOT NULL,
    api_version TEXT,
    location    TEXT,
    state       TEXT NOT NULL,
    operation   TEXT,
    revision    INTEGER NOT NULL,
    created_at  INTEGER NOT NULL,
    updated_at  INTEGER NOT NULL,
    tags        TEXT,
    properties  TEXT NOT NULL,
    private     TEXT NOT NULL
) STRICT;

CREATE INDEX record_by_parent ON record (parent, kind, sequence);
CREATE INDEX record_by_kind ON record (kind, sequence);

CREATE TABLE operation (
    sequence    INTEGER PRIMARY KEY,
    id          TEXT NOT NULL UNIQUE,
    resource    TEXT NOT NULL,
    verb        TEXT NOT NULL,
    api_version TEXT,
    state       TEXT NOT NULL,
    error       TEXT,
    attempt     INTEGER NOT NULL,
    run_after   INTEGER NOT NULL,
    -- Set while a worker holds the operation; a worker that dies lets it pass.
    lease_until INTEGER,
    worker      TEXT,
    payload     TEXT NOT NULL,
    created_at  INTEGER NOT NULL,
    ended_at    INTEGER
) STRICT;

-- Claims look only at what has not ended, however many operations are kept.
CREATE INDEX operation_waiting ON operation (run_after, sequence) WHERE ended_at IS NULL;

-- The last sequence or revision given. Kept beside the rows, because a deleted row must not give its number back.
CREATE TABLE counter (value INTEGER NOT NULL) STRICT;
INSERT INTO counter (value) VALUES (0);
