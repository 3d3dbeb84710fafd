-- Everything that is stored is a record: planes, groups, registrations and resources alike. What lists and
-- conditions ask about stands in columns; what only the runtime core understands is text: JSON whose numbers
-- and order must come back as they were, which jsonb would not promise.
CREATE TABLE record (
    -- Position in lists: given once, so that a page continues where the last one ended whatever changed since.
    sequence    BIGINT PRIMARY KEY,
    -- The id in lower case; ids compare without regard to casing. Collation "C" lets ranges of keys use the index.
    key         TEXT COLLATE "C" NOT NULL UNIQUE,
    -- Key of the group, plane or resource that it lies directly below.
    parent      TEXT COLLATE "C" NOT NULL,
    -- The type in lower case.
    kind        TEXT COLLATE "C" NOT NULL,
    id          TEXT NOT NULL,
    type_name   TEXT NOT NULL,
    api_version TEXT,
    location    TEXT,
    state       TEXT NOT NULL,
    operation   TEXT,
    revision    BIGINT NOT NULL,
    created_at  BIGINT NOT NULL,
    updated_at  BIGINT NOT NULL,
    tags        TEXT,
    properties  TEXT NOT NULL,
    private     TEXT NOT NULL,
    -- Keys of the application and the environment that the properties name.
    application TEXT COLLATE "C",
    environment TEXT COLLATE "C"
);

CREATE INDEX record_by_parent ON record (parent, kind, sequence);
CREATE INDEX record_by_kind ON record (kind, sequence);
CREATE INDEX record_by_application ON record (application, sequence) WHERE application IS NOT NULL;
CREATE INDEX record_by_environment ON record (environment, sequence) WHERE environment IS NOT NULL;

CREATE TABLE operation (
    sequence    BIGINT PRIMARY KEY,
    id          TEXT COLLATE "C" NOT NULL UNIQUE,
    resource    TEXT NOT NULL,
    -- Key of the group or plane; scopes take turns at the queue.
    scope       TEXT COLLATE "C" NOT NULL,
    verb        TEXT NOT NULL,
    api_version TEXT,
    state       TEXT NOT NULL,
    error       TEXT,
    attempt     BIGINT NOT NULL,
    run_after   BIGINT NOT NULL,
    -- Set while a worker holds the operation; a worker that dies lets it pass.
    lease_until BIGINT,
    worker      TEXT,
    payload     TEXT NOT NULL,
    created_at  BIGINT NOT NULL,
    ended_at    BIGINT
);

-- Claims look only at what has not ended, however many operations are kept.
CREATE INDEX operation_waiting ON operation (run_after, sequence) WHERE ended_at IS NULL;
CREATE INDEX operation_by_scope ON operation (scope, run_after, sequence) WHERE ended_at IS NULL;
CREATE INDEX operation_ended ON operation (ended_at) WHERE ended_at IS NOT NULL;

-- The last sequence or revision given. Whoever writes locks this row first: changes of all servers get one order,
-- so that no list or feed that has reached a number can be joined by a smaller one later.
CREATE TABLE counter (value BIGINT NOT NULL) WITH (fillfactor = 10);
INSERT INTO counter (value) VALUES (0);

-- Which provider's registrations changed at which revision: how servers learn what others registered.
CREATE TABLE registration_change (
    plane     TEXT COLLATE "C" NOT NULL,
    namespace TEXT COLLATE "C" NOT NULL,
    revision  BIGINT NOT NULL,
    PRIMARY KEY (plane, namespace)
);
CREATE INDEX registration_change_by_revision ON registration_change (revision);

-- What the store must remember about itself, such as the proof that its secrets can be opened.
CREATE TABLE setting (name TEXT PRIMARY KEY, value TEXT NOT NULL);
