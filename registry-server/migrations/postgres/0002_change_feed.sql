-- Who follows changes reads records in the order of their revisions, from where it stopped. Writers take turns at
-- the counter's row until they have committed, so no revision appears behind one that was read already.
CREATE INDEX record_by_revision ON record (revision);

-- What was deleted, and at which revision: a record that is gone cannot say so itself.
CREATE TABLE deletion (
    revision   BIGINT PRIMARY KEY,
    id         TEXT NOT NULL,
    type_name  TEXT NOT NULL,
    deleted_at BIGINT NOT NULL
);

CREATE INDEX deletion_by_time ON deletion (deleted_at);

-- Deletions up to this revision are not remembered: nobody can go on from before it.
INSERT INTO setting (name, value) SELECT 'feed.horizon', value::text FROM counter;
