-- Work that goes on beside the requests, and what deleting takes: when events came, which are redacted, which rooms are
-- blocked.

-- Long work in small steps: each commits what it has done together with how far it is, so that another process can go on.
CREATE TABLE jobs (
  job_id      TEXT   NOT NULL PRIMARY KEY,
  kind        TEXT   NOT NULL,
  resource    TEXT,              -- what it works on, such as a room ID; one job at a time works on it
  status      TEXT   NOT NULL,   -- scheduled, active, complete, failed
  parameters  TEXT   NOT NULL,   -- JSON
  cursor      TEXT,              -- JSON: how far it is; null: at the beginning
  result      TEXT,              -- JSON: what it tells of what it has done
  error       TEXT,              -- why it failed, or the last time it ran did
  due_ts      BIGINT NOT NULL,   -- when it is to go on
  updated_ts  BIGINT NOT NULL,
  finished_ts BIGINT,            -- null: under way, or to come
  steps       BIGINT NOT NULL    -- one more per step; a process that knows of fewer has lost the job to another
);
CREATE INDEX jobs_by_due ON jobs (kind, due_ts) WHERE finished_ts IS NULL;
CREATE INDEX jobs_by_end ON jobs (finished_ts) WHERE finished_ts IS NOT NULL;
CREATE INDEX jobs_by_resource ON jobs (resource) WHERE resource IS NOT NULL;

-- When this server got to know an event, by its own clock; 0: before this was written down.
ALTER TABLE events ADD COLUMN received_ts BIGINT NOT NULL DEFAULT 0;

-- Events outside the timeline, which no other index finds by their room.
CREATE INDEX events_by_refusal ON events (room_nid, event_nid) WHERE status <> 0;

-- Redacted events whose content is still stored. It is overwritten once they have been here for a while.
CREATE TABLE redacted_events (
  event_nid   BIGINT NOT NULL PRIMARY KEY,
  room_nid    BIGINT NOT NULL,
  redacted_ts BIGINT NOT NULL    -- since when, by this server's clock
);
CREATE INDEX redacted_events_by_time ON redacted_events (redacted_ts);
CREATE INDEX redacted_events_by_room ON redacted_events (room_nid);
INSERT INTO redacted_events (event_nid, room_nid, redacted_ts)
  SELECT target.event_nid, target.room_nid, redaction.origin_server_ts
  FROM events AS target JOIN events AS redaction ON redaction.event_nid = target.redacted_by;

-- Rooms that nobody of this server may enter, known or not.
CREATE TABLE blocked_rooms (
  room_id    TEXT   NOT NULL PRIMARY KEY,
  blocked_by TEXT   NOT NULL,    -- the administrator
  blocked_ts BIGINT NOT NULL
);

-- Who has been taken out of a room that was deleted then: their next sync tells them, though nothing else of the room is
-- known any more.
CREATE TABLE departures (
  user_nid BIGINT NOT NULL,
  position BIGINT NOT NULL,   -- of their leaving, or a little later
  room_id  TEXT   NOT NULL,
  PRIMARY KEY (user_nid, position, room_id)
);

-- A room's account data goes with the room.
CREATE INDEX account_data_by_room ON account_data (room_nid) WHERE room_nid <> 0;
