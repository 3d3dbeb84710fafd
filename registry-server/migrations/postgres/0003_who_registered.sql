-- A server takes what it registers over into its own catalogue at once, and need not read it again when it follows what
-- was registered. Who made the last change, and as which revision: a server of an older version tells neither, and is
-- known by a revision that is not the one told here.
ALTER TABLE registration_change ADD COLUMN server TEXT;
ALTER TABLE registration_change ADD COLUMN told BIGINT;
-- The last revision that anybody else had made before. Who has followed as far as that has missed nothing.
ALTER TABLE registration_change ADD COLUMN others BIGINT;
