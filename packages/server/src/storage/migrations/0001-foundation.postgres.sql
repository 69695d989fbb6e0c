-- What everything else stands on: the one sequence of positions, the log of changes, and the numbers behind text ids.

-- Facts about this database: its epoch (part of every sync token) and the seed of the state tree's hashes.
CREATE TABLE meta (
  key   TEXT NOT NULL PRIMARY KEY,
  value TEXT NOT NULL
);

-- The stream position of the last committed change. One row: its update is the lock that makes positions gapless. The
-- page is kept all but empty, so that the row's versions stay on it and no index entry is ever added.
CREATE TABLE stream (
  id       BIGINT  NOT NULL PRIMARY KEY CHECK (id = 1),
  position BIGINT  NOT NULL
) WITH (fillfactor = 10);
INSERT INTO stream (id, position) VALUES (1, 0);

-- The next unused number of each kind (event, room, user). A process takes whole blocks, so gaps are normal.
CREATE TABLE numbers (
  kind TEXT    NOT NULL PRIMARY KEY,
  next BIGINT  NOT NULL
);
INSERT INTO numbers (kind, next) VALUES ('event', 1), ('room', 1), ('user', 1);

-- Every user this server has heard of, local or remote; the only place that spells a user's ID.
CREATE TABLE users (
  user_nid BIGINT  NOT NULL PRIMARY KEY,
  user_id  TEXT    NOT NULL UNIQUE
);

-- One row for every durable change a client could see, in commit order and without gaps. An index into the tables
-- that hold the change; kept for a while, since older tokens are served from those tables.
CREATE TABLE changes (
  position BIGINT  NOT NULL PRIMARY KEY,
  kind     BIGINT  NOT NULL,   -- see change-kind.ts
  room_nid BIGINT,
  user_nid BIGINT,
  ref      BIGINT              -- the event, for changes that are events
);
