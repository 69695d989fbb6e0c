-- What an older database of another server may not know, or hold twice: it could not be carried over otherwise. A column
-- takes the place of each that was NOT NULL, as SQLite cannot change one.

-- A room known through an invite alone: its create event, and so its creator, is not here.
ALTER TABLE rooms RENAME COLUMN creator_nid TO known_creator_nid;
ALTER TABLE rooms ADD COLUMN creator_nid INTEGER;          -- null: unknown
UPDATE rooms SET creator_nid = known_creator_nid;
ALTER TABLE rooms DROP COLUMN known_creator_nid;

ALTER TABLE room_aliases RENAME COLUMN creator_nid TO known_creator_nid;
ALTER TABLE room_aliases ADD COLUMN creator_nid INTEGER;   -- null: unknown
UPDATE room_aliases SET creator_nid = known_creator_nid;
ALTER TABLE room_aliases DROP COLUMN known_creator_nid;

-- Clients hold on to filter IDs, so each must stay, also where two filters of a user say the same.
DROP INDEX filters_by_digest;
ALTER TABLE filters RENAME COLUMN digest TO known_digest;
ALTER TABLE filters ADD COLUMN digest BLOB;                -- SHA-256 of the canonical JSON; null: another filter of the user has it
UPDATE filters SET digest = known_digest;
ALTER TABLE filters DROP COLUMN known_digest;
CREATE UNIQUE INDEX filters_by_digest ON filters (user_nid, digest);
