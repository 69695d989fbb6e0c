-- What everything else stands on: the one sequence of positions, the log of changes, and the numbers behind text ids.

-- Facts about this database: its epoch (part of every sync token) and the seed of the state tree's hashes.
CREATE TABLE meta (
  key   TEXT NOT NULL PRIMARY KEY,
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- The stream position of the last committed change. One row: its update is the lock that makes positions gapless.
CREATE TABLE stream (
  id       INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
  position INTEGER NOT NULL
) STRICT;
INSERT INTO stream (id, position) VALUES (1, 0);

-- The next unused number of each kind (event, room, user). A process takes whole blocks, so gaps are normal.
CREATE TABLE numbers (
  kind TEXT    NOT NULL PRIMARY KEY,
  next INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO numbers (kind, next) VALUES ('event', 1), ('room', 1), ('user', 1);

-- Every user this server has heard of, local or remote; the only place that spells a user's ID.
CREATE TABLE users (
  user_nid INTEGER NOT NULL PRIMARY KEY,
  user_id  TEXT    NOT NULL UNIQUE
) STRICT;

-- One row for every durable change a client could see, in commit order and without gaps. An index into the tables
-- that hold the change; kept for a while, since older tokens are served from those tables.
CREATE TABLE changes (
  position INTEGER NOT NULL PRIMARY KEY,
  kind     INTEGER NOT NULL,   -- see change-kind.ts
  room_nid INTEGER,
  user_nid INTEGER,
  ref      INTEGER             -- the event, for changes that are events
) STRICT;
