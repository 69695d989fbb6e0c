-- Rooms, their events and their state.

CREATE TABLE rooms (
  room_nid     INTEGER NOT NULL PRIMARY KEY,
  room_id      TEXT    NOT NULL UNIQUE,
  version      TEXT    NOT NULL,
  creator_nid  INTEGER NOT NULL,
  created_ts   INTEGER NOT NULL,
  is_published INTEGER NOT NULL DEFAULT 0   -- listed in this server's room directory
) STRICT;

-- What a send needs to read and compare-and-set: one short row a room, rewritten by each event.
CREATE TABLE room_heads (
  room_nid            INTEGER NOT NULL PRIMARY KEY,
  version             INTEGER NOT NULL,   -- greater with each commit, by lot; a writer that built on another starts again
  forward_extremities TEXT    NOT NULL,   -- JSON [[event number, event ID], ...]; never an outlier, rejected or soft-failed event
  state_root          INTEGER NOT NULL,   -- the state tree after all of them
  next_chunk          INTEGER NOT NULL,   -- the first unused chunk ID of the room's state tree
  depth               INTEGER NOT NULL,   -- greatest local depth
  position            INTEGER NOT NULL,   -- of the newest timeline event
  joined_members      INTEGER NOT NULL,
  invited_members     INTEGER NOT NULL
) STRICT;

-- The room's current state from a position on. A row whenever it changes, also when no timeline event did it.
CREATE TABLE room_states (
  room_nid INTEGER NOT NULL,
  position INTEGER NOT NULL,
  root     INTEGER NOT NULL,
  PRIMARY KEY (room_nid, position)
) STRICT, WITHOUT ROWID;

-- Packed nodes of the room's persistent state tree; the nodes one change made are one row.
CREATE TABLE state_nodes (
  room_nid INTEGER NOT NULL,
  chunk_id INTEGER NOT NULL,
  bytes    BLOB    NOT NULL,
  PRIMARY KEY (room_nid, chunk_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE events (
  event_nid        INTEGER NOT NULL PRIMARY KEY,
  event_id         TEXT    NOT NULL UNIQUE,
  room_nid         INTEGER NOT NULL,
  position         INTEGER,            -- in the stream; null outside the timeline (backfilled, outlier, rejected, soft-failed)
  depth            INTEGER NOT NULL,   -- local depth; with event_nid it orders /messages; never changed
  type             TEXT    NOT NULL,
  state_key        TEXT,
  sender_nid       INTEGER NOT NULL,
  origin_server_ts INTEGER NOT NULL,
  status           INTEGER NOT NULL,   -- see stored-event.ts
  is_partial       INTEGER NOT NULL DEFAULT 0,   -- its state roots await the full state of a partial-state join
  state_before     INTEGER,            -- roots of the state tree; null for outliers
  state_after      INTEGER,
  redacted_by      INTEGER,            -- number of the redaction that applies to it
  txn_device_id    TEXT,               -- the device and transaction ID a local client sent it with
  txn_id           TEXT,
  json             TEXT    NOT NULL    -- the PDU
) STRICT;
CREATE INDEX events_by_position ON events (room_nid, position) WHERE position IS NOT NULL;
CREATE INDEX events_by_depth ON events (room_nid, depth, event_nid) WHERE status = 0;
-- A transaction ID makes one event: its scope is the device and the endpoint, whose path names room and type.
CREATE UNIQUE INDEX events_by_transaction ON events (sender_nid, txn_device_id, txn_id, room_nid, type) WHERE txn_id IS NOT NULL;

-- Redactions by what they redact, so that it does not matter which of the two arrives first.
CREATE TABLE redactions (
  room_nid         INTEGER NOT NULL,
  redacts_event_id TEXT    NOT NULL,
  event_nid        INTEGER NOT NULL,
  PRIMARY KEY (room_nid, redacts_event_id, event_nid)
) STRICT, WITHOUT ROWID;

-- Each user's present membership in each room: a projection of the current state.
CREATE TABLE memberships (
  room_nid     INTEGER NOT NULL,
  user_nid     INTEGER NOT NULL,
  membership   TEXT    NOT NULL,
  event_nid    INTEGER NOT NULL,
  position     INTEGER NOT NULL,   -- of that event
  is_local     INTEGER NOT NULL,
  is_forgotten INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (room_nid, user_nid)
) STRICT, WITHOUT ROWID;
CREATE INDEX memberships_by_user ON memberships (user_nid, membership, room_nid);
CREATE INDEX memberships_by_room ON memberships (room_nid, membership, position);

-- Servers with members in a room, and since when one has none: a projection of the current state.
CREATE TABLE joined_servers (
  room_nid       INTEGER NOT NULL,
  server_name    TEXT    NOT NULL,
  joined_members INTEGER NOT NULL,
  left_position  INTEGER,            -- when the last member left; null while any is joined
  PRIMARY KEY (room_nid, server_name)
) STRICT, WITHOUT ROWID;
CREATE INDEX joined_servers_by_server ON joined_servers (server_name, room_nid);

CREATE TABLE room_aliases (
  alias       TEXT    NOT NULL PRIMARY KEY,
  room_nid    INTEGER NOT NULL,
  creator_nid INTEGER NOT NULL,
  created_ts  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX room_aliases_by_room ON room_aliases (room_nid);
