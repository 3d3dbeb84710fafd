-- What belongs to an application or an environment is found by them, so that deleting one need not read everything.
ALTER TABLE record ADD COLUMN application TEXT;
ALTER TABLE record ADD COLUMN environment TEXT;

UPDATE record SET application = lower(properties->>'application')
    WHERE properties->>'application' LIKE '/%';
UPDATE record SET environment = lower(properties->>'environment')
    WHERE properties->>'environment' LIKE '/%';

CREATE INDEX record_by_application ON record (application, sequence) WHERE application IS NOT NULL;
CREATE INDEX record_by_environment ON record (environment, sequence) WHERE environment IS NOT NULL;

-- Scopes take turns at the queue. Operations of before this column share one turn until they have ended.
ALTER TABLE operation ADD COLUMN scope TEXT NOT NULL DEFAULT '/';
CREATE INDEX operation_by_scope ON operation (scope, run_after, sequence) WHERE ended_at IS NULL;

-- Ended operations are forgotten after their time.
CREATE INDEX operation_ended ON operation (ended_at) WHERE ended_at IS NOT NULL;

-- What the store must remember about itself, such as the proof that its secrets can be opened.
CREATE TABLE setting (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
