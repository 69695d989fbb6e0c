-- Rooms, their events and their state.

CREATE TABLE rooms (
  room_nid     BIGINT  NOT NULL PRIMARY KEY,
  room_id      TEXT    NOT NULL UNIQUE,
  version      TEXT    NOT NULL,
  creator_nid  BIGINT  NOT NULL,
  created_ts   BIGINT  NOT NULL,
  is_published BIGINT  NOT NULL DEFAULT 0   -- listed in this server's room directory
);

-- What a send needs to read and compare-and-set: one short row a room, rewritten by each event.
CREATE TABLE room_heads (
  room_nid            BIGINT  NOT NULL PRIMARY KEY,
  version             BIGINT  NOT NULL,   -- greater with each commit, by lot; a writer that built on another starts again
  forward_extremities TEXT    NOT NULL,   -- JSON [[event number, event ID], ...]; never an outlier, rejected or soft-failed event
  state_root          BIGINT  NOT NULL,   -- the state tree after all of them
  next_chunk          BIGINT  NOT NULL,   -- the first unused chunk ID of the room's state tree
  depth               BIGINT  NOT NULL,   -- greatest local depth
  position            BIGINT  NOT NULL,   -- of the newest timeline event
  joined_members      BIGINT  NOT NULL,
  invited_members     BIGINT  NOT NULL
) WITH (fillfactor = 70);

-- The room's current state from a position on. A row whenever it changes, also when no timeline event did it.
CREATE TABLE room_states (
  room_nid BIGINT  NOT NULL,
  position BIGINT  NOT NULL,
  root     BIGINT  NOT NULL,
  PRIMARY KEY (room_nid, position)
);

-- Packed nodes of the room's persistent state tree; the nodes one change made are one row.
CREATE TABLE state_nodes (
  room_nid BIGINT  NOT NULL,
  chunk_id BIGINT  NOT NULL,
  bytes    BYTEA   NOT NULL,
  PRIMARY KEY (room_nid, chunk_id)
);

CREATE TABLE events (
  event_nid        BIGINT  NOT NULL PRIMARY KEY,
  event_id         TEXT    NOT NULL UNIQUE,
  room_nid         BIGINT  NOT NULL,
  position         BIGINT,            -- in the stream; null outside the timeline (backfilled, outlier, rejected, soft-failed)
  depth            BIGINT  NOT NULL,   -- local depth; with event_nid it orders /messages; never changed
  type             TEXT    NOT NULL,
  state_key        TEXT,
  sender_nid       BIGINT  NOT NULL,
  origin_server_ts BIGINT  NOT NULL,
  status           BIGINT  NOT NULL,   -- see stored-event.ts
  is_partial       BIGINT  NOT NULL DEFAULT 0,   -- its state roots await the full state of a partial-state join
  state_before     BIGINT,            -- roots of the state tree; null for outliers
  state_after      BIGINT,
  redacted_by      BIGINT,            -- number of the redaction that applies to it
  txn_device_id    TEXT,               -- the device and transaction ID a local client sent it with
  txn_id           TEXT,
  json             TEXT    NOT NULL    -- the PDU
);
CREATE INDEX events_by_position ON events (room_nid, position) WHERE position IS NOT NULL;
CREATE INDEX events_by_depth ON events (room_nid, depth, event_nid) WHERE status = 0;
-- A transaction ID makes one event: its scope is the device and the endpoint, whose path names room and type.
CREATE UNIQUE INDEX events_by_transaction ON events (sender_nid, txn_device_id, txn_id, room_nid, type) WHERE txn_id IS NOT NULL;

-- Redactions by what they redact, so that it does not matter which of the two arrives first.
CREATE TABLE redactions (
  room_nid         BIGINT  NOT NULL,
  redacts_event_id TEXT    NOT NULL,
  event_nid        BIGINT  NOT NULL,
  PRIMARY KEY (room_nid, redacts_event_id, event_nid)
);

-- Each user's present membership in each room: a projection of the current state.
CREATE TABLE memberships (
  room_nid     BIGINT  NOT NULL,
  user_nid     BIGINT  NOT NULL,
  membership   TEXT    NOT NULL,
  event_nid    BIGINT  NOT NULL,
  position     BIGINT  NOT NULL,   -- of that event
  is_local     BIGINT  NOT NULL,
  is_forgotten BIGINT  NOT NULL DEFAULT 0,
  PRIMARY KEY (room_nid, user_nid)
);
CREATE INDEX memberships_by_user ON memberships (user_nid, membership, room_nid);
CREATE INDEX memberships_by_room ON memberships (room_nid, membership, position);

-- Servers with members in a room, and since when one has none: a projection of the current state.
CREATE TABLE joined_servers (
  room_nid       BIGINT  NOT NULL,
  server_name    TEXT    NOT NULL,
  joined_members BIGINT  NOT NULL,
  left_position  BIGINT,            -- when the last member left; null while any is joined
  PRIMARY KEY (room_nid, server_name)
);
CREATE INDEX joined_servers_by_server ON joined_servers (server_name, room_nid);

CREATE TABLE room_aliases (
  alias       TEXT    NOT NULL PRIMARY KEY,
  room_nid    BIGINT  NOT NULL,
  creator_nid BIGINT  NOT NULL,
  created_ts  BIGINT  NOT NULL
);
CREATE INDEX room_aliases_by_room ON room_aliases (room_nid);
