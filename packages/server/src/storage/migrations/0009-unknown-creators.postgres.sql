-- What an older database of another server may not know, or hold twice: it could not be carried over otherwise.

-- A room known through an invite alone: its create event, and so its creator, is not here. Null: unknown.
ALTER TABLE rooms ALTER COLUMN creator_nid DROP NOT NULL;
ALTER TABLE room_aliases ALTER COLUMN creator_nid DROP NOT NULL;

-- Clients hold on to filter IDs, so each must stay, also where two filters of a user say the same. Null: another filter
-- of the user has the digest.
ALTER TABLE filters ALTER COLUMN digest DROP NOT NULL;
